"""Is every field of a document as its edition wants it? Answered without building a record.

Like the row grammar this only says yes or "not me": each distinct cell of a field is judged once
per edition and period, and a document of cells that were found good is good. Any other document is
read and checked in the ordinary way, which explains (tests hold both against each other).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from vnhealth.codecs import _grammar
from vnhealth.codecs._compiled import function
from vnhealth.codecs._decode import decoder
from vnhealth.codecs._encoding import clean
from vnhealth.codecs._hoso import largest_base64
from vnhealth.codecs._limits import DEFAULT_LIMITS, Limits
from vnhealth.codecs._outline import outlined
from vnhealth.codecs._parts import skeletons
from vnhealth.codecs._reader import read
from vnhealth.codecs._source import Source, read_bytes
from vnhealth.codecs._values import is_name, legacy_name
from vnhealth.findings import Findings
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import NotCanonical
from vnhealth.records._convert import converter_of
from vnhealth.records._sizes import size_of
from vnhealth.spec import (
    Edition,
    Family,
    Field,
    Kind,
    edition_at,
    edition_info,
    record_kind,
    table,
    tables,
)

__all__ = ["validate"]

_REMEMBERED = 16_384
_LONGEST = 76
_ABOUT_FIELDS = ("BHYT-VAL-", "BHYT-ROW-", "BHYT-PART-", "BHYT-FLD-")


def validate(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Findings:
    """What is wrong with the fields of a document; nothing when all are as their edition wants.

    Looks at presence, size, form, code set and order of every field by the end of each encounter,
    and at nothing that needs two fields (for that there is `vnhealth.rules.check`): the findings
    are those of `read` and `check` with the codes BHYT-PART, -ROW, -VAL and -FLD. Costs about half
    of an XML parse when there is nothing to say, an ordinary reading and check when there is.
    Raises like `read`.

    >>> found = validate(b"<TONG_HOP><MA_LK>A1</MA_LK></TONG_HOP>")
    >>> "XML1[0].HO_TEN" in [f.path for f in found.by_code("BHYT-FLD-01")]
    True
    """
    data = read_bytes(source, limits)
    if _is_sound(data, limits):
        return Findings()
    from vnhealth import rules

    document = read(data, limits=limits)
    found = Findings(document.findings) + rules.check(document)
    return Findings(f for f in found if f.code.startswith(_ABOUT_FIELDS))


def _is_sound(data: bytes, limits: Limits) -> bool:
    """True when every encounter is certainly free of such findings."""
    if len(data) > limits.document:
        return False
    content, notes = clean(data)
    outline = None if notes else outlined(content, largest_base64(limits))
    return outline is not None and all(_case_is_sound(files, limits) for files in outline.cases)


def _case_is_sound(files: list[tuple[str, bytes]], limits: Limits) -> bool:
    held: dict[str, _grammar.Rows] = {}
    for name, data in files:
        _, notes = clean(data)
        found = _grammar.matched(data, skeletons())
        if notes or found is None or found.name != name or name in held:
            return False
        if not data.startswith(b"<?xml") or len(found.rows) > limits.rows:
            return False
        held[name] = found
    summary = held.get("XML1")
    judged = _judged_by(summary) if summary is not None and len(summary.rows) == 1 else None
    if judged is None:
        return False
    edition, period = judged
    try:
        return all(_rows_are_sound(edition, period, found) for found in held.values())
    except (NotCanonical, _grammar.NotMe, _Unsound):
        return False


def _judged_by(summary: _grammar.Rows) -> tuple[Edition, int] | None:
    """Edition and period of the encounter with this summary."""
    order, cells = summary.rows[0]
    if isinstance(order, tuple) or "NGAY_RA" not in order.tags:
        return None
    day = _day(cells[order.tags.index("NGAY_RA")])
    family = Family.F4210 if "MA_THE" in order.tags else Family.F130
    return _in_force(day, family) if day else None


@lru_cache(maxsize=4096)
def _day(cell: bytes | None) -> dt.date | None:
    try:
        time = LocalTime.parse((cell or b"").decode("ascii"))
    except ValueError:
        return None
    return time.date() if time.precision >= Precision.DAY else None


@cache
def _in_force(day: dt.date, family: Family) -> tuple[Edition, int]:
    from vnhealth.rules._plans import period_of

    return edition_at(day, family), period_of(day)


def _rows_are_sound(edition: Edition, period: int, found: _grammar.Rows) -> bool:
    """False, or a refusal by one of the cells, when there may be something to say."""
    last: _grammar.Order | None = None
    look: Callable[[_grammar.Cells], object] | None = None
    for order, cells in found.rows:
        if order is not last:
            if isinstance(order, tuple):
                return False
            look = _look(edition, period, found.name, order)
            last = order
        if look is None:
            return False
        look(cells)
    return True


class _Unsound(Exception):
    """There is something to say about the cell."""


class _Good(dict[bytes | None, None]):
    """Cells that are good in one field of an edition in a period; raises for all others."""

    __slots__ = ("_convert", "_field", "_fits", "_judge", "_name")

    def __init__(self, field: Field | None, kind: Kind, judge: Any) -> None:
        super().__init__()
        self._convert = converter_of(kind)
        self._field = field
        self._judge = judge
        self._name = field is not None and is_name(field.tag)
        self._fits = size_of(field, kind).test() if field is not None else None

    def __missing__(self, cell: bytes | None) -> None:
        text = _grammar.unwrapped(cell) if cell else ""
        value = self._convert(text) if text else None
        if value is None:
            wrong = self._field is not None and self._judge.demand(self._field) is not None
        elif self._field is None or self._fits is None:
            wrong = True
        else:
            wrong = not self._fits(value) or (
                self._field.tag in self._judge.codes
                and any(True for _ in self._judge.judge(self._field, value))
            )
            wrong = wrong or (self._name and bool(legacy_name(value)))
        if wrong:
            raise _Unsound
        if cell is None or len(cell) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = None


@cache
def _fields(edition: Edition, period: int, name: str) -> dict[str, _Good]:
    """The good cells of each field of a table."""
    from vnhealth.rules._fields import Judge
    from vnhealth.rules._plans import era_of

    spec, family = table(edition, name), edition_info(edition).family
    judge = Judge(spec, era_of(edition, period))
    return {
        tag: _Good(spec.by_tag.get(tag), record_kind(family, name, tag), judge)
        for tag in decoder(family, name).kinds
    }


@lru_cache(maxsize=256)
def _look(
    edition: Edition, period: int, name: str, order: _grammar.Order
) -> Callable[[_grammar.Cells], object] | None:
    """A function that looks at each cell of a row; None when there is something to say of it.

    It refuses a row by what its cells raise.
    """
    if name not in tables(edition):
        return None
    layout = decoder(edition_info(edition).family, name).layout(order.tags)
    fields = _fields(edition, period, name)
    demanded = {f.tag for f in table(edition, name) if f.required == "yes"}
    if layout.notes or not layout.plain or not demanded.issubset(order.tags):
        return None
    good = {f"good{place}": fields[tag] for place, tag in enumerate(order.tags)}
    cells = ", ".join(f"{name}[cells[{place}]]" for place, name in enumerate(good))
    return function("cells", f"({cells},)", good)
