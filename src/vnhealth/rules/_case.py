"""One encounter as rules see it: its rows, its dates, and facts that several rules need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import Claim, PartForm
from vnhealth.records._convert import BLANKS
from vnhealth.rules._calendar import Calendar
from vnhealth.rules._model import CodeCatalog, Tolerance
from vnhealth.rules._rates import expected_rates
from vnhealth.spec import Edition, Family

__all__ = ["NOT_CLAIMS", "Case", "Sums", "after", "day_of", "is_empty", "money"]

NOT_CLAIMS = frozenset({"XML0", "XML12"})
"""Tables that travel alone, not in the envelope of claims."""


_INPATIENT = frozenset({"03", "04", "09"})

Sums = tuple[Decimal | None, ...]
"""The sums of some columns of a table; None where a value is not known."""


class Case:
    """An encounter under the rules of one edition and day.

    ``begin`` and ``end`` are NGAY_VAO and NGAY_RA of XML1, ``kind`` is MA_LOAI_KCB in two digits;
    each is None (or empty) when it is not there. ``inpatient`` is true for inpatient, day and
    short-stay treatment. ``rates`` are the MUC_HUONG that covered lines may have. ``whole`` is
    false when a table could not be read, so that no total can be judged.

    ``sums``, ``linked`` and ``counted`` are notes made when the rows were looked at: the sums of
    the columns of XML2 and XML3, the tables whose rows all have the MA_LK of XML1 (``link``), and
    those whose STT are 1, 2, 3 ... A table that is not in them may be as well.
    """

    def __init__(
        self,
        claim: Claim,
        edition: Edition,
        on: dt.date,
        *,
        tolerance: Tolerance,
        calendar: Calendar,
        sent_at: dt.datetime | None = None,
        catalog: CodeCatalog | None = None,
        bare: bool = False,
    ) -> None:
        self.claim = claim
        self.tables: Mapping[str, tuple[Any, ...]] = claim.tables
        self.edition = edition
        self.old = claim.family is Family.F4210
        self.on = on
        self.tolerance = tolerance
        self.calendar = calendar
        self.sent_at = sent_at
        self.catalog = catalog
        self.bare = bare
        rows = self.tables.get("XML1", ())
        first: Any = rows[0] if rows else None
        self.x1 = first
        self.begin: LocalTime | None = first.ngay_vao if first is not None else None
        self.end: LocalTime | None = first.ngay_ra if first is not None else None
        kind = first.ma_loai_kcb if first is not None else None
        self.kind: str = kind.zfill(2) if kind else ""
        self.inpatient = self.kind in _INPATIENT
        self.rates = (
            expected_rates(first.ma_the_bhyt, first.ma_doituong_kcb, self.inpatient, on)
            if first is not None and not self.old
            else None
        )
        self.last_rate: Decimal | None = None
        self.rate_words: tuple[Mapping[str, str], Mapping[str, str]] = {}, {}
        self.last_split: tuple[Any, Any] | None = None
        self.memo: dict[str, Any] = {}
        self.sums: dict[str, Sums] = {}
        self.link = first.ma_lk if first is not None else None
        self.linked: set[str] = set()
        self.counted: set[str] = set()
        self.begin_text = self.begin.text if self.begin is not None else ""
        self.end_day = self.end.text[:8] if self.end is not None else ""
        self.until = self._until_4210() if self.old else self.end
        self.until_text = self.until.text if self.until is not None else "9"
        self.to_the_minute = _has_minute(self.begin) and _has_minute(self.until)
        self.whole = PartForm.UNREADABLE not in [part.form for part in claim.parts]

    def _until_4210(self) -> LocalTime | None:
        """NGAY_RA as an upper bound: the whole day where 4210 writes the time as 0000."""
        end = self.end
        if end is None or not end.text.endswith("0000"):
            return end
        return LocalTime(end.text[:8], Precision.DAY) if end.precision >= Precision.DAY else None

    def rows(self, table: str) -> tuple[Any, ...]:
        """The rows of a table, possibly none."""
        return self.tables.get(table, ())

    def indexed(self, *tables: str) -> Iterator[tuple[str, int, Any]]:
        """(table, index, row) over some tables."""
        for table in tables:
            for index, row in enumerate(self.tables.get(table, ())):
                yield table, index, row

    @property
    def card(self) -> str:
        """The first card number of XML1 in capitals, or an empty text."""
        value = getattr(self.x1, "ma_the" if self.old else "ma_the_bhyt", None) or ""
        return value.partition(";")[0].strip().upper()

    def outside(self, time: LocalTime | None) -> bool:
        """True when a moment lies before NGAY_VAO or after NGAY_RA, as far as they are known."""
        if time is None or self.begin_text <= time.text <= self.until_text:
            return False
        if self.to_the_minute and time.precision is Precision.MINUTE:
            return True
        return after(self.begin, time) or after(time, self.until)

    @property
    def stay_days(self) -> int | None:
        """day(NGAY_RA) - day(NGAY_VAO) + 1, or None when a day is not known."""
        if self.begin_text[:8] == self.end_day and self.end_day:
            return 1
        begin, end = day_of(self.begin), day_of(self.end)
        return (end - begin).days + 1 if begin and end else None

    @property
    def service_groups(self) -> dict[str, str]:
        """MA_DICH_VU of XML3 to its MA_NHOM, worked out once."""
        found: dict[str, str] | None = self.memo.get("service_groups")
        if found is None:
            found = self.memo["service_groups"] = {
                row.ma_dich_vu: row.ma_nhom for row in self.rows("XML3") if row.ma_dich_vu
            }
        return found


def _has_minute(time: LocalTime | None) -> bool:
    return time is not None and time.precision is Precision.MINUTE


def is_empty(row: Any, attr: str) -> bool:
    """True when a field holds nothing, or blanks only; what could not be read is not empty."""
    if getattr(row, attr) is not None:
        return False
    raw = row.raw_texts
    return not raw or not raw.get(attr.upper(), "").strip(BLANKS)


def money(value: Decimal) -> str:
    """Plain digits without zeros at the end.

    >>> money(Decimal("1500.00")), money(Decimal("0.50"))
    ('1500', '0.5')
    """
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def after(one: LocalTime | None, other: LocalTime | None) -> bool:
    """True when the first is later than the second, as far as both are known.

    >>> after(LocalTime.parse("202608010930"), LocalTime.parse("20260801"))
    False
    """
    if one is None or other is None:
        return False
    return one.text > other.text and one > other


def day_of(time: LocalTime | None) -> dt.date | None:
    """The day, or None when it is not known."""
    return None if time is None else _date(time.text[:8])


@lru_cache(maxsize=4096)
def _date(digits: str) -> dt.date | None:
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
