"""Readers of ICD-9-CM, of administrative units, of old-to-new communes and of plain code lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from vnhealth.catalogs._cells import Line
from vnhealth.catalogs._content import Content, Draft, DraftLink, Reading, main_table
from vnhealth.catalogs._keys import key, skeleton

__all__ = ["read_codes", "read_icd9", "read_units_2024", "read_units_2025", "read_units_map"]

_ICD9 = re.compile(r"[0-9]{2}(?:\.[0-9]{1,2})?", re.ASCII)
_PROVINCE = re.compile("[0-9]{2}", re.ASCII)
_DISTRICT = re.compile("[0-9]{3}", re.ASCII)
_COMMUNE = re.compile("[0-9]{5}", re.ASCII)
_WHOLE = frozenset(("", "whole", "toanbo"))


def read_icd9(reading: Reading) -> Content:
    """Services with the procedure each maps to; a service may map to several, or to none."""
    content = Content()
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    held: dict[str, Draft] = {}
    pairs: set[tuple[str, str]] = set()
    for line in found:
        code, service = line["code"], line["service"]
        if not code:
            log.note("CAT-39", sheet.name, line.number)
            count.skipped += 1
            continue
        if not _ICD9.fullmatch(code):
            log.reject("CAT-31", sheet.name, line.number, "code", code)
            continue
        before = held.get(code)
        if before is None:
            attrs = {"chapter": line["chapter"]} if line["chapter"] else {}
            held[code] = Draft("icd9", key("icd9", code), code, line["name_vi"], attrs=attrs)
        elif skeleton(before.name_vi) != skeleton(line["name_vi"]):
            log.note("CAT-36", sheet.name, line.number)
        pair = (key("service", service), key("icd9", code))
        if service and pair not in pairs:
            pairs.add(pair)
            content.links.append(DraftLink("service", *pair, line["service_name"]))
            count.kept += 1
        elif service:
            log.note("CAT-34", sheet.name, line.number)
            count.merged += 1
        else:
            count.kept += 1
    content.entries = list(held.values())
    return content


class _Units:
    """Collects units and refuses a number that stands there with two names."""

    def __init__(self, reading: Reading, sheet: str) -> None:
        self.reading = reading
        self.sheet = sheet
        self.held: dict[tuple[str, str], Draft] = {}

    def fits(self, line: Line, attribute: str, shape: re.Pattern[str]) -> bool:
        """True when the number has its shape; else the row is rejected."""
        if shape.fullmatch(line[attribute]):
            return True
        self.reading.log.reject("CAT-31", self.sheet, line.number, attribute, line[attribute])
        return False

    def add(self, line: Line, system: str, code: str, name: str, parent: str, kind: str) -> bool:
        """Take a unit; False when its number is taken by another name."""
        before = self.held.get((system, code))
        if before is None:
            attrs = {"kind": kind} if kind else {}
            self.held[system, code] = Draft(system, code, code, name, parent=parent, attrs=attrs)
            return True
        if before.name_vi == name and before.parent == parent:
            return True
        self.reading.log.reject("CAT-33", self.sheet, line.number, system, code)
        return False


def read_units_2024(reading: Reading) -> Content:
    """Three levels in every row; island districts have no commune."""
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    units = _Units(reading, sheet.name)
    for line in found:
        province, district, commune = line["province"], line["district"], line["commune"]
        if not province and not district and not commune:
            log.note("CAT-30", sheet.name, line.number)
            count.skipped += 1
            continue
        if not (
            units.fits(line, "province", _PROVINCE) and units.fits(line, "district", _DISTRICT)
        ):
            continue
        if commune and not units.fits(line, "commune", _COMMUNE):
            continue
        known = bool(commune) and ("commune", commune) in units.held
        if known:
            log.reject("CAT-33", sheet.name, line.number, "commune", commune)
            continue
        if not units.add(line, "province", province, line["province_name"], "", ""):
            continue
        if not units.add(line, "district", district, line["district_name"], province, ""):
            continue
        if commune:
            units.add(line, "commune", commune, line["commune_name"], district, line["kind"])
        count.kept += 1
    return Content(entries=list(units.held.values()))


def read_units_2025(reading: Reading) -> Content:
    """Two levels in every row."""
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    units = _Units(reading, sheet.name)
    for line in found:
        province, commune = line["province"], line["commune"]
        if not province and not commune:
            log.note("CAT-30", sheet.name, line.number)
            count.skipped += 1
            continue
        if not (units.fits(line, "province", _PROVINCE) and units.fits(line, "commune", _COMMUNE)):
            continue
        if ("commune", commune) in units.held:
            log.reject("CAT-33", sheet.name, line.number, "commune", commune)
            continue
        if not units.add(line, "province", province, line["province_name"], "", ""):
            continue
        units.add(line, "commune", commune, line["commune_name"], province, line["kind"])
        count.kept += 1
    return Content(entries=list(units.held.values()))


def read_units_map(reading: Reading) -> Content:
    """Pairs of an old and a new commune; one over several new ones is split, never guessed."""
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    pairs: dict[tuple[str, str], str] = {}
    for line in found:
        old, new = line["old"], line["new"]
        if not old and not new:
            log.note("CAT-30", sheet.name, line.number)
            count.skipped += 1
            continue
        wrong = next((a for a in ("old", "new") if not _COMMUNE.fullmatch(line[a])), "")
        if wrong:
            log.reject("CAT-31", sheet.name, line.number, wrong, line[wrong])
            continue
        if (old, new) in pairs:
            log.note("CAT-34", sheet.name, line.number)
            count.merged += 1
            continue
        pairs[old, new] = "" if skeleton(line["share"]) in _WHOLE else "part"
        count.kept += 1
    over = Counter(old for old, _ in pairs)
    split = Counter(number for number in over.values() if number > 1)
    if split:
        spread = ", ".join(f"{split[n]} × {n}" for n in sorted(split))
        log.say("CAT-60", count=sum(split.values()), of=len(over), spread=spread)
    links = [
        DraftLink("succession", old, new, share or ("part" if over[old] > 1 else "whole"))
        for (old, new), share in pairs.items()
    ]
    return Content(links=links)


def read_codes(reading: Reading) -> Content:
    """A plain list: code, name, and where it has them: dates, successor, parent."""
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    system = reading.layout.systems[0]
    held: dict[tuple[str, str], Draft] = {}
    for line in found:
        code = line["code"]
        if not code:
            log.note("CAT-30", sheet.name, line.number)
            count.skipped += 1
            continue
        problem = period_problem(line, "valid_from", "valid_to")
        if problem:
            log.reject(problem, sheet.name, line.number, "valid_from", code)
            continue
        draft = Draft(
            system,
            key(system, code),
            code,
            line["name_vi"],
            line["name_en"],
            line["parent"],
            line["valid_from"],
            line["valid_to"],
            ";".join(part.strip() for part in line["replaced_by"].split(";") if part.strip()),
        )
        place = (draft.key, draft.valid_from)
        if place not in held:
            held[place] = draft
            count.kept += 1
        elif held[place] == draft:
            log.note("CAT-34", sheet.name, line.number)
            count.merged += 1
        else:
            log.reject("CAT-33", sheet.name, line.number, "code", code)
    return Content(entries=list(held.values()))


def period_problem(line: Line | Mapping[str, str], start: str, end: str) -> str:
    """The code of what is wrong with the two dates of a row, or an empty text."""
    if isinstance(line, Line) and (start in line.bad or end in line.bad):
        return "CAT-40"
    first, last = line[start], line[end]
    return "CAT-41" if first and last and last < first else ""
