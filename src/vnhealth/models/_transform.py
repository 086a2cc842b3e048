"""Records to models and back, losing nothing.

A row is taken apart field by field. What the models take over lives in them alone; everything else
(fields without a place, copies that differ, text that could not be read) stays in ``wire``, so that
writing an untouched episode gives the very same records, and a changed one changes what it must.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from vnhealth.errors import EncodeError
from vnhealth.localtime import LocalTime
from vnhealth.models._episode import (
    ClaimTotals,
    ClinicalNote,
    Encounter,
    Episode,
    LabResult,
    OrderKind,
    OrderLine,
)
from vnhealth.models._mapping import LINES, Link, header_tables, layout, to_value
from vnhealth.models._people import Coverage, Facility, Patient
from vnhealth.models._wire import Cell, RowWire, Wire
from vnhealth.records import Claim, Record, Value, record_class, to_text
from vnhealth.spec import Edition, Family, TableSpec, edition_info, table, tables

__all__ = ["from_domain", "to_domain"]

Place = Mapping[str, Any]
"""Root of a path to the model (or values) that it speaks of."""
_CARD_TABLES = ("XML1", "XML0", "XML6", "XML11", "XML12", "XML13", "XML14")


def to_domain(claim: Claim) -> Episode:
    """The meaning of a claim in models that know no format; the rest travels in ``wire``.

    Where several tables speak of one thing, the summary (XML1) is believed first, then the check-in
    (XML0), then the papers in numeric order. What the reader found and the parts as received are
    not carried.

    >>> from vnhealth.records.bhyt130 import Xml1
    >>> episode = to_domain(Claim(xml1=Xml1(ma_lk="A1", ma_loai_kcb="03")))
    >>> episode.encounter.kind.value
    'inpatient'
    """
    found: dict[str, dict[str, Any]] = {}
    for name in header_tables(claim.family):
        for row in claim.rows(name):
            _read(row, layout(claim.family, name), found)
    scope: dict[str, Any] = {
        "encounter": Encounter(**found.get("encounter", {})),
        "patient": Patient(**found.get("patient", {})),
        "facility": Facility(**found.get("facility", {})),
        "totals": ClaimTotals(**found.get("totals", {})),
        "coverage": _coverages(claim),
    }
    lines: dict[str, list[Any]] = {"orders": [], "results": [], "notes": []}
    for name, place in LINES.items():
        lines[place] += [_line(row, name, scope) for row in claim.rows(name)]
    headers = {
        name: tuple(_remains(row, scope) for row in claim.rows(name))
        for name in header_tables(claim.family)
        if claim.rows(name)
    }
    return Episode(
        encounter=scope["encounter"],
        patient=scope["patient"],
        facility=scope["facility"],
        coverages=scope["coverage"],
        totals=scope["totals"],
        orders=tuple(lines["orders"]),
        results=tuple(lines["results"]),
        notes=tuple(lines["notes"]),
        wire=Wire(family=claim.family, tables=headers),
    )


def from_domain(episode: Episode, *, edition: Edition | str | None = None) -> Claim:
    """The records of an episode; ``from_domain(to_domain(claim)) == claim``.

    ``edition`` decides the family and which fields a value that is new may be written to; without
    it, the family the episode came from (else the 130 family) and the edition in force at the end
    of the encounter. An episode of one family cannot be written as another (EncodeError
    ``MODEL-01``): convert the claim, which reports losses, or drop the remains on purpose with
    `Episode.without_wire`.

    >>> from vnhealth.models import Patient
    >>> from_domain(Episode(patient=Patient(name="Nguyễn Văn A")), edition="3176").xml1.ho_ten
    'Nguyễn Văn A'
    """
    asked = Edition.parse(edition) if edition is not None else None
    family = edition_info(asked).family if asked else _family(episode)
    if episode.wire is not None and episode.wire.family is not family:
        raise EncodeError("MODEL-01", source=episode.wire.family.value, target=family.value)
    edition_in_force = asked or _edition(episode, family)
    scope: dict[str, Any] = {
        "encounter": episode.encounter,
        "patient": episode.patient,
        "facility": episode.facility,
        "totals": episode.totals,
        "coverage": episode.coverages,
    }
    rows: dict[str, tuple[Record, ...]] = {}
    headers = episode.wire.tables if episode.wire else {"XML1": (None,)}
    for name, remains in headers.items():
        spec_table = _spec(edition_in_force, name)
        rows[name] = tuple(_write(family, name, spec_table, scope, r) for r in remains)
    for name in LINES:
        spec_table = _spec(edition_in_force, name)
        built = []
        for number, line in enumerate(_lines(episode, name), 1):
            place = {**scope, **_line_scope(name, line, number)}
            built.append(_write(family, name, spec_table, place, line.wire))
        if built:
            rows[name] = tuple(built)
    return Claim.from_tables(family, rows)


def _family(episode: Episode) -> Family:
    return episode.wire.family if episode.wire else Family.F130


def _edition(episode: Episode, family: Family) -> Edition:
    probe = record_class(family, "XML1")(
        ngay_ra=episode.encounter.ended_at, ngay_vao=episode.encounter.started_at
    )
    return Claim(family=family, xml1=probe).edition()


def _spec(edition: Edition, name: str) -> TableSpec | None:
    return table(edition, name) if name in tables(edition) else None


def _read(row: Record, links: tuple[Link, ...], found: dict[str, dict[str, Any]]) -> None:
    """Adds what a row says where nothing was known yet."""
    for link in links:
        if link.converter is None:
            continue
        known = found.setdefault(link.root, {})
        text = to_text(getattr(row, link.field.attr))
        if text and link.attr not in known:
            value = link.converter.read(text, link.field)
            if value is not None and value != ():
                known[link.attr] = value


def _coverages(claim: Claim) -> tuple[Coverage, ...]:
    for name in _CARD_TABLES:
        for row in claim.rows(name):
            lists = {
                link.attr: _split(getattr(row, link.field.attr))
                for link in layout(claim.family, name)
                if link.root == "coverage"
            }
            numbers = lists.pop("card_number", [])
            if numbers and all(numbers):
                return tuple(_coverage(i, number, lists) for i, number in enumerate(numbers))
    return ()


def _split(value: Value) -> list[str]:
    text = to_text(value)
    return [item.strip() for item in text.split(";")] if text else []


def _coverage(position: int, number: str, lists: Mapping[str, list[str]]) -> Coverage:
    texts = {a: items[position] for a, items in lists.items() if position < len(items)}
    return Coverage(
        card_number=number,
        home_facility=texts.get("home_facility") or None,
        valid_from=_day(texts.get("valid_from", "")),
        valid_to=_day(texts.get("valid_to", "")),
    )


def _day(text: str) -> LocalTime | None:
    try:
        return LocalTime.parse(text)
    except ValueError:
        return None


def _line(row: Record, name: str, scope: Place) -> OrderLine | LabResult | ClinicalNote:
    found: dict[str, dict[str, Any]] = {}
    _read(row, layout(row.FAMILY, name), found)
    if name == "XML4":
        result = LabResult(**found.get("result", {}))
        return replace(result, wire=_remains(row, {**scope, "result": result}))
    if name == "XML5":
        note = ClinicalNote(**found.get("note", {}))
        return replace(note, wire=_remains(row, {**scope, "note": note}))
    values = dict(found.get("order", {}))
    if name == "XML2":
        kind = OrderKind.DRUG
    else:
        service, supply = found.get("service", {}), found.get("supply", {})
        is_supply = "code" in supply or ("name" in supply and "code" not in service)
        kind = OrderKind.SUPPLY if is_supply else OrderKind.SERVICE
        values.update(supply if is_supply else service)
        if is_supply and "code" in service:
            values["related_services"] = (service["code"],)
        if is_supply and "name" in service:
            values["related_service_name"] = service["name"]
    line = OrderLine(kind=kind, **values)
    place = {**scope, **_line_scope(name, line, None)}
    return replace(line, wire=_remains(row, place))


def _lines(episode: Episode, name: str) -> Iterable[Any]:
    if name == "XML4":
        return episode.results
    if name == "XML5":
        return episode.notes
    return [line for line in episode.orders if (line.kind is OrderKind.DRUG) == (name == "XML2")]


def _line_scope(name: str, line: Any, number: int | None) -> dict[str, Any]:
    """The roots that the fields of a line speak of; a new line gets its number by position."""
    if number is not None and line.line_no is None and line.wire is None:
        line = replace(line, line_no=number)
    if name in ("XML4", "XML5"):
        return {"result" if name == "XML4" else "note": line}
    own = {"code": line.code, "name": line.name}
    if line.kind is not OrderKind.SUPPLY:
        return {"order": line, "service": own, "supply": {}}
    used_in = line.related_services[0] if len(line.related_services) == 1 else None
    service = {"code": used_in, "name": line.related_service_name}
    return {"order": line, "service": service, "supply": own}


def _projected(link: Link, scope: Place) -> Value:
    """What the models would write into a field."""
    if not link.root:
        return None
    holder = scope[link.root]
    if link.root == "coverage":
        texts = [to_text(getattr(card, link.attr)) for card in holder]
        return to_value(link.kind, ";".join(texts) if any(texts) else "")
    value = holder.get(link.attr) if isinstance(holder, dict) else getattr(holder, link.attr)
    if value is None or value == () or link.converter is None:
        return None
    return to_value(link.kind, link.converter.write(value, link.field))


def _remains(row: Record, scope: Place) -> RowWire:
    cells: dict[str, Cell] = {}
    raw: dict[str, tuple[str, str]] = {}
    for link in layout(row.FAMILY, row.TABLE):
        attr = link.field.attr
        value: Value = getattr(row, attr)
        seen, text = to_text(_projected(link, scope)), to_text(value)
        if seen != text or (text and not link.everywhere):
            cells[attr] = Cell(value=value, seen=seen)
        if link.field.tag in row.raw_texts:
            raw[attr] = (row.raw_texts[link.field.tag], text)
    return RowWire(cells=cells, raw=raw, extra=row.extra)


def _write(
    family: Family, name: str, edition: TableSpec | None, scope: Place, remains: RowWire | None
) -> Record:
    cells = remains.cells if remains else {}
    known_raw = remains.raw if remains else {}
    copy = name != "XML1" and name not in LINES
    state: dict[str, Value] = {}
    raw: dict[str, str] = {}
    for link in layout(family, name):
        attr = link.field.attr
        value = _projected(link, scope)
        cell = cells.get(attr)
        if cell is not None and (
            not link.root
            or to_text(value) == cell.seen
            or (cell.value is None and copy and attr not in known_raw)
        ):
            value = cell.value
        elif cell is None and not link.everywhere and not (edition and link.field.tag in edition):
            value = None
        if value is not None:
            state[attr] = value
        if attr in known_raw and known_raw[attr][1] == to_text(value):
            raw[link.field.tag] = known_raw[attr][0]
    return record_class(family, name)._trusted(state, raw, remains.extra if remains else ())
