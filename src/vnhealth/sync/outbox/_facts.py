"""What the outbox has to know of a file: whose it is, which record, when it ended, the money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from vnhealth import signing
from vnhealth.catalogs import Pack, installed_pack, sets
from vnhealth.codecs import read
from vnhealth.errors import CodecError
from vnhealth.protocol import deid_inspect
from vnhealth.protocol.deadlines import moment_of
from vnhealth.records import Claim, Document
from vnhealth.sync._body import KINDS
from vnhealth.sync._errors import NotSent

__all__ = ["Facts", "catalogues_on", "facts_of"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Facts:
    """Of one file with one record.

    ``key`` is its MA_LK. ``ended_at`` is when the deadlines start to run: the end of the encounter,
    for a check-in the first order or the arrival. ``total`` and ``fund`` are T_TONGCHI_BV and
    T_BHTT in đồng. ``certificate`` is the serial number of the signer's certificate.
    """

    kind: str
    facility: str
    key: str
    edition: str = ""
    ended_at: dt.datetime | None = None
    total: Decimal | None = None
    fund: Decimal | None = None
    certificate: str = ""

    def __repr__(self) -> str:
        return f"<Facts {self.kind} {self.facility} {self.edition}>"


def facts_of(data: bytes, *, at: dt.datetime) -> Facts:
    """Read the facts from a claim, check-in or de-identified file. ``at`` is the present moment.

    Raises `NotSent`: ERR-SYNC-20 unless there is exactly one record in it, ERR-SYNC-15 without a
    facility; `vnhealth.errors.CodecError` for a file that cannot be read.
    """
    try:
        document = read(data)
    except CodecError:
        found = deid_inspect.inspect(data)
        if not found.ok:
            raise
        return _one("deid", found.facility or "", list(found.records))
    kind = KINDS.get(document.kind)
    if kind is None:
        raise NotSent("ERR-SYNC-20", count=len(document.claims))
    return _document_facts(document, kind, data, at)


def _document_facts(document: Document, kind: str, data: bytes, at: dt.datetime) -> Facts:
    claims = document.claims
    facility = document.facility or _row_text(claims[0] if claims else None, "MA_CSKCB")
    facts = _one(kind, facility, [claim.ma_lk for claim in claims])
    claim = claims[0]
    x1 = claim.xml1
    edition = claim.edition().value
    return Facts(
        kind=kind,
        facility=facts.facility,
        key=facts.key,
        edition=edition,
        ended_at=_start_of_clock(claim, kind),
        total=_money(x1, "t_tongchi_bv"),
        fund=_money(x1, "t_bhtt"),
        certificate=_serial(data, at) if document.signature == "present" else "",
    )


def _one(kind: str, facility: str, keys: list[str | None]) -> Facts:
    known = {key for key in keys if key}
    if len(keys) != 1 or len(known) != 1:
        raise NotSent("ERR-SYNC-20", count=len(keys))
    if not facility:
        raise NotSent("ERR-SYNC-15")
    return Facts(kind=kind, facility=facility, key=known.pop())


def _rows_of(claim: Claim) -> list[Any]:
    return [*claim.rows("XML1"), *claim.rows("XML0")]


def _row_text(claim: Claim | None, tag: str) -> str:
    rows = _rows_of(claim) if claim else []
    return next((str(row[tag]) for row in rows if row[tag]), "")


def _money(x1: Any, name: str) -> Decimal | None:
    value = getattr(x1, name, None)
    return value if isinstance(value, Decimal) else None


def _start_of_clock(claim: Claim, kind: str) -> dt.datetime | None:
    tags = ("ngay_yl", "ngay_vao") if kind == "checkin" else ("ngay_ra", "ngay_vao")
    for tag in tags:
        for row in _rows_of(claim):
            found = moment_of(getattr(row, tag, None))
            if found is not None:
                return found
    return None


def _serial(data: bytes, at: dt.datetime) -> str:
    """Serial number of the signer's certificate in hexadecimal; empty when it cannot be read."""
    der = signing.verify(data, trust=None, at=at).certificate
    if der is None:
        return ""
    from cryptography.x509 import load_der_x509_certificate

    return f"{load_der_x509_certificate(der).serial_number:X}"


def catalogues_on(day: dt.date) -> Mapping[str, str]:
    """The installed catalogues in force on a day: name of the set and of its sources."""
    return _in_force(installed_pack(), day)


@lru_cache(maxsize=64)
def _in_force(pack: Pack | None, day: dt.date) -> Mapping[str, str]:
    found = {}
    for one in sets(pack):
        valid = [
            source.name
            for source in one.sources
            if (source.valid_from is None or source.valid_from <= day)
            and (source.valid_to is None or day <= source.valid_to)
        ]
        if one.kind == "catalogue" and valid:
            found[one.name] = " ".join(valid)
    return found
