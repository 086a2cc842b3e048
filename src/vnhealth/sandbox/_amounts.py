"""Sums of money and ends of encounters in a stored file, by record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from vnhealth.errors import CodecError
from vnhealth.protocol.deadlines import moment_of

if TYPE_CHECKING:
    from vnhealth.records import Claim

__all__ = ["amounts", "ends"]


def amounts(body: bytes, tag: str) -> Mapping[str, Decimal]:
    """A sum of XML1 by MA_LK; nothing for a file that cannot be read or has no such sum.

    >>> amounts(b"no XML", "T_BHTT")
    {}
    """
    found = {}
    for claim in _claims(body):
        value = getattr(claim.xml1, tag.lower(), None)
        if isinstance(value, Decimal) and claim.ma_lk:
            found[claim.ma_lk] = value
    return found


def ends(body: bytes) -> Mapping[str, dt.datetime]:
    """NGAY_RA of XML1 by MA_LK as a moment; nothing for a file that cannot be read.

    >>> ends(b"no XML")
    {}
    """
    found = {}
    for claim in _claims(body):
        ended = moment_of(getattr(claim.xml1, "ngay_ra", None))
        if ended is not None and claim.ma_lk:
            found[claim.ma_lk] = ended
    return found


def _claims(body: bytes) -> Sequence[Claim]:
    from vnhealth.codecs import read

    try:
        return read(body).claims
    except CodecError:
        return ()
