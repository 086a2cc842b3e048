"""Quick tests that most rows pass: then the rules they name cannot break and are not run.

A gate may be false for a sound row (the rules then decide); it may never be true for a broken one.
Tests hold each gate to that on mutated rows.
"""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, Any

from vnhealth.rules._amounts import HUNDRED, ZERO, r2
from vnhealth.rules._case import Case
from vnhealth.rules._icd import surely_fits
from vnhealth.rules._model import ClaimGate, Gate
from vnhealth.rules._totals import SUPPLY_GROUPS, sums

if TYPE_CHECKING:
    from vnhealth.localtime import LocalTime

__all__ = ["CLAIM_GATES", "GATES"]


def line(
    case: Case,
    quantity: Any,
    price: Any,
    insured_price: Any,
    total: Any,
    insured: Any,
    special: Any,
    rate: Any,
    percent: Any,
    own: Any,
    shared: Any,
    fund: Any,
    other: Any,
    state: Any,
    abroad: Any,
    inland: Any,
    rest: Any,
) -> bool:
    """All amounts of a line are right to the last digit, at the full rate of a service (``special``
    is None for drugs), and nobody else pays.
    """
    try:
        if other or state or abroad or inland or rest or quantity * price != total:
            return False
        if special is not None and special != 100:
            return False
        if rate != 100:
            if not 0 <= rate < 100 or insured * HUNDRED != quantity * insured_price * rate:
                return False
        elif (
            insured is not total or insured_price is not price
        ) and insured != quantity * insured_price:
            return False
        if own if insured is total else own != total - insured:
            return False
        if fund is insured and percent == HUNDRED:
            return not shared
        return bool(
            shared == insured - fund
            and ZERO <= percent <= HUNDRED
            and (fund * HUNDRED == insured * percent or fund == r2(insured * percent / HUNDRED))
        )
    except TypeError:  # a value is missing
        return False


def drug_times(case: Case, ordered: LocalTime | None, done: LocalTime | None) -> bool:
    """NGAY_YL lies within the stay, is not after NGAY_TH_YL and on no holiday."""
    if ordered is None:
        return False
    text = ordered.text
    return (
        case.begin_text <= text <= case.until_text
        and (done is None or text <= done.text)
        and text[:8] not in case.calendar.off_digits
    )


def service_times(
    case: Case, ordered: LocalTime | None, done: LocalTime | None, result: LocalTime | None
) -> bool:
    """The same, and NGAY_KQ is not before NGAY_YL and within the stay."""
    if ordered is None:
        return False
    text = ordered.text
    return (
        case.begin_text <= text <= case.until_text
        and (done is None or text <= done.text)
        and (result is None or text <= result.text <= case.until_text)
    )


def within(case: Case, time: LocalTime | None) -> bool:
    """The time of a result or a note lies within the stay, or is not given."""
    return time is None or case.begin_text <= time.text <= case.until_text


def summary_times(
    case: Case,
    born: LocalTime | None,
    begin: LocalTime | None,
    end: LocalTime | None,
    admitted: LocalTime | None,
    settled: LocalTime | None,
    year: int | None,
    month: int | None,
) -> bool:
    """The times of XML1 are in order: birth, arrival, admission, end, settlement and claim."""
    if born is None or begin is None or end is None or year is None or month is None:
        return False
    start, stop = begin.text, end.text
    return (
        start <= stop
        and len(start) == len(stop) == 12
        and born.text[:4] < start[:4]
        and start[:4] != "0000"
        and int(start[:4]) - int(born.text[:4]) > 1
        and (admitted is None or start <= admitted.text)
        and (settled is None or stop <= settled.text)
        and 1 <= month <= 12
        and year * 100 + month >= int(stop[:6])
    )


def fitting_diagnoses(
    case: Case, main: str | None, others: str | None, sex: str | None, born: LocalTime | None
) -> bool:
    """No diagnosis can contradict sex or age, or lacks detail."""
    begin = case.begin
    if born is None or begin is None:
        return False
    years = int(begin.text[:4]) - int(born.text[:4])
    return surely_fits(case, main, sex, years) and surely_fits(case, others, sex, years)


def _codes(table: str, *numbers: str) -> frozenset[str]:
    return frozenset(f"BHYT-{table}-{number}" for number in numbers)


_SUPPORT = (
    "t_nguonkhac",
    "t_nguonkhac_nsnn",
    "t_nguonkhac_vtnn",
    "t_nguonkhac_vttn",
    "t_nguonkhac_cl",
)
_SHARES = ("muc_huong", "t_bntt", "t_bncct", "t_bhtt")
_AMOUNTS = ("017", "018", "019", "020", "021", "022", "032")

GATES: tuple[Gate, ...] = (
    Gate(
        "XML1",
        summary_times,
        (
            *("ngay_sinh", "ngay_vao", "ngay_ra", "ngay_vao_noi_tru", "ngay_ttoan"),
            *("nam_qt", "thang_qt"),
        ),
        _codes("XML1", "061", "062", "078", "079", "080", "084", "085"),
    ),
    Gate(
        "XML1",
        fitting_diagnoses,
        ("ma_benh_chinh", "ma_benh_kt", "gioi_tinh", "ngay_sinh"),
        _codes("XML1", "154", "155", "156"),
    ),
    Gate(
        "XML2",
        line,
        (
            *("so_luong", "don_gia", "don_gia", "thanh_tien_bv", "thanh_tien_bh"),
            *("", "tyle_tt_bh", *_SHARES, *_SUPPORT),
        ),
        _codes("XML2", "010", "011", *_AMOUNTS),
    ),
    Gate(
        "XML3",
        line,
        (
            *("so_luong", "don_gia_bv", "don_gia_bh", "thanh_tien_bv", "thanh_tien_bh"),
            *("tyle_tt_dv", "tyle_tt_bh", *_SHARES, *_SUPPORT),
        ),
        _codes("XML3", "012", "013", "014", "015", "016", *_AMOUNTS),
    ),
    Gate("XML2", drug_times, ("ngay_yl", "ngay_th_yl"), _codes("XML2", "063", "065", "083")),
    Gate(
        "XML3",
        service_times,
        ("ngay_yl", "ngay_th_yl", "ngay_kq"),
        _codes("XML3", "063", "064", "065", "066"),
    ),
    Gate("XML4", within, ("ngay_kq",), _codes("XML4", "066")),
    Gate("XML5", within, ("thoi_diem_dbls",), _codes("XML5", "067")),
)


def balanced(case: Case) -> bool:
    """Every total of XML1 is the exact sum of the lines."""
    x1 = case.x1
    if x1 is None or case.old:
        return False
    drugs, services = sums(case, "XML2"), sums(case, "XML3")
    try:
        price, insured, own, shared, fund, other = map(add, drugs, services)
        supplies = sum(
            [row.thanh_tien_bv for row in case.rows("XML3") if row.ma_nhom in SUPPLY_GROUPS], ZERO
        )
        return bool(
            x1.t_thuoc == drugs[0]
            and x1.t_vtyt == supplies
            and x1.t_tongchi_bv == price == own + shared + fund + other
            and x1.t_tongchi_bh == insured
            and x1.t_bntt == own
            and x1.t_bncct == shared
            and x1.t_bhtt == fund == insured - shared
            and x1.t_nguonkhac == other
        )
    except TypeError:  # a value is missing
        return False


CLAIM_GATES: tuple[ClaimGate, ...] = (
    ClaimGate(
        balanced,
        frozenset(f"BHYT-CLAIM-{number}" for number in (*range(101, 109), 111, 112, 113)),
    ),
)
