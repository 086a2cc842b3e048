"""The 4210 family of the insurance gateway: how files travel, what its questions answer.

Source: 4782/BHXH-CNTT (2017); client code of vendors for the forms of the body. Retired in practice
when decision 130 became official (01/07/2024); still the model of receipt and error questions.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol._json import compact
from vnhealth.protocol._named import as_object, as_texts, wire_names

__all__ = [
    "DayTotal",
    "FileError",
    "FileTotal",
    "as_numbers",
    "from_numbers",
    "in_window",
    "is_peak",
    "send_reply",
]

PEAK_HOURS = ((8, 11), (14, 19))
"""Hours of a working day in which files have to be small."""


def as_numbers(data: bytes) -> bytes:
    """A file as working clients post it: a JSON array of its bytes as numbers.

    >>> as_numbers(b"<a/>")
    b'[60,97,47,62]'
    """
    return ("[" + ",".join(map(str, data)) + "]").encode()


def from_numbers(body: bytes | str) -> bytes:
    """The file in such an array. Raises `ValueError` when it is none.

    >>> from_numbers("[60, 97, 47, 62]")
    b'<a/>'
    """
    value = json.loads(body)
    if not isinstance(value, list):
        raise ValueError("not an array of bytes")
    try:
        return bytes(value)
    except TypeError:
        raise ValueError("not an array of bytes") from None


def is_peak(moment: dt.datetime) -> bool:
    """True at an hour when the smaller limit of a file holds (20 MB; 100 MB otherwise).

    >>> is_peak(dt.datetime(2026, 8, 3, 8, 0, tzinfo=ICT)), is_peak(dt.datetime(2026, 8, 2, 8, 0))
    (True, False)
    """
    local = moment.astimezone(ICT) if moment.tzinfo else moment
    working = local.weekday() < 5
    return working and any(since <= local.hour < until for since, until in PEAK_HOURS)


LAST_DAY = 5
"""Day of a month until which files of the month before are taken."""


def in_window(year: int, month: int, on: dt.date) -> bool:
    """True when files of a settlement month (NAM_QT, THANG_QT) are taken on a day.

    >>> in_window(2026, 7, dt.date(2026, 8, 5)), in_window(2026, 7, dt.date(2026, 8, 6))
    (True, False)
    """
    age = (on.year - year) * 12 + on.month - month
    return age == 0 or (age == 1 and on.day <= LAST_DAY)


def send_reply(code: str, transaction: str | None = None) -> bytes:
    """Answer to a file: two fields only.

    >>> send_reply("205")
    b'{"maKetQua":"205","maGiaoDich":null}'
    """
    return compact({"maKetQua": code, "maGiaoDich": transaction})


@dataclass(frozen=True, slots=True)
class DayTotal:
    """Files of one day (dd/MM/yyyy): records, good ones, bad ones, money.

    By a document of one vendor the records that are neither good nor bad are deleted ones.

    >>> DayTotal.from_object({"ngayGui": "03/08/2026", "tongSo": 2, "tongTien": 1.5}).money
    Decimal('1.5')
    """

    day: str
    records: int
    good: int
    bad: int
    money: Decimal

    def to_object(self) -> dict[str, Any]:
        """Under the published keys; money as a JSON number."""
        return {**as_object(self, DAY), "tongTien": _number(self.money)}

    @classmethod
    def from_object(cls, row: Mapping[str, Any]) -> DayTotal:
        """From a row of an answer; what is missing or odd is empty or 0."""
        found = as_texts(row, DAY)
        return cls(
            day=found["day"],
            records=_count(found["records"]),
            good=_count(found["good"]),
            bad=_count(found["bad"]),
            money=_money(found["money"]),
        )


@dataclass(frozen=True, slots=True)
class FileTotal:
    """One file of a day; ``note`` is mieuTa."""

    day: str
    transaction: str
    records: int
    good: int
    bad: int
    money: Decimal
    note: str

    def to_object(self) -> dict[str, Any]:
        """Under the published keys; money as a JSON number."""
        return {**as_object(self, FILE), "tongTien": _number(self.money)}

    @classmethod
    def from_object(cls, row: Mapping[str, Any]) -> FileTotal:
        """From a row of an answer; what is missing or odd is empty or 0."""
        found = as_texts(row, FILE)
        return cls(
            day=found["day"],
            transaction=found["transaction"],
            records=_count(found["records"]),
            good=_count(found["good"]),
            bad=_count(found["bad"]),
            money=_money(found["money"]),
            note=found["note"],
        )


@dataclass(frozen=True, slots=True, repr=False)
class FileError:
    """One error of a file. ``text`` may quote the record."""

    code: str
    text: str

    def to_object(self) -> dict[str, Any]:
        """Under the published keys.

        >>> FileError("201", "x").to_object()
        {'maLoi': '201', 'moTaLoi': 'x'}
        """
        return as_object(self, ERROR)

    @classmethod
    def from_object(cls, row: Mapping[str, Any]) -> FileError:
        """From a row of an answer."""
        return cls(**as_texts(row, ERROR))

    def __repr__(self) -> str:
        return f"<FileError {self.code[:4]}>"


def _number(money: Decimal) -> int | float:
    return int(money) if money == int(money) else float(money)


def _money(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


DAY = wire_names(DayTotal, "ngayGui", "tongSo", "soHSThanhCong", "soHSLoi", "tongTien")
FILE = wire_names(
    FileTotal,
    *("ngayGui", "maGiaoDich", "soLuongHoSo", "slHoSoDung", "slHoSoLoi", "tongTien", "mieuTa"),
)
ERROR = wire_names(FileError, "maLoi", "moTaLoi")
