"""Make the ICD-10 lists of `vnhealth.identity` from the official workbook of decision 4469/QĐ-BYT.

Usage: python tools/icd10_lists.py WORKBOOK.xlsx

Writes ``icd10_4469.csv`` (category and the details under it) and ``icd10_4469_lists.csv`` (the rule
lists as ranges of undotted codes). Codes only, no names.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import python_calamine

DATA = Path(__file__).parents[1] / "src" / "vnhealth" / "identity" / "data"
CODE = re.compile("[A-Z][0-9]{2}[0-9A-Z]{0,2}")
TITLE = re.compile(r"Phụ lục (A[2-4](?:\.[0-9]+)?)")


def main(path: str) -> None:
    book = python_calamine.CalamineWorkbook.from_path(path)
    main_sheet = book.get_sheet_by_name("ICD10").to_python()
    column = main_sheet[2].index("MÃ BỆNH KHÔNG DẤU")
    codes = {str(row[column]).strip() for row in main_sheet[3:]}
    details: dict[str, list[str]] = {}
    for code in sorted(codes):
        details.setdefault(code[:3], []).append(code[3:] or "-")
    write("icd10_4469", ["category", "details"], [[c, " ".join(d)] for c, d in details.items()])

    lists: dict[str, set[str]] = {}
    for sheet in book.sheet_names:
        current = ""
        if not sheet.startswith(("A2", "A3", "A4")):
            continue
        for row in book.get_sheet_by_name(sheet).to_python():
            first = str(row[0]).strip()
            title = TITLE.match(first)
            if title:
                current = title[1]
            elif CODE.fullmatch(first):
                lists.setdefault(current, set()).add(first)
    order = sorted(codes.union(*lists.values()))
    ranges = []
    for name in sorted(lists, key=lambda n: [int(part) for part in n[1:].split(".")]):
        start = None
        for code, after in zip(order, [*order[1:], ""], strict=True):
            if code in lists[name]:
                start = start or code
                if after not in lists[name]:
                    ranges.append([name, start, code])
                    start = None
    write("icd10_4469_lists", ["list", "first", "last"], ranges)
    print({name: len(found) for name, found in lists.items()}, len(codes), len(ranges))


def write(name: str, head: list[str], rows: list[list[str]]) -> None:
    with (DATA / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
