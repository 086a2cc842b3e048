"""Which tables an encounter has, and copies of XML1 in other tables (K06 to K09, table notes)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.rules._case import Case
from vnhealth.rules._load import rows
from vnhealth.rules._model import ClaimCheck, Hit

__all__ = ["CHECKS"]

_COURSES = frozenset({"02", "03", "04", "05", "06", "08", "09"})
_KNOWN_KINDS = frozenset(f"{n:02d}" for n in range(1, 10))
_TRANSFERS = frozenset({"2", "5"})


@cache
def _copies() -> Mapping[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in rows("copies"):
        pair = row["tag"].lower(), row["source"].lower()
        found[row["table"]] = (*found.get(row["table"], ()), pair)
    return found


def copies(case: Case) -> list[Hit] | None:
    """K06: what XML6, XML13, XML14 and XML15 repeat of XML1 is the same."""
    x1, known = case.x1, _copies()
    if x1 is None or known.keys().isdisjoint(case.tables):
        return None
    found = []
    for name in known.keys() & case.tables.keys():
        for index, row in enumerate(case.tables[name]):
            for attr, source in known[name]:
                copy, original = getattr(row, attr, None), getattr(x1, source, None)
                if copy is None or copy == original or _same(attr, copy, original):
                    continue
                if original is None and source.upper() in x1.raw_texts:
                    continue
                found.append(Hit(attr.upper(), {"source": source.upper()}, {}, name, index))
    return found or None


def _same(attr: str, copy: Any, original: Any) -> bool:
    """Equal as written; times as far as both are known, cards one of several, levels of codes."""
    if original is None:
        return False
    one, other = _plain(copy), _plain(original)
    if isinstance(copy, LocalTime) or isinstance(original, LocalTime):
        size = min(len(one), len(other))
        return size >= 8 and one[:size] == other[:size]
    if attr in ("ma_the_bhyt", "gt_the_den"):
        return set(one.split(";")) <= set(other.split(";"))
    if attr == "ma_nghe_nghiep":
        return one.startswith(other) or other.startswith(one)
    return one == other


def _plain(value: Any) -> str:
    return value.text if isinstance(value, LocalTime) else str(value)


def summary_by_kind(case: Case) -> Hit | None:
    """K07: XML8 only with MA_LOAI_KCB 03, 04, 06."""
    if not case.rows("XML8") or not case.kind or case.kind in ("03", "04", "06"):
        return None
    return Hit(table="XML8")


def summary_by_kind_3176(case: Case) -> Hit | None:
    """K07 since 3176, whose list adds 02, 05, 08 and 09."""
    if not case.rows("XML8") or case.kind in _COURSES or case.kind not in _KNOWN_KINDS:
        return None
    return Hit(table="XML8")


def transfer_by_discharge(case: Case) -> Hit | None:
    """K08: XML13 only with MA_LOAI_RV 2 or 5."""
    kind = case.x1.ma_loai_rv if case.x1 is not None else None
    if not case.rows("XML13") or kind is None or kind in _TRANSFERS:
        return None
    return Hit(table="XML13")


def transfer_missing(case: Case) -> Hit | None:
    """A transfer (MA_LOAI_RV 2 or 5) comes with XML13."""
    kind = case.x1.ma_loai_rv if case.x1 is not None else None
    if kind not in _TRANSFERS or case.rows("XML13") or case.bare:
        return None
    return Hit(table="XML13")


def discharge_missing(case: Case) -> Hit | None:
    """K09: XML7 for 03, 04, 09 unless the patient absconded (MA_LOAI_RV 3)."""
    if not case.inpatient or case.rows("XML7") or case.bare or case.x1.ma_loai_rv == "3":
        return None
    return Hit(table="XML7")


def notes_missing(case: Case) -> Hit | None:
    """XML5 belongs to courses, inpatients, short stays and stays at a station."""
    if case.kind not in _COURSES or case.rows("XML5") or case.bare:
        return None
    return Hit(table="XML5")


def notes_of_visit(case: Case) -> Hit | None:
    """XML5 does not belong to a plain examination (01) or a collection of drugs (07)."""
    if case.kind not in ("01", "07") or not case.rows("XML5"):
        return None
    return Hit(table="XML5")


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-010": copies,
    "BHYT-CLAIM-011": summary_by_kind,
    "BHYT-CLAIM-012": summary_by_kind_3176,
    "BHYT-CLAIM-013": transfer_by_discharge,
    "BHYT-CLAIM-014": discharge_missing,
    "BHYT-CLAIM-015": notes_of_visit,
    "BHYT-CLAIM-016": notes_missing,
    "BHYT-CLAIM-019": transfer_missing,
}
