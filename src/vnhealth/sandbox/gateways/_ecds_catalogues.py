"""Catalogues of the surveillance gateway: national lists, else a small invented one."""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache
from importlib.resources import files

from vnhealth.identity.admin_units import AdminUnits
from vnhealth.spec import code_set

__all__ = ["CODED", "PARENTS", "catalogue"]

NATIONAL = {"dan-toc": "ma_dantoc", "nghe-nghiep": "ma_nghe_nghiep_cap2", "quoc-gia": "ma_quoctich"}
"""Catalogues that the claim tables have as well, with the name of their code set."""
PARENTS = {"xa": "maTinh", "thon": "maXa", "phan-loai-lam-sang": "maIcd10Benh"}
"""Catalogues that are narrowed, with the name of the filter."""
CODED = {
    "maIcd10Benh": "benh",
    "maXaHienNay": "xa",
    "maThonHienNay": "thon",
    "maDanToc": "dan-toc",
    "maNgheNghiep": "nghe-nghiep",
}
"""Fields of a case whose value has to stand in a catalogue."""


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = (files("vnhealth.sandbox") / "data" / "ecds_catalogues.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def catalogue(name: str, on: dt.date, parent: str = "") -> dict[str, str] | None:
    """Code and name of every entry, None for an unknown catalogue; ``parent`` narrows it.

    >>> catalogue("thon", dt.date(2026, 8, 3), "00001")
    {'00001-1': 'Thôn Mẫu A', '00001-2': 'Thôn Mẫu B'}
    """
    if name == "tinh":
        return {unit.code: unit.full_name for unit in AdminUnits.builtin().on(on, "province")}
    if name in NATIONAL:
        return {
            code: entry.meaning_vi for code, entry in code_set(NATIONAL[name], on).codes.items()
        }
    if not any(row["danh_muc"] == name for row in _rows()):
        return None
    return {
        row["ma"]: row["ten"]
        for row in _rows()
        if row["danh_muc"] == name and parent in ("", row["cha"])
    }
