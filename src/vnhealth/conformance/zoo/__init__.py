"""A zoo of deliberately wrong clients: each has one bug, each must be caught, by the right test."""

from __future__ import annotations

from vnhealth.conformance._model import Result
from vnhealth.conformance._play import judge, play
from vnhealth.conformance.kits import kit_of
from vnhealth.conformance.zoo._axis_senders import AXIS_SENDERS
from vnhealth.conformance.zoo._bug import Bug, WrongServer, bug
from vnhealth.conformance.zoo._content import CONTENT
from vnhealth.conformance.zoo._pharmacies import PHARMACIES
from vnhealth.conformance.zoo._prescribers import PRESCRIBERS
from vnhealth.conformance.zoo._rx_servers import RX_SERVERS
from vnhealth.conformance.zoo._senders import SENDERS
from vnhealth.conformance.zoo._sending import SENDING
from vnhealth.conformance.zoo._store_servers import STORE_SERVERS
from vnhealth.conformance.zoo._troubled import TROUBLED

__all__ = ["ZOO", "Bug", "WrongServer", "bug", "caught_by"]

ZOO: tuple[Bug | WrongServer, ...] = (
    *SENDING,
    *CONTENT,
    *TROUBLED,
    *PRESCRIBERS,
    *PHARMACIES,
    *RX_SERVERS,
    *SENDERS,
    *STORE_SERVERS,
    *AXIS_SENDERS,
)


def caught_by(found: Bug | WrongServer, *, seed: int = 7) -> list[str]:
    """The tests that fail for a wrong client or server, in the scenario of the expected test."""
    failed = []
    for scenario in kit_of(found.expected).scenarios:
        if found.expected not in {case.id for case in scenario.cases}:
            continue
        watch = play(scenario, found.subject(seed), seed)
        for case in scenario.cases:
            if judge(scenario, case, watch).result is Result.FAIL:
                failed.append(case.id)
    return failed
