"""Conversion methods for lists: diseases, staff, departments and machines."""

from __future__ import annotations

from vnhealth.codecs._convert_job import Context, Job, items, method
from vnhealth.codecs._convert_values import keep
from vnhealth.codecs._loss import Loss
from vnhealth.models import Diagnosis, DiagnosisSystem

__all__ = ["beds_and_visits", "machine_places"]


def beds_and_visits(cost_group: str) -> bool:
    """Examinations (13) and beds (14 to 16)."""
    return cost_group in ("13", "14", "15", "16")


@method
def last_item(job: Job) -> str:
    """The last item of a list."""
    found = items(job.text)
    if len(found) < 2:
        return job.text
    job.note(Loss.TRUNCATED)
    return found[-1]


@method
def first_items(job: Job, limit: str) -> str:
    """At most so many items of a list."""
    return _limited(job, job.text, int(limit))


def _limited(job: Job, text: str, limit: int) -> str:
    found = items(text)
    if len(found) <= limit:
        return text
    job.note(Loss.TRUNCATED, "", "")
    return ";".join(found[:limit])


def _traditional(code: str) -> bool:
    return Diagnosis.of(code).system is DiagnosisSystem.TRADITIONAL


@method
def main_icd(job: Job) -> str:
    """The main disease when it is no traditional-medicine code."""
    if job.text and _traditional(job.text):
        job.note(Loss.UNDETERMINED)
        return ""
    return job.text


@method
def other_icd(job: Job, limit: str = "") -> str:
    """The codes of a mixed list that are no traditional-medicine codes."""
    text = job.text
    if any(_traditional(code) for code in items(text)):
        job.note(Loss.RECODED)
        text = ";".join(code for code in items(text) if not _traditional(code))
    return _limited(job, text, int(limit)) if limit else text


@method
def traditional(job: Job, limit: str) -> str:
    """Traditional-medicine codes of the case, the main one first."""
    main = [code for code in [job.get("MA_BENH")] if code and _traditional(code)]
    others = [code for code in items(job.text) if _traditional(code)]
    if main + others:
        job.note(Loss.RESHAPED)
    return _limited(job, ";".join(main + others), int(limit))


@method
def line_traditional(job: Job) -> str:
    """Traditional-medicine codes of a line."""
    found = [code for code in items(job.text) if _traditional(code)]
    if found:
        job.note(Loss.RESHAPED)
    return ";".join(found)


@method
def main_disease(job: Job) -> str:
    """The main ICD-10 code, else the first traditional-medicine code."""
    traditional_codes = items(job.get("MA_BENH_YHCT"))
    if job.text or not traditional_codes:
        return job.text
    job.note(Loss.RECODED)
    job.note(Loss.RECODED, of="MA_BENH_YHCT")
    return traditional_codes[0]


@method
def other_diseases(job: Job) -> str:
    """ICD-10 and traditional-medicine codes in one list."""
    extra = items(job.get("MA_BENH_YHCT"))
    if job.rule.table == "XML1" and not job.get("MA_BENH_CHINH"):
        extra = extra[1:]
    if not extra:
        return job.text
    job.note(Loss.RECODED)
    job.note(Loss.RECODED, of="MA_BENH_YHCT")
    return ";".join(items(job.text) + extra)


@method
def claim_diseases(job: Job) -> str:
    """Main and comorbid diseases of the case."""
    codes = [job.summary("MA_BENH_CHINH"), *items(job.summary("MA_BENH_KT"))]
    text = ";".join(code for code in codes if code)
    if text:
        job.note(Loss.ASSUMED)
    return text


def _has_performers(job: Job) -> bool:
    return ";" in job.text and not job.get("MA_VAT_TU") and not beds_and_visits(job.get("MA_NHOM"))


@method
def first_staff(job: Job) -> str:
    """Who ordered a service: the first of the staff; all of them on other lines."""
    if not _has_performers(job):
        return job.text
    job.note(Loss.RECODED)
    return job.text.split(";", 1)[0].strip()


@method
def other_staff(job: Job) -> str:
    """Who performed a service: the staff after the first."""
    if not _has_performers(job):
        return ""
    job.note(Loss.RECODED)
    return job.text.split(";", 1)[1].strip()


@method
def all_staff(job: Job) -> str:
    """Ordering and performing staff in one list."""
    performers = job.get("NGUOI_THUC_HIEN")
    if not performers:
        return job.text
    job.note(Loss.RECODED)
    job.note(Loss.RECODED, of="NGUOI_THUC_HIEN")
    return ";".join(text for text in (job.text, performers) if text)


@method
def machine_short(job: Job) -> str:
    """XX.n.YYYYY.Z to XX.n.Z."""
    parts = job.text.split(";")
    short = [
        ".".join(p.split(".")[:2] + p.split(".")[3:]) if p.count(".") == 3 else p for p in parts
    ]
    if short != parts:
        job.note(Loss.TRUNCATED)
    if any(p.split(".")[1:2] == ["2"] for p in parts):
        job.note(Loss.KEPT)
    return ";".join(short)


@method
def machine_long(job: Job) -> str:
    """XX.n.Z to XX.n.YYYYY.Z with the facility of the case."""
    facility = job.summary("MA_CSKCB")
    parts = job.text.split(";")
    if not facility or not any(p.count(".") == 2 for p in parts):
        return keep(job) if job.text else ""
    job.note(Loss.ASSUMED)
    whole = []
    for part in parts:
        pieces = part.split(".")
        whole.append(".".join((*pieces[:2], facility, pieces[2])) if len(pieces) == 3 else part)
    return ";".join(whole)


def machine_places(context: Context) -> list[int | None]:
    """For each row of XML4 the index of its service in XML3, None when it is not certain.

    The service has the same MA_DICH_VU; where several lines have it, also the same NGAY_KQ.
    """
    if context.places is None:
        services = context.claim.rows("XML3")
        by_code: dict[str, list[int]] = {}
        for i, line in enumerate(services):
            by_code.setdefault(line.text("MA_DICH_VU"), []).append(i)
        found: list[int | None] = []
        for result in context.claim.rows("XML4"):
            code, at = result.text("MA_DICH_VU"), result.text("NGAY_KQ")
            same = by_code.get(code, []) if code else []
            if len(same) > 1:
                same = [i for i in same if at and services[i].text("NGAY_KQ") == at]
            found.append(same[0] if len(same) == 1 else None)
        context.places = found
    return context.places


@method
def machines_up(job: Job) -> str:
    """The machines of the results of a service, each once."""
    results = job.context.claim.rows("XML4")
    found = dict.fromkeys(
        row.text("MA_MAY")
        for row, place in zip(results, machine_places(job.context), strict=True)
        if place == job.index and row.text("MA_MAY")
    )
    if found:
        job.note(Loss.RECODED if len(found) > 1 else Loss.RESHAPED)
    return ";".join(found)


@method
def machines_down(job: Job) -> str:
    """The machines of the service of a result."""
    place = machine_places(job.context)[job.index]
    text = "" if place is None else job.context.claim.rows("XML3")[place].text("MA_MAY")
    if text:
        job.note(Loss.ASSUMED)
    return str(text)
