"""The settlement month of a claim file, which closes on the fifth of the next month (a switch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnhealth.errors import CodecError
from vnhealth.localtime import ICT
from vnhealth.protocol import vss_4210
from vnhealth.sandbox._core import Core
from vnhealth.sandbox._forms import Refused

if TYPE_CHECKING:
    from vnhealth.records import Claim

__all__ = ["check_month"]


def check_month(core: Core, body: bytes) -> None:
    """Raises `Refused` when a record names a month that is closed; only with ``month_window``.

    What cannot be read is judged later.
    """
    if not core.settings.month_window:
        return
    from vnhealth.codecs import read

    on = core.clock.now().astimezone(ICT).date()
    try:
        claims = read(body).claims
    except CodecError:
        return
    if not all(vss_4210.in_window(*month, on) for month in map(_month, claims) if month):
        raise Refused("701")


def _month(claim: Claim) -> tuple[int, int] | None:
    """NAM_QT and THANG_QT; None unless both are told."""
    year, month = (getattr(claim.xml1, name, None) for name in ("nam_qt", "thang_qt"))
    return (int(year), int(month)) if year and month else None
