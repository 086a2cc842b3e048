"""Read communes and their succession from the official files that a user has.

Three kinds of file, CSV (UTF-8) or XLSX (extra ``excel``): the list of three levels of before
01/07/2025, the list of two levels since, and a table of old and new commune codes. Column names
vary; the known ones stand in ``data/admin_columns.csv``. A code column that holds numbers stops the
import: leading zeros are gone. What is odd is counted in the report, nothing is repaired silently.

The project holds no table of old and new communes as data of its own; without one, old communes
cannot be converted and `AdminUnits.convert` says ``unknown``.

Legal source: QĐ 124/2004/QĐ-TTg and the lists of the General Statistics Office; NQ 202/2025/QH15
(34 provinces) and the resolutions of 2025 on the communes of each province.
"""

from __future__ import annotations

import csv
import importlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from vnhealth.errors import IdentityError
from vnhealth.identity import names
from vnhealth.identity._lists import read
from vnhealth.identity.admin_units import REFORM, AdminUnit, AdminUnits, Level, split_kind

__all__ = ["ImportReport", "read_new", "read_old", "read_rows", "read_succession"]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts by what was read and what was odd, for example ``split over 2``; no text of a row.

    >>> ImportReport({"commune": 2}).counts["commune"]
    2
    """

    counts: Mapping[str, int] = field(default_factory=dict)


@cache
def _columns() -> dict[str, str]:
    return {row["column"]: row["meaning"] for row in read("admin_columns")}


def read_rows(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Read a table as rows by meaning (province, province_name, district, ..., old, new).

    Raises `IdentityError`: ``ID-ADMIN_FILE`` when the file cannot be read, ``ID-ADMIN_COLUMNS``
    when no column is known, ``ID-ADMIN_NUMERIC`` when a code cell is a number.
    """
    name = Path(path)
    try:
        table = _sheet(name) if name.suffix.lower() in (".xlsx", ".xls", ".ods") else _csv(name)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise IdentityError("ID-ADMIN_FILE") from None
    if not table:
        raise IdentityError("ID-ADMIN_FILE")
    meanings = [_columns().get("_".join(names.skeleton(str(cell)).split())) for cell in table[0]]
    if not any(meanings):
        raise IdentityError("ID-ADMIN_COLUMNS")
    rows = []
    for cells in table[1:]:
        row = {}
        for meaning, cell in zip(meanings, cells, strict=False):
            if meaning is None:
                continue
            if not isinstance(cell, str):
                raise IdentityError("ID-ADMIN_NUMERIC")
            row[meaning] = cell.strip()
        rows.append(row)
    return rows


def _csv(path: Path) -> list[list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [list(row) for row in csv.reader(file)]


def _sheet(path: Path) -> list[list[Any]]:
    try:
        calamine = importlib.import_module("python_calamine")
    except ImportError:
        raise IdentityError("ID-ADMIN_EXTRA") from None
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        found: list[list[Any]] = book.get_sheet_by_index(0).to_python()
    except (calamine.CalamineError, OSError):
        raise IdentityError("ID-ADMIN_FILE") from None
    return found


def _unit(code: str, name: str, level: Level, parent: str, **period: Any) -> AdminUnit:
    shown = names.display(name)
    words = shown.split()
    kind, rest = split_kind([names.skeleton(word) for word in words], level)
    bare = " ".join(words[len(words) - len(rest) :])
    return AdminUnit(code, bare, kind, level, parent, **period)


def read_old(path: str | os.PathLike[str], units: AdminUnits) -> ImportReport:
    r"""Add districts and communes of before the reform to ``units``.

    >>> import tempfile
    >>> text = ("matinh,mahuyen,tenhuyen,maxa,tenxa\n"
    ...         "01,001,Quận Mẫu,00001,Phường Thử\n")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "old.csv")
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     units = AdminUnits.builtin()
    ...     read_old(file, units).counts["commune"]
    1
    """
    counts: Counter[str] = Counter()
    last = {"valid_to": REFORM.fromordinal(REFORM.toordinal() - 1)}
    seen: set[tuple[str, str]] = set()
    for row in read_rows(path):
        province, district, commune = (row.get(x, "") for x in ("province", "district", "commune"))
        if len(province) != 2 or not district:
            counts["row without province or district"] += 1
            continue
        counts["unit name not NFC or with stray blanks"] += _odd(row.values())
        if ("district", district) not in seen:
            seen.add(("district", district))
            name = row.get("district_name", "")
            units.add(_unit(district, name, "district", province, **last))
            counts["district"] += 1
        if not commune:
            counts["district without commune"] += 1
        elif ("commune", commune) in seen:
            counts["commune code twice"] += 1
        else:
            seen.add(("commune", commune))
            units.add(_unit(commune, row.get("commune_name", ""), "commune", district, **last))
            counts["commune"] += 1
    return ImportReport(counts)


def read_new(path: str | os.PathLike[str], units: AdminUnits) -> ImportReport:
    """Add the communes since the reform, directly under their province, to ``units``.

    Compares the number of each province with the numbers of 01/07/2025.
    """
    counts: Counter[str] = Counter()
    per_province: Counter[str] = Counter()
    for row in read_rows(path):
        province, commune = row.get("province", ""), row.get("commune", "")
        if len(province) != 2 or not commune:
            counts["row without province or commune"] += 1
            continue
        if units.resolve(commune, REFORM, "commune") is not None:
            counts["commune code twice"] += 1
            continue
        counts["unit name not NFC or with stray blanks"] += _odd(row.values())
        name = row.get("commune_name", "")
        units.add(_unit(commune, name, "commune", province, valid_from=REFORM))
        counts["commune"] += 1
        per_province[province] += 1
    expected = {
        row["code"]: sum(int(row[kind]) for kind in ("phuong", "xa", "dac_khu"))
        for row in read("provinces_34")
    }
    counts["province with another number of communes than on 01/07/2025"] = sum(
        per_province[code] != wanted for code, wanted in expected.items()
    )
    return ImportReport(counts)


def read_succession(path: str | os.PathLike[str], units: AdminUnits) -> ImportReport:
    """Add which old commune went into which new one; counts the divided ones by number of heirs.

    Read both lists of communes first, so that codes without a unit are noticed.
    """
    counts: Counter[str] = Counter()
    heirs: dict[str, set[str]] = {}
    for row in read_rows(path):
        old, new = row.get("old", ""), row.get("new", "")
        if not old or not new:
            counts["row without old or new code"] += 1
            continue
        heirs.setdefault(old, set()).add(new)
        units.add_heir("commune", old, new)
    eve = REFORM.fromordinal(REFORM.toordinal() - 1)
    for old, into in heirs.items():
        counts["old commune"] += 1
        counts["divided commune"] += len(into) > 1
        counts[f"split over {len(into)}" if len(into) > 1 else "one heir"] += 1
        counts["old code without a unit"] += units.resolve(old, eve, "commune") is None
    new_codes = {new for into in heirs.values() for new in into}
    counts["new code without a unit"] = sum(
        units.resolve(new, REFORM, "commune") is None for new in new_codes
    )
    known = {unit.code for unit in units.on(eve, "commune")}
    counts["unit without heir"] = len(known - heirs.keys())
    counts["new unit without source"] = len(
        {unit.code for unit in units.on(REFORM, "commune")} - new_codes
    )
    return ImportReport(counts)


def _odd(cells: Iterable[str]) -> int:
    return sum(bool(cell) and names.display(cell) != cell for cell in cells)
