"""What is wrong with a prescription or a sale report, before it goes out or when it came in.

Rules of form by ``data/donthuoc_fields.csv``; besides, the code has to fit the type and the
sending facility, and a child under 72 months needs a guardian (26/2025/TT-BYT, as clients have it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vnhealth.findings import Finding, Findings
from vnhealth.protocol._fields import Rules, error, moment, plain, wrong_fields
from vnhealth.protocol.donthuoc import code_key, is_code

__all__ = ["check_prescription", "check_sale"]

GUARDED_MONTHS = 72
DAY, MOMENT = "%d/%m/%Y", "%Y-%m-%d %H:%M:%S"
RULES = Rules(
    "donthuoc",
    missing="GW-RX-01",
    malformed="GW-RX-02",
    forms={
        "date": lambda text: moment(text, DAY) is not None,
        "moment": lambda text: moment(text, MOMENT) is not None,
        "code": is_code,
    },
)


def check_prescription(value: Mapping[str, Any], *, facility: str) -> Findings:
    """Findings of a prescription sent by a facility; empty when there is nothing to say.

    >>> len(check_prescription({"loai_don_thuoc": "c"}, facility="01001").by_code("GW-RX-01"))
    8
    """
    form = wrong_fields(RULES, "prescription", value)
    return Findings([*form, *_code(value, facility), *_guardian(value)])


def check_sale(value: Mapping[str, Any]) -> Findings:
    """Findings of the form of a sale report."""
    return Findings(wrong_fields(RULES, "sale", value))


def _code(value: Mapping[str, Any], facility: str) -> Iterator[Finding]:
    code = plain(value.get("ma_don_thuoc"))
    if not is_code(code):
        return
    if code[:5].upper() != facility.upper():
        yield error("GW-RX-04", "ma_don_thuoc")
    type_ = plain(value.get("loai_don_thuoc"))
    if len(type_) == 1 and code_key(f"-{type_}") != code_key(code)[-2:]:
        yield error("GW-RX-03", "loai_don_thuoc")


def _guardian(value: Mapping[str, Any]) -> Iterator[Finding]:
    born = moment(plain(value.get("ngay_sinh_benh_nhan")), DAY)
    at = moment(plain(value.get("ngay_gio_ke_don")), MOMENT)
    if born is None or at is None or plain(value.get("thong_tin_nguoi_giam_ho")):
        return
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if 0 <= months < GUARDED_MONTHS:
        yield error("GW-RX-05", "thong_tin_nguoi_giam_ho")
