"""How fast the validators are, beside those of python-stdnum on comparable numbers.

Comparable means: the same number (the 13-digit code with its GS1 check digit), or a number of the
same sort (national numbers that hold a birth date; ten-digit national numbers). python-stdnum is no
dependency; without it only the own times are given.

Legal source: none; this is a measurement.
"""

from __future__ import annotations

import importlib
import timeit
from collections.abc import Callable
from dataclasses import dataclass

from vnhealth.identity import bhxh, cccd, facility_gln13

__all__ = ["ValidatorTime", "measure"]

_Check = Callable[[str], object]

_OURS: dict[str, tuple[_Check, str]] = {
    "facility_gln13": (facility_gln13.is_valid, "8934285071993"),
    "facility_gln13 (grouped)": (facility_gln13.is_valid, "893 4285 07199 3"),
    "cccd": (cccd.is_valid, "001101000123"),
    "bhxh": (bhxh.is_valid, "0000012345"),
}
_PEERS = (
    ("facility_gln13", "stdnum.ean", "8934285071993"),
    ("facility_gln13 (grouped)", "stdnum.ean", "893 4285 07199 3"),
    ("cccd", "stdnum.cn.ric", "360426199101010071"),
    ("cccd", "stdnum.kr.rrn", "9710139019902"),
    ("cccd", "stdnum.dk.cpr", "2110625629"),
    ("bhxh", "stdnum.vn.mst", "0100233488"),
)


@dataclass(frozen=True, slots=True)
class ValidatorTime:
    """Microseconds of one check; ``peer_us`` is None when python-stdnum is not installed."""

    ours: str
    ours_us: float
    peer: str
    peer_us: float | None

    @property
    def as_fast(self) -> bool | None:
        """Tell whether ours takes no longer; None without a peer."""
        return None if self.peer_us is None else self.ours_us <= self.peer_us


def _time(check: _Check, value: str, number: int) -> float:
    best = min(timeit.repeat(lambda: check(value), number=number, repeat=5))
    return round(best / number * 1e6, 3)


def measure(number: int = 5000) -> tuple[ValidatorTime, ...]:
    """Time each pair with ``number`` checks, the best of five rounds.

    >>> [one.ours for one in measure(10)][:2]
    ['facility_gln13', 'facility_gln13 (grouped)']
    """
    own = {name: _time(check, value, number) for name, (check, value) in _OURS.items()}
    found = []
    for name, module, value in _PEERS:
        try:
            peer = importlib.import_module(module)
        except ImportError:
            found.append(ValidatorTime(name, own[name], module, None))
            continue
        found.append(ValidatorTime(name, own[name], module, _time(peer.is_valid, value, number)))
    return tuple(found)
