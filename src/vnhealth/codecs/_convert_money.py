"""Conversion methods for amounts, rates and totals.

Formulas are those of the decisions (line amounts, split of a line, case totals); amounts are
`Decimal`, rounded half up to 2 decimals. What cannot be computed is kept or left empty and said so.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from vnhealth.codecs._convert_job import Job, amount, method, number, rounded
from vnhealth.codecs._convert_lists import beds_and_visits
from vnhealth.codecs._loss import Loss
from vnhealth.records import Record, to_text
from vnhealth.spec import Edition, Family

__all__ = ["computed"]

HUNDRED = Decimal(100)
TOLERANCE = Decimal("0.02")
"""Of one line, in VND; see rule L19."""


def _percent(text: str) -> Decimal | None:
    value = number(text)
    return None if value is None else value / HUNDRED


def _special(job: Job) -> bool:
    """A 4210 line whose rate is of a special service: beds, visits, added surgery."""
    rate, group = job.get("TYLE_TT"), job.get("MA_NHOM")
    if beds_and_visits(group):
        return rate not in ("", "100") and job.get("PHAM_VI") != "2"
    return group in ("8", "18") and rate in ("50", "80")


@method
def service_rate(job: Job) -> str:
    """TYLE_TT_DV of a 4210 line: its rate when special (beds 30 become 33), else 100."""
    if not job.text:
        return ""
    if not _special(job):
        job.note(Loss.ASSUMED)
        return "100"
    job.note(Loss.RECODED)
    return "33" if job.text == "30" and job.get("MA_NHOM") in ("14", "15", "16") else job.text


@method
def insurance_rate(job: Job) -> str:
    """TYLE_TT_BH of a 4210 line: 100 when its rate is of a special service."""
    if not _special(job):
        return job.text
    job.note(Loss.RECODED)
    return "100"


@method
def rate_for_4210(job: Job) -> str:
    """The one rate of 4210, when only one of both rates is below 100."""
    service, insurance = job.get("TYLE_TT_DV"), job.text
    if service in ("", "100") and insurance:
        return insurance
    if insurance == "100" and service:
        bed = service == "33" and job.get("MA_NHOM") in ("14", "15", "16")
        job.note(Loss.RECODED)
        job.note(Loss.RECODED, of="TYLE_TT_DV")
        return "30" if bed else service
    if insurance:
        job.note(Loss.UNDETERMINED)
    if service:
        job.note(Loss.UNDETERMINED, of="TYLE_TT_DV")
    return ""


def computed(job: Job, value: Decimal | None) -> str:
    """An amount that was computed; the source text (or nothing) when it could not be."""
    if value is None:
        if job.text:
            job.note(Loss.NOT_RECOMPUTED)
        return job.text
    if number(job.text) != value:
        job.note(Loss.RECOMPUTED)
        return to_text(value)
    return job.text


def _full(job: Job, price: str) -> Decimal | None:
    return amount(number(job.get("SO_LUONG")), number(job.get(price)))


@method
def drug_in_scope(job: Job) -> str:
    """THANH_TIEN_BH of a drug: quantity, price and rate (rule L11)."""
    factors = (job.get("SO_LUONG"), job.get("DON_GIA"))
    value = amount(*(number(text) for text in factors), _percent(job.get("TYLE_TT")))
    return _derived(job, value)


def _derived(job: Job, value: Decimal | None) -> str:
    if value is None:
        if job.text:
            job.note(Loss.UNDETERMINED)
        return ""
    job.note(Loss.RECOMPUTED)
    return to_text(value)


@method
def service_in_scope(job: Job) -> str:
    """THANH_TIEN_BH of a 4210 service: already multiplied when special, else times its rate."""
    rate = Decimal(1) if _special(job) else _percent(job.get("TYLE_TT"))
    return _derived(job, amount(number(job.text), rate))


def _amount_after_4210(job: Job) -> Decimal | None:
    own = number(job.get("THANH_TIEN"))
    if job.target is Edition.QD130 and _special(job):
        return _full(job, "DON_GIA")
    return own


@method
def amount_after_4210(job: Job) -> str:
    """THANH_TIEN_BV of a 4210 service; QD 130 wants it before the service rate (rule L12)."""
    if job.target is Edition.QD130 and _special(job):
        return computed(job, _amount_after_4210(job))
    return job.text


@method
def self_pay_after_4210(job: Job) -> str:
    """T_BNTT with what the amount grew by, so that the line still balances."""
    if job.target is not Edition.QD130 or not _special(job):
        return job.text
    return _shifted(job, number(job.get("THANH_TIEN")), _amount_after_4210(job))


def _shifted(job: Job, old: Decimal | None, new: Decimal | None) -> str:
    own = number(job.text)
    if old is None or new is None or own is None or own + new - old < 0:
        return computed(job, None)
    return computed(job, own + new - old)


def _rated(job: Job) -> Decimal | None:
    """The service rate of a line of the 130 family when it is below or above 100."""
    rate = _percent(job.get("TYLE_TT_DV"))
    return None if rate is None or rate == 1 else rate


def _with_rate(job: Job) -> Decimal | None:
    return amount(number(job.get("THANH_TIEN_BV")), _rated(job))


@method
def amount_with_rate(job: Job) -> str:
    """THANH_TIEN_BV times the service rate (rule L13)."""
    return job.text if _rated(job) is None else computed(job, _with_rate(job))


@method
def self_pay_with_rate(job: Job) -> str:
    """T_BNTT less what the amount fell by."""
    if _rated(job) is None:
        return job.text
    return _shifted(job, number(job.get("THANH_TIEN_BV")), _with_rate(job))


@method
def amount_without_rate(job: Job) -> str:
    """THANH_TIEN_BV before the service rate (rule L12)."""
    return job.text if _rated(job) is None else computed(job, _full(job, "DON_GIA_BV"))


@method
def self_pay_without_rate(job: Job) -> str:
    """T_BNTT with what the amount grew by."""
    if _rated(job) is None:
        return job.text
    return _shifted(job, number(job.get("THANH_TIEN_BV")), _full(job, "DON_GIA_BV"))


@method
def amount_for_4210(job: Job) -> str:
    """THANH_TIEN of a service: with the service rate, which QD 130 leaves out (rule L02)."""
    return amount_with_rate(job) if job.source is Edition.QD130 else job.text


@method
def self_pay_for_4210(job: Job) -> str:
    """T_BNTT less what the amount fell by."""
    return self_pay_with_rate(job) if job.source is Edition.QD130 else job.text


@method
def other_rest(job: Job) -> str:
    """The whole support of other sources as the remaining ones."""
    return _support(job, job.text)


@method
def other_zero(job: Job) -> str:
    """No support of a source, since all of it is put under the remaining ones."""
    return _support(job, "0")


def _support(job: Job, part: str) -> str:
    value = number(job.text)
    if value is None:
        if job.text:
            job.note(Loss.UNREADABLE)
        return ""
    job.note(Loss.ASSUMED if value else Loss.RECOMPUTED, *(() if value else _NONE))
    return part


_NONE = ("Không có nguồn hỗ trợ khác.", "There is no other support.")


def _in_scope(job: Job) -> Decimal | None:
    quantity, rate = number(job.get("SO_LUONG")), _percent(job.get("TYLE_TT_BH"))
    if job.rule.table == "XML2":
        return amount(quantity, number(job.get("DON_GIA")), rate)
    service = _percent(job.get("TYLE_TT_DV"))
    return amount(quantity, number(job.get("DON_GIA_BH")), service, rate)


def _parts(job: Job) -> dict[str, Decimal] | None:
    """The split of a supported line as QD 3176 wants it; None when it cannot be computed."""
    whole, scope, support = (
        number(job.get("THANH_TIEN_BV")),
        _in_scope(job),
        number(job.get("T_NGUONKHAC")),
    )
    benefit = _percent(job.get("MUC_HUONG"))
    if whole is None or scope is None or support is None or benefit is None:
        return None
    fund = rounded(scope * benefit)
    own, share = whole - scope, scope - fund
    if job.rule.table == "XML2":
        rate = _percent(job.get("TYLE_TT_BH")) or Decimal(0)
        own = rounded(whole * (1 - rate))
        fund = rounded(whole * rate * benefit)
        share = whole - fund - own
    rest = max(Decimal(0), support - own)
    left = max(Decimal(0), rest - share)
    return {
        "THANH_TIEN_BH": scope,
        "T_BNTT": max(Decimal(0), own - support),
        "T_BNCCT": max(Decimal(0), share - rest),
        "T_BHTT": fund - left,
    }


@method
def split(job: Job, tag: str) -> str:
    """One part of a line with support of other sources; lines without support are left alone."""
    if not number(job.get("T_NGUONKHAC")):
        return job.text
    parts = _parts(job)
    if parts is None:
        return computed(job, None)
    held = {name: number(job.get(name)) for name in parts}
    close = all(
        value is not None and abs(value - parts[name]) <= TOLERANCE for name, value in held.items()
    )
    return job.text if close else computed(job, parts[tag])


def _tags(what: str, family: Family) -> tuple[str, tuple[str, ...]]:
    whole = "THANH_TIEN" if family is Family.F4210 else "THANH_TIEN_BV"
    return {
        "drugs": (whole, ("XML2",)),
        "supplies": (whole, ("XML3",)),
        "all": (whole, ("XML2", "XML3")),
        "scope": ("THANH_TIEN_BH", ("XML2", "XML3")),
        "fee_for_service": ("T_BHTT", ("XML2", "XML3")),
    }.get(what, (what, ("XML2", "XML3")))


def _counts(what: str, row: Record) -> bool:
    if what == "supplies":
        return row.text("MA_NHOM") in ("10", "11") or bool(row.text("MA_VAT_TU"))
    return what != "fee_for_service" or row.text("MA_PTTT") == "1"


def _sum(what: str, rows: Iterable[Record], tag: str) -> Decimal | None:
    total = Decimal(0)
    for row in rows:
        if what == "fee_for_service" and not row.text("MA_PTTT"):
            return None
        if _counts(what, row):
            value = number(row.text(tag))
            if value is None:
                return None
            total += value
    return total


@method
def total(job: Job, what: str) -> str:
    """A total of the case as the sum of its lines (rules S01 to S10)."""
    done = job.context.done
    if not done.get("XML2") and not done.get("XML3"):
        value = None
    else:
        tag, tables = _tags(what, job.context.hop.families[1])
        value = _sum(what, (row for name in tables for row in done.get(name, ())), tag)
    if what in ("scope", "fee_for_service"):
        if value is None:
            job.note(Loss.UNDETERMINED)
            return ""
        job.note(Loss.RECOMPUTED)
        return to_text(value)
    return computed(job, value)


@method
def shifted_total(job: Job, what: str) -> str:
    """A total with what its lines changed by; untouched when they did not."""
    tag, tables = _tags(what, Family.F130)
    change = Decimal(0)
    for name in tables:
        before, after = job.context.claim.rows(name), job.context.done.get(name, ())
        for old, new in zip(before, after, strict=True):
            if old.text(tag) == new.text(tag) or not _counts(what, new):
                continue
            values = number(old.text(tag)), number(new.text(tag))
            if values[0] is None or values[1] is None:
                return computed(job, None)
            change += values[1] - values[0]
    own = number(job.text)
    if not change:
        return job.text
    return computed(job, None if own is None else own + change)
