"""Days of treatment: SO_NGAY_DTRI of XML1 (D13, D14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import Hit, On, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml1

__all__ = ["CHECKS"]


def days_130(row: Xml1, case: Case) -> Hit | None:
    """D13: 0 for 01, 07, 09; both ends counted for 02, 03, 04, 06; 05 and 08 cannot be derived."""
    found = row.so_ngay_dtri
    if found is None:
        return None
    if case.kind in ("01", "07", "09"):
        return _differs(found, 0)
    if case.kind in ("02", "03", "04", "06") and case.stay_days is not None:
        return _differs(found, case.stay_days)
    return None


def days_3176(row: Xml1, case: Case) -> Hit | None:
    """D14: both ends counted, booked waiting time left out; 09 is 0; 02 and 08 at most that."""
    found, stay = row.so_ngay_dtri, case.stay_days
    if found is None:
        return None
    if case.kind == "09":
        return _differs(found, 0)
    if stay is None or found == stay:
        return None
    if case.kind in ("01", "03", "04", "06"):
        admitted, end = day_of(row.ngay_vao_noi_tru), day_of(case.end)
        if admitted and end and found == (end - admitted).days + 1:
            return None
        return _differs(found, stay)
    if case.kind in ("02", "08") and not 1 <= found <= stay:
        return Hit("SO_NGAY_DTRI", {"expected_days": f"1-{stay}"}, {"value": str(found)})
    return None


def days_with_services(row: Xml1, case: Case) -> Hit | None:
    """D14: for 02 and 08 the days on which drugs or services were given."""
    found = row.so_ngay_dtri
    if found is None or not case.whole:
        return None
    times = [
        line.ngay_th_yl or line.ngay_yl for name in ("XML2", "XML3") for line in case.rows(name)
    ]
    days = {time.text[:8] for time in times if time is not None}
    return _differs(found, len(days)) if days else None


def _differs(found: int, expected: int) -> Hit | None:
    if found == expected:
        return None
    return Hit("SO_NGAY_DTRI", {"expected_days": str(expected)}, {"value": str(found)})


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML1-073": days_130,
    "BHYT-XML1-074": days_3176,
    "BHYT-XML1-075": On(days_with_services, "ma_loai_kcb", values=("02", "08")),
}
