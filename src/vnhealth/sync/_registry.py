"""Which class speaks to which gateway, loaded on the first connection.

To add the client of a gateway:

1. Its facts go to `vnhealth.protocol` (endpoints, result codes, message shapes).
2. A module here holds a class that derives from `vnhealth.sync._gate.Gate` and says

   * ``capabilities``: what the gateway has;
   * how to log in: ``_login_request``, ``_login_code``, ``_open``, ``_session_headers``, and
     ``_secret`` where the clear password is not what goes out;
   * how to read answers: ``_code`` (None when the answer is none of the contract, so that an HTML
     page is never a verdict) and ``_receipt`` (or ``_receipts`` for several files in one call);
   * how to send: ``endpoint_for`` (the call for a kind of file), ``send`` (builds the request and
     hands it to ``deliver``), ``body`` where the files are not XML of the standards, and
     ``submit_files`` with ``deliver_all`` where a call takes more than one file;
   * where the gateway can be asked: ``look_up``, ``results``, ``reconciliation``, ``ask_about``.

   All of them are plans (see `vnhealth.sync._wire`): the blocking and the asynchronous client run
   the same ones, and retries, sessions and lost answers are dealt with by the base class.
3. A row in `GATES` below, and tests against the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from vnhealth.protocol import gateway
from vnhealth.sync._errors import NotSupported
from vnhealth.sync._gate import Gate

__all__ = ["GATES", "gate_class"]

GATES: Mapping[str, str] = MappingProxyType(
    {
        "vss": "_vss:VssGate",
        "province": "_repository:RepositoryGate",
        "national": "_repository:NationalGate",
        "national_deid": "_repository:DeidGate",
        "hanoi": "_hanoi:HanoiGate",
        "dienbien": "_dienbien:DienbienGate",
        "cantho": "_cantho:CanthoGate",
        "hoc": "_hoc:HocGate",
        "emrhub": "_health_check:EmrhubGate",
        "hanoi_hssk": "_health_check:HanoiHsskGate",
        "donthuoc": "_donthuoc:DonthuocGate",
        "ecds": "_ecds:EcdsGate",
        "fhir_report": "_fhir_report:FhirReportGate",
        "identity": "_identity:IdentityGate",
        "vinhlong": "_vinhlong:VinhlongGate",
    }
)
"""Key of a gateway: module of this package and class."""


def gate_class(key: str) -> type[Gate]:
    """The class for a gateway.

    Raises `vnhealth.errors.SpecError` for an unknown key and `NotSupported` for a gateway that has
    facts but no client.

    >>> gate_class("vss").__name__
    'VssGate'
    """
    known = gateway(key)
    if known.key not in GATES:
        raise NotSupported(gateway=known.key, what="client")
    module, _, name = GATES[known.key].partition(":")
    return cast(type[Gate], getattr(import_module(f"vnhealth.sync.{module}"), name))
