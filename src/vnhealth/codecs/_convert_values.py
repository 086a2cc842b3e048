"""Conversion methods for codes and texts. Each is named in the CSV files."""

from __future__ import annotations

import re

from vnhealth.codecs._convert_job import Job, items, method, number, rounded
from vnhealth.codecs._convert_plan import recode as recoded
from vnhealth.codecs._loss import Loss
from vnhealth.spec import code_set_versions

__all__ = ["assumed", "keep"]


@method
def copy(job: Job) -> str:
    """The same text."""
    return job.text


@method
def keep(job: Job) -> str:
    """The same text, but its meaning has to be looked at."""
    if job.text:
        job.note(Loss.KEPT)
    return job.text


@method
def assumed(job: Job) -> str:
    """The same text in a field that means something else, by convention."""
    if job.text:
        job.note(Loss.ASSUMED)
    return job.text


@method
def repealed(job: Job, code: str) -> str:
    """The same text; one code of it is no longer legal."""
    if job.text == code:
        job.note(Loss.KEPT)
    return job.text


@method
def with_card(job: Job) -> str:
    """Facts of an insurance card, only where there is a card."""
    if job.summary("MA_THE"):
        return job.text
    if job.text:
        job.note(Loss.NO_TARGET)
    return ""


def _recoded(job: Job, name: str, code: str) -> str:
    becomes, sure, vi, en = recoded(name, job.context.hop, code)
    loss = Loss.RESHAPED if sure and becomes != code else Loss.RECODED
    if not becomes:
        job.note(Loss.UNDETERMINED, vi or None, en or None)
    elif not sure or becomes != code:
        job.note(loss, vi, en)
    return becomes


@method
def recode(job: Job, name: str, also: str = "") -> str:
    """Code by code; what has no certain counterpart is left empty or reported."""
    if job.text and also == "keep":
        job.note(Loss.KEPT)
    separator = job.to_field.separator
    codes = items(job.text, separator) if separator else [job.text] if job.text else []
    found = [_recoded(job, name, code) for code in codes]
    return (separator or ";").join(dict.fromkeys(code for code in found if code))


@method
def entitlement(job: Job) -> str:
    """MA_LYDO_VVIEN to MA_DOITUONG_KCB: 9 without a card, else only what is certain."""
    if not job.summary("MA_THE"):
        job.note(Loss.RECODED if job.text else Loss.ASSUMED, *_NO_CARD)
        return "9"
    return _recoded(job, "ma_lydo_vvien", job.text) if job.text else ""


_NO_CARD = ("Không có thẻ BHYT: ghi 9.", "There is no insurance card: 9 is written.")


@method
def separator(job: Job, old: str, new: str) -> str:
    """Another separator between items."""
    if old not in job.text:
        return job.text
    job.note(Loss.RECODED)
    return job.text.replace(old, new)


@method
def tender_drug(job: Job) -> str:
    """decision;package;group;year without the year."""
    parts = job.text.split(";")
    if len(parts) != 4:
        return job.text
    job.note(Loss.TRUNCATED)
    return ";".join(parts[:3])


@method
def tender_supply_up(job: Job) -> str:
    """year.package.decision to decision;package;;year, the tender group left empty."""
    found = re.fullmatch(r"([0-9]{4})\.([^.;]+)\.([^;]+)", job.text)
    if not found:
        return keep(job)
    job.note(Loss.RECODED)
    year, package, decision = found.groups()
    return f"{decision};{package};;{year}"


@method
def tender_supply_down(job: Job) -> str:
    """decision;package;group;year to year.package.decision."""
    parts = job.text.split(";")
    if len(parts) != 4:
        return job.text
    job.note(Loss.TRUNCATED if parts[2] else Loss.RECODED)
    return f"{parts[3]}.{parts[1]}.{parts[0]}"


@method
def weight(job: Job) -> str:
    """Kilograms with two decimals, as text."""
    value = number(job.text)
    if value is None:
        return job.text
    text = str(rounded(value))
    if text != job.text:
        job.note(Loss.RESHAPED if value == rounded(value) else Loss.TRUNCATED)
    return text


@method
def decimal(job: Job) -> str:
    """A text that must be a number."""
    if not job.text or number(job.text) is not None:
        return job.text
    job.note(Loss.UNREADABLE)
    return ""


@method
def suffix(job: Job, old: str, new: str) -> str:
    """Another suffix of service codes."""
    parts = job.text.split(";")
    changed = [p.removesuffix(old) + new if p.endswith(old) else p for p in parts]
    if changed != parts:
        job.note(Loss.RECODED)
    return ";".join(changed)


@method
def prefix(job: Job, old: str, new: str) -> str:
    """Another prefix of a code."""
    if not job.text.startswith(old):
        return job.text
    job.note(Loss.RECODED)
    return new + job.text.removeprefix(old)


@method
def mobilised(job: Job, old: str, new: str) -> str:
    """Another mark of mobilised staff; other marks are kept and reported."""
    text = re.sub(rf"{re.escape(old)}(?=[^.;]+(;|$))", new, job.text)
    if text != job.text:
        job.note(Loss.RECODED)
    elif re.search(r"\.(HC|TX|CG)\.|\bHC\b", text):
        job.note(Loss.KEPT)
    return text


@method
def occupation(job: Job) -> str:
    """The level-2 code of an occupation, only when it is one."""
    if len(job.text) <= 2:
        return job.text
    known = {code for version in code_set_versions("ma_nghe_nghiep_cap2") for code in version.codes}
    if job.text[:2] in known and job.text.isdigit():
        job.note(Loss.TRUNCATED)
        return job.text[:2]
    job.note(Loss.UNDETERMINED)
    return ""


@method
def moved_condition(job: Job) -> str:
    """The treatment method of a transfer paper as its condition, on request."""
    return assumed(job)


@method
def merged_names(job: Job) -> str:
    """Treatment with the names of services and drugs, on request."""
    names = [job.get("TEN_DICH_VU"), job.get("TEN_THUOC")]
    if any(names):
        job.note(Loss.RECODED)
    return "; ".join(text for text in (job.text, *names) if text)
