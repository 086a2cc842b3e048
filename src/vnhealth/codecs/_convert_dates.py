"""Conversion methods for dates, times and days of treatment. Each is named in the CSV files."""

from __future__ import annotations

import re
from decimal import Decimal

from vnhealth.codecs._convert_job import Job, method
from vnhealth.codecs._convert_money import computed
from vnhealth.codecs._convert_values import assumed
from vnhealth.codecs._loss import Loss
from vnhealth.localtime import LocalTime, Precision
from vnhealth.spec import Edition

__all__: list[str] = []

OUTPATIENT_4210 = ("02", "05", "07", "08")
"""Types of care that edition 4210 calls outpatient treatment."""
ENDS_2359 = ("02", "05", "07")
"""Types of care whose end QD 130 and QD 4750 write with the time 2359 (rule D15)."""


@method
def birth_to_12(job: Job) -> str:
    """Birth dates of 4210 with the time part; a bare year keeps its month and day unknown."""
    text = job.text
    if re.fullmatch("[0-9]{4}", text):
        job.note(Loss.RECODED)
        return f"{text}00000000"
    if not re.fullmatch("[0-9]{8}", text):
        return text
    if text.endswith("0101"):
        unknown = job.context.new_year_is_unknown
        job.note(Loss.RECODED if unknown else Loss.KEPT)
        return f"{text[:4]}00000000" if unknown else f"{text}0000"
    job.note(Loss.RESHAPED, "", "")
    return f"{text}0000"


@method
def birth_to_8(job: Job) -> str:
    """Birth dates without the time part; unknown month and day become 01."""
    text = job.text
    if not re.fullmatch("[0-9]{12}", text):
        return text
    month, day = text[4:6].replace("00", "01"), text[6:8].replace("00", "01")
    if month + day != text[4:8]:
        job.note(Loss.RECODED)
    if text[8:] != "0000":
        job.note(Loss.TRUNCATED, "", "")
    elif month + day == text[4:8]:
        job.note(Loss.RESHAPED, "", "")
    return text[:4] + month + day


@method
def day(job: Job) -> str:
    """The day of a time."""
    if len(job.text) != 12:
        return job.text
    job.note(Loss.RESHAPED if job.text.endswith("0000") else Loss.TRUNCATED)
    return job.text[:8]


@method
def midnight(job: Job) -> str:
    """The day with the time 0000."""
    if len(job.text) != 8:
        return job.text
    job.note(Loss.ASSUMED)
    return f"{job.text}0000"


@method
def end_after_4210(job: Job) -> str:
    """End of outpatient treatment: 0000 becomes 2359 until QD 3176, which wants the real time."""
    if job.context.kind != "02" or len(job.text) != 12 or not job.text.endswith("0000"):
        return job.text
    if job.target in (Edition.QD130, Edition.QD4750):
        job.note(Loss.RECODED)
        return f"{job.text[:8]}2359"
    job.note(Loss.KEPT)
    return job.text


@method
def end_for_4210(job: Job) -> str:
    """End of outpatient treatment with the time 0000."""
    if job.context.kind not in OUTPATIENT_4210 or len(job.text) != 12 or job.text[8:] == "0000":
        return job.text
    job.note(Loss.RECODED)
    return f"{job.text[:8]}0000"


@method
def end_real(job: Job) -> str:
    """A conventional 2359 is kept but said to be no fact."""
    if job.context.kind in ENDS_2359 and job.text.endswith("2359"):
        job.note(Loss.KEPT)
    return job.text


@method
def end_2359(job: Job) -> str:
    """The real end of outpatient treatment becomes 2359."""
    if job.context.kind not in ENDS_2359 or len(job.text) != 12 or job.text.endswith("2359"):
        return job.text
    job.note(Loss.RECODED)
    return f"{job.text[:8]}2359"


@method
def copied_time(job: Job) -> str:
    """A time that the source does not hold, copied from its neighbour on request."""
    return assumed(job)


@method
def performed(job: Job) -> str:
    """Time of execution, else that of the order."""
    if job.text or not job.get("NGAY_YL"):
        return job.text
    job.note(Loss.ASSUMED)
    return job.get("NGAY_YL")


def _date(text: str) -> LocalTime | None:
    try:
        found = LocalTime.parse(text)
    except ValueError:
        return None
    return found if found.precision >= Precision.DAY else None


def _service_days(job: Job) -> int | None:
    """Distinct days on which a line was carried out."""
    days = set()
    for name in ("XML2", "XML3"):
        for row in job.context.claim.rows(name):
            texts = [row.text(t) for t in ("NGAY_TH_YL", "NGAY_YL") if t.lower() in row.ATTRS]
            at = _date(next((text for text in texts if text), ""))
            if at is not None:
                days.add(at.date())
    return len(days) or None


@method
def days(job: Job) -> str:
    """SO_NGAY_DTRI as the target edition counts it (rules D13 and D14)."""
    kind, older = job.context.kind, job.target in (Edition.QD130, Edition.QD4750)
    start, end = _date(job.summary("NGAY_VAO")), _date(job.summary("NGAY_RA"))
    value: int | None = None
    if kind == "09" or (older and kind in ("01", "07")):
        value = 0
    elif kind == "08" or (kind == "02" and not older):
        value = _service_days(job)
    elif kind not in ("", "05", "07") and start is not None and end is not None:
        value = (end.date() - start.date()).days + 1
    if value is not None and value < 0:
        value = None
    return computed(job, None if value is None else Decimal(value))
