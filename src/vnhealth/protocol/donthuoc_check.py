"""What is wrong with a prescription or a sale report, before it goes out or when it came in.

Rules of form by ``data/donthuoc_fields.csv``; besides, the code has to fit the type and the
sending facility, and a child under 72 months needs a guardian (26/2025/TT-BYT, as clients have it).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol.donthuoc import Field, code_key, fields_of, is_code

__all__ = ["amount", "check_prescription", "check_sale"]

GUARDED_MONTHS = 72
FORMS = {"date": "%d/%m/%Y", "moment": "%Y-%m-%d %H:%M:%S"}


def check_prescription(value: Mapping[str, Any], *, facility: str) -> Findings:
    """Findings of a prescription sent by a facility; empty when there is nothing to say.

    >>> len(check_prescription({"loai_don_thuoc": "c"}, facility="01001").by_code("GW-RX-01"))
    8
    """
    return Findings([*_part("prescription", value), *_code(value, facility), *_guardian(value)])


def check_sale(value: Mapping[str, Any]) -> Findings:
    """Findings of the form of a sale report."""
    return Findings(_part("sale", value))


def amount(value: Any) -> Decimal | None:
    """A number given as number or text, or None.

    >>> amount("1.5"), amount(2), amount("ba"), amount("NaN")
    (Decimal('1.5'), Decimal('2'), None, None)
    """
    try:
        found = Decimal(_text(value).replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _error(code: str, name: str, row: int | None = None) -> Finding:
    return Finding(code, Severity.ERROR, row=row, tag=name)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _part(part: str, value: Mapping[str, Any], row: int | None = None) -> Iterator[Finding]:
    for field in fields_of(part):
        given = value.get(field.name)
        if given is None or given in ("", [], {}):
            if field.required == "yes":
                yield _error("GW-RX-01", field.name, row)
        elif ":" in field.kind and not field.kind.startswith("choice"):
            yield from _nested(field, given, row)
        elif not _well_formed(field, _text(given)):
            yield _error("GW-RX-02", field.name, row)


def _nested(field: Field, given: Any, row: int | None) -> Iterator[Finding]:
    kind, _, part = field.kind.partition(":")
    items = given if kind == "list" else [given]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        yield _error("GW-RX-02", field.name, row)
        return
    for index, item in enumerate(items):
        yield from _part(part, item, index)


def _well_formed(field: Field, text: str) -> bool:
    if not text or (field.largest is not None and len(text) > field.largest):
        return False
    kind, _, words = field.kind.partition(":")
    if kind == "choice":
        return text.lower() in words.split()
    if kind == "number":
        found = amount(text)
        return found is not None and found >= 0
    if kind == "code":
        return is_code(text)
    return kind == "text" or _moment(text, FORMS[kind]) is not None


def _moment(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, form)
    except ValueError:
        return None


def _code(value: Mapping[str, Any], facility: str) -> Iterator[Finding]:
    code = _text(value.get("ma_don_thuoc"))
    if not is_code(code):
        return
    if code[:5].upper() != facility.upper():
        yield _error("GW-RX-04", "ma_don_thuoc")
    type_ = _text(value.get("loai_don_thuoc"))
    if len(type_) == 1 and code_key(f"-{type_}") != code_key(code)[-2:]:
        yield _error("GW-RX-03", "loai_don_thuoc")


def _guardian(value: Mapping[str, Any]) -> Iterator[Finding]:
    born = _moment(_text(value.get("ngay_sinh_benh_nhan")), FORMS["date"])
    at = _moment(_text(value.get("ngay_gio_ke_don")), FORMS["moment"])
    if born is None or at is None or _text(value.get("thong_tin_nguoi_giam_ho")):
        return
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if 0 <= months < GUARDED_MONTHS:
        yield _error("GW-RX-05", "thong_tin_nguoi_giam_ho")
