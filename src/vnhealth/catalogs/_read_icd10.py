"""Readers of the two ICD-10 editions: the workbook of decision 4469 and the list of TT 06/2026."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from vnhealth.catalogs._cells import Line, clean
from vnhealth.catalogs._content import Content, Draft, DraftLink, DraftRule, Reading, main_table
from vnhealth.catalogs._data import rows, shared
from vnhealth.catalogs._keys import key
from vnhealth.catalogs._model import finding
from vnhealth.catalogs._report import Refused
from vnhealth.catalogs._workbook import Sheet

__all__ = ["read_2020", "read_2026"]

_BARE = re.compile("[A-Z][0-9]{2}[0-9A-Z]{0,2}", re.ASCII)
_MARKED = re.compile("[A-Z][0-9]{2}\\.?[0-9A-Z]{0,2}[†‡*+]*")
_TITLE = re.compile(r"Phụ lục (A[1-4](?:\.[0-9]+)?)\b")
_HEADS = frozenset(("Mã", "Dagger (†)"))
_MARKS = {"†": "dagger", "+": "dagger", "*": "asterisk"}
_PAIRS = "A1"
_POSITIONS = 29
_SHAPED = 0.9


def read_2020(reading: Reading) -> Content:
    """Sheet ICD10 (one code a row) and the appendices A1 (pairs) and A2 to A4 (rule lists)."""
    content = Content()
    sheet, found = main_table(reading)
    _codes(reading, sheet.name, found, content, {})
    lists: dict[str, set[str]] = {}
    for name in reading.book.sheets:
        if name != sheet.name and name.startswith("A"):
            _appendix(reading, reading.book.sheet(name), content, lists)
    unused = [s for s in reading.book.sheets if s != sheet.name and not s.startswith("A")]
    if unused:
        reading.log.say("CAT-59", sheets="; ".join(unused))
    _absent(reading, content, lists)
    return content


def read_2026(reading: Reading) -> Content:
    """The 29 columns by position; columns 24 to 29 are coding rules and hold the row's own code."""
    content = Content()
    columns = reading.layout.columns
    places = {c.attribute: c.position - 1 for c in columns if c.position is not None}
    code_at = places["code"]
    for name in reading.book.sheets:
        sheet = reading.book.sheet(name)
        first = next(
            (i for i, row in enumerate(sheet.rows) if _is_code(row[code_at : code_at + 1])), None
        )
        if first is not None and len(sheet.rows[first]) >= _POSITIONS:
            break
    else:
        wanted = f"{code_at} – {_POSITIONS}"
        raise Refused([finding("CAT-23", columns=wanted, layout=reading.layout.name)])
    found = reading.lines(sheet, columns, places, first)
    shaped = sum(_BARE.fullmatch(line["code"]) is not None for line in found)
    if shaped < _SHAPED * len(found):
        raise Refused(
            [finding("CAT-23", columns=str(code_at + 1), layout=reading.layout.name)],
        )
    fixes = {row["printed"]: row["meant"] for row in rows("icd10_2026_fixes")}
    effects = {row["attribute"]: row for row in rows("icd10_2026_flags")}
    _codes(reading, sheet.name, found, content, fixes, effects)
    return content


def _is_code(cells: Sequence[object]) -> bool:
    return (
        bool(cells) and isinstance(cells[0], str) and _BARE.fullmatch(cells[0].strip()) is not None
    )


def _codes(
    reading: Reading,
    sheet: str,
    found: Iterable[Line],
    content: Content,
    fixes: Mapping[str, str],
    effects: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    log, count = reading.log, reading.log.sheet(sheet)
    held: dict[str, tuple[Draft, str]] = {}
    for line in found:
        marked, bare = line["marked"], line["code"]
        if not marked and not bare:
            log.note("CAT-30", sheet, line.number)
            count.skipped += 1
            continue
        fixed = marked in fixes or bare in fixes
        if fixed:
            log.note("CAT-55", sheet, line.number)
            marked, bare = fixes.get(marked, marked), fixes.get(bare, bare)
        bare = key("icd10", bare)
        if not _BARE.fullmatch(bare) or not _MARKED.fullmatch(marked):
            log.reject("CAT-31", sheet, line.number, "code", line["code"] or marked)
            continue
        if key("icd10", marked) != bare:
            log.reject("CAT-32", sheet, line.number, "marked", marked)
            continue
        mark = next((word for sign, word in _MARKS.items() if sign in marked), "")
        draft = _draft(line, bare, mark)
        before = held.get(bare)
        if before is None:
            held[bare] = (draft, mark)
            count.kept += 1
        elif fixed:
            count.merged += 1
        elif before[1] == mark and before[0].name_vi != draft.name_vi:
            log.reject("CAT-33", sheet, line.number, "code", marked)
            continue
        else:
            log.note("CAT-34" if before[1] == mark else "CAT-54", sheet, line.number)
            count.merged += 1
            held[bare] = _twin(*before, draft, mark)
        if effects:
            _flags(reading, sheet, line, bare, content, effects)
    _parents(reading, sheet, held)
    content.entries += [draft for draft, _ in held.values()]


def _draft(line: Line, bare: str, mark: str) -> Draft:
    attrs = {name: line[name] for name in ("chapter", "block", "category") if line[name]}
    if mark:
        attrs["mark"] = mark
    return Draft(
        "icd10",
        bare,
        bare[:3] + ("." + bare[3:] if bare[3:] else ""),
        line["name_vi"],
        line["name_en"],
        attrs=attrs,
    )


def _twin(first: Draft, mark: str, second: Draft, other: str) -> tuple[Draft, str]:
    """One entry of a code that stands there with and without its mark: the plain row names it."""
    if mark == other:
        return first, mark
    plain, marked = (second, first) if mark else (first, second)
    attrs = {**plain.attrs, "mark": mark or other, "twin": "yes"}
    if marked.name_vi != plain.name_vi:
        attrs["marked_name_vi"] = marked.name_vi
    return plain._replace(attrs=attrs), ""


def _flags(
    reading: Reading,
    sheet: str,
    line: Line,
    bare: str,
    content: Content,
    effects: Mapping[str, Mapping[str, str]],
) -> None:
    for attribute, row in effects.items():
        if not line[attribute]:
            continue
        printed = line[attribute]
        if key("icd10", printed) != bare and printed not in (line["marked"], line["code"]):
            reading.log.note("CAT-37", sheet, line.number, f"{row['column']}")
            continue
        content.rules.append(DraftRule("icd10", bare, row["effect"], f"column {row['column']}"))


def _parents(reading: Reading, sheet: str, held: dict[str, tuple[Draft, str]]) -> None:
    inner = {bare[:size] for bare in held for size in range(3, len(bare))}
    orphans = 0
    for bare, (draft, mark) in held.items():
        parent = next((bare[:n] for n in range(len(bare) - 1, 2, -1) if bare[:n] in held), "")
        orphans += len(bare) > 3 and not parent
        attrs = {**draft.attrs, "leaf": "no" if bare in inner else "yes"}
        dotted = parent[:3] + ("." + parent[3:] if parent[3:] else "")
        held[bare] = (draft._replace(parent=dotted, attrs=attrs), mark)
    if orphans:
        reading.log.say("CAT-38", sheet=sheet, count=orphans)


def _appendix(reading: Reading, sheet: Sheet, content: Content, lists: dict[str, set[str]]) -> None:
    """One sheet of rule lists: a title opens a list, its codes follow."""
    log, count = reading.log, reading.log.sheet(sheet.name)
    limits = {row["list"]: row for row in shared("icd10_4469_rules")}
    current = ""
    for number, row in enumerate(sheet.rows, 1):
        first = row[0] if row else ""
        text = clean(first) if isinstance(first, str) else ""
        title = _TITLE.match(text)
        if title:
            current = title[1]
            continue
        if not isinstance(first, str):
            log.refuse("CAT-20", sheet.name, number, current, str(first))
            continue
        if not text or text in _HEADS or text.startswith("("):
            continue
        bare = key("icd10", text)
        second = row[2] if current == _PAIRS and len(row) > 2 else ""
        other = key("icd10", second) if isinstance(second, str) else ""
        if not _BARE.fullmatch(bare) or (current == _PAIRS and not _BARE.fullmatch(other)):
            log.reject("CAT-31", sheet.name, number, current, text)
            continue
        if current == _PAIRS:
            content.links.append(DraftLink("dagger", bare, other))
            lists.setdefault(current, set()).add(bare)
        elif current in limits:
            if bare in lists.setdefault(current, set()):
                log.note("CAT-34", sheet.name, number)
                count.merged += 1
                continue
            lists[current].add(bare)
            rule = limits[current]
            low, high = int(rule["min_days"] or 0), int(rule["max_days"] or 1_000_000)
            content.rules.append(DraftRule("icd10", bare, rule["effect"], current, low, high))
        else:
            log.reject("CAT-35", sheet.name, number, current, text)
            continue
        count.kept += 1


def _absent(reading: Reading, content: Content, lists: Mapping[str, set[str]]) -> None:
    held = {draft.key for draft in content.entries}
    for name, codes in lists.items():
        missing = len(codes - held)
        if missing:
            reading.log.say("CAT-53", list=name, count=missing, of=len(codes))
