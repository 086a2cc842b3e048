"""Sums of money in a stored file, by record."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vnhealth.errors import CodecError

__all__ = ["amounts"]


def amounts(body: bytes, tag: str) -> Mapping[str, Decimal]:
    """A sum of XML1 by MA_LK; nothing for a file that cannot be read or has no such sum.

    >>> amounts(b"no XML", "T_BHTT")
    {}
    """
    from vnhealth.codecs import read

    try:
        claims = read(body).claims
    except CodecError:
        return {}
    found = {}
    for claim in claims:
        value = getattr(claim.xml1, tag.lower(), None)
        if isinstance(value, Decimal) and claim.ma_lk:
            found[claim.ma_lk] = value
    return found
