"""Claims as Arrow tables: everything they hold, typed, under the label *identified*."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.deid._case import facility_code
from vnhealth.deid.columns._build import Builder, Key, period_of, province_of
from vnhealth.deid.columns._schema import columns, schema, table_names
from vnhealth.errors import DeidError
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import Claim, Document, Record
from vnhealth.spec import Family

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["Claims", "iter_arrow", "to_arrow"]

ROWS = 65_536
"""Rows of all tables after which `iter_arrow` gives a set of batches."""


def _facility(claim: Claim) -> str:
    for rows in claim.tables.values():
        for row in rows:
            code = facility_code(str(getattr(row, "ma_cskcb", None) or "")[:32])
            if code:
                return code
    return ""


def _version(claim: Claim) -> str:
    """A fingerprint of the content: of the bytes as they came, else of the values."""
    total = hashlib.blake2b(digest_size=8)
    if claim.parts:
        for part in sorted(claim.parts, key=lambda part: part.name):
            total.update(part.name.encode())
            total.update(part.content)
    else:
        for row in claim:
            total.update(row.TABLE.encode())
            for tag, value in row.items():
                total.update(f"{tag}={value}\n".encode())
    return total.hexdigest()


def key_of(claim: Claim, sent: dt.date | None) -> Key:
    """The shared columns of an encounter. Without a link id its fingerprint stands in."""
    facility = _facility(claim)
    version = _version(claim)
    end = claim.ended_on
    return Key(
        encounter=f"{facility}|{claim.ma_lk or '#' + version}",
        version=version,
        sent=sent,
        facility=facility,
        end=end,
        period=period_of(end),
        province=province_of(facility),
    )


def _unread(name: str, state: Mapping[str, Any]) -> list[str]:
    raw: Mapping[str, str] = state.get("_raw") or {}
    return sorted(
        tag for tag, text in raw.items() if state.get(tag.lower()) is None and text.strip()
    )


class Claims:
    """Gathers claims of one family. Rows that no record class holds are never in a claim."""

    def __init__(self, family: Family | str = Family.F130) -> None:
        self.family = Family(family)
        names = table_names(self.family)
        self._columns = {name: columns(name, family=self.family) for name in names}
        self._schemas = {name: schema(name, family=self.family) for name in names}
        self.builder = self._new()

    def _new(self) -> Builder:
        return Builder(self._columns, self._schemas)

    def add(self, claim: Claim, sent: dt.date | None = None) -> None:
        """One encounter. Raises `DeidError` (ERR-COL-03) for a claim of the other family."""
        if claim.family is not self.family:
            raise DeidError("ERR-COL-03", family=claim.family.value)
        tables = {name: [_state(row) for row in rows] for name, rows in claim.tables.items()}
        self.builder.add(key_of(claim, sent), tables, _unread)

    def take(self) -> dict[str, pa.RecordBatch]:
        """The batches gathered so far; begins anew."""
        found, self.builder = self.builder.flat(), self._new()
        return found

    def take_nested(self) -> pa.RecordBatch:
        """The same with one row per encounter."""
        found, self.builder = self.builder.nested(), self._new()
        return found


def _state(row: Record) -> Mapping[str, Any]:
    return row.__dict__


def created_day(document: Document) -> dt.date | None:
    """NGAYLAP of a document, when it is a day."""
    when = document.created
    if isinstance(when, LocalTime) and when.precision >= Precision.DAY:
        return when.date()
    return None


def to_arrow(
    claims: Document | Claim | Iterable[Claim], *, sent: dt.date | None = None
) -> dict[str, pa.RecordBatch]:
    """Claims as one Arrow batch per table that has rows, by table name, labelled *identified*.

    ``sent`` is the day the file was made (of a `Document` it is read from it). Values that are in
    no form of their kind are null, their tags stand in ``_unread``. The keys of all batches are of
    one family; raises `DeidError` (ERR-COL-03) when claims are not, (ERR-COL-01) without pyarrow.

    >>> from vnhealth.records.bhyt130 import Xml1, Xml2
    >>> claim = Claim(xml1=Xml1(ma_lk="A1", ma_cskcb="01901"), xml2=[Xml2(so_luong="2.5")])
    >>> found = to_arrow(claim)
    >>> list(found), found["XML2"].column("SO_LUONG").to_pylist(), found["XML2"]["_encounter"][0]
    (['XML1', 'XML2'], [Decimal('2.5000')], <pyarrow.StringScalar: '01901|A1'>)
    """
    if isinstance(claims, Document):
        sent = sent or created_day(claims)
        held: Iterable[Claim] = claims.claims
    else:
        held = (claims,) if isinstance(claims, Claim) else claims
    gathered: Claims | None = None
    for claim in held:
        gathered = gathered or Claims(claim.family)
        gathered.add(claim, sent)
    return gathered.take() if gathered else {}


def iter_arrow(
    claims: Iterable[Claim], *, sent: dt.date | None = None, rows: int = ROWS
) -> Iterator[dict[str, pa.RecordBatch]]:
    """The same for any number of claims in flat memory: a set of batches per ``rows`` rows."""
    gathered: Claims | None = None
    for claim in claims:
        gathered = gathered or Claims(claim.family)
        gathered.add(claim, sent)
        if gathered.builder.rows >= rows:
            yield gathered.take()
    if gathered and gathered.builder.encounters:
        yield gathered.take()
