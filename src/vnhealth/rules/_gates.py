"""Quick tests that most rows pass: then the rules they name cannot break and are not run.

A gate may be false for a sound row (the rules then decide); it may never be true for a broken one.
Tests hold each gate to that on mutated rows.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP
from typing import TYPE_CHECKING, Any

from vnhealth.rules._amounts import ARITHMETIC, CENT, HUNDRED, ZERO
from vnhealth.rules._case import Case
from vnhealth.rules._icd import surely_fits
from vnhealth.rules._model import ClaimGate, Gate
from vnhealth.rules._totals import sums

if TYPE_CHECKING:
    from vnhealth.localtime import LocalTime

__all__ = ["CLAIM_GATES", "GATES"]


def _shares(
    insured: Any, percent: Any, own_expected: Any, own: Any, shared: Any, fund: Any
) -> bool:
    """T_BNTT, T_BNCCT, T_BHTT are what they must be when nobody else pays."""
    if not ZERO <= percent <= HUNDRED or own != own_expected or shared != insured - fund:
        return False
    exact = insured * percent
    return bool(
        fund * HUNDRED == exact
        or fund == (exact / HUNDRED).quantize(CENT, ROUND_HALF_UP, ARITHMETIC)
    )


def drug_line(
    case: Case,
    quantity: Any,
    price: Any,
    total: Any,
    insured: Any,
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
    """All amounts of a drug are right to the last digit and nobody else pays."""
    try:
        if other or state or abroad or inland or rest or quantity * price != total:
            return False
        if rate == 100:
            if insured is not total and insured != total:
                return False
            return _shares(insured, percent, ZERO, own, shared, fund)
        if not 0 <= rate < 100 or insured * HUNDRED != total * rate:
            return False
        return _shares(insured, percent, total - insured, own, shared, fund)
    except TypeError:  # a value is missing
        return False


def service_line(
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
    """The same for a service or supply at its full rates."""
    try:
        if special != 100 or rate != 100 or quantity * price != total:
            return False
        if other or state or abroad or inland or rest:
            return False
        if insured is total and insured_price is price:
            return _shares(insured, percent, ZERO, own, shared, fund)
        return quantity * insured_price == insured and _shares(
            insured, percent, total - insured, own, shared, fund
        )
    except TypeError:  # a value is missing
        return False


def drug_times(case: Case, ordered: LocalTime | None, done: LocalTime | None) -> bool:
    """NGAY_YL lies within the stay and is not after NGAY_TH_YL."""
    return (
        ordered is not None
        and case.begin_text <= ordered.text <= case.until_text
        and (done is None or ordered.text <= done.text)
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
        drug_line,
        (
            *("so_luong", "don_gia", "thanh_tien_bv", "thanh_tien_bh", "tyle_tt_bh"),
            *(*_SHARES, *_SUPPORT),
        ),
        _codes("XML2", "010", "011", *_AMOUNTS),
    ),
    Gate(
        "XML3",
        service_line,
        (
            *("so_luong", "don_gia_bv", "don_gia_bh", "thanh_tien_bv", "thanh_tien_bh"),
            *("tyle_tt_dv", "tyle_tt_bh", *_SHARES, *_SUPPORT),
        ),
        _codes("XML3", "012", "013", "014", "015", "016", *_AMOUNTS),
    ),
    Gate("XML2", drug_times, ("ngay_yl", "ngay_th_yl"), _codes("XML2", "063", "065")),
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
    found = sums(case)
    try:
        drugs = found["thanh_tien_bv"][0]
        paid = x1.t_bhtt
        supplies = sum(
            [row.thanh_tien_bv for row in case.rows("XML3") if row.ma_nhom in ("10", "11")],
            ZERO,
        )
        return bool(
            x1.t_thuoc == drugs
            and x1.t_vtyt == supplies
            and x1.t_tongchi_bv == _both(found["thanh_tien_bv"])
            and x1.t_tongchi_bh == _both(found["thanh_tien_bh"])
            and x1.t_bntt == _both(found["t_bntt"])
            and x1.t_bncct == _both(found["t_bncct"])
            and x1.t_nguonkhac == _both(found["t_nguonkhac"])
            and paid == _both(found["t_bhtt"])
            and paid == x1.t_tongchi_bh - x1.t_bncct
            and x1.t_tongchi_bv == x1.t_bntt + x1.t_bncct + paid + x1.t_nguonkhac
        )
    except TypeError:  # a value is missing
        return False


def _both(parts: tuple[Any, Any]) -> Any:
    return parts[0] + parts[1]


def paid_by_service(case: Case) -> bool:
    """All lines are paid fee for service, and T_BHTT_GDV is their exact sum."""
    if case.x1 is None or case.old:
        return False
    fund = sums(case)["t_bhtt"]
    if None in fund or case.x1.t_bhtt_gdv != _both(fund):
        return False
    for table in ("XML2", "XML3"):
        for row in case.rows(table):
            if row.ma_pttt != "1":
                return False
    return True


CLAIM_GATES: tuple[ClaimGate, ...] = (
    ClaimGate(
        balanced,
        frozenset(f"BHYT-CLAIM-{number}" for number in (*range(101, 109), 111, 112, 113)),
    ),
    ClaimGate(paid_by_service, frozenset({"BHYT-CLAIM-109"})),
)
