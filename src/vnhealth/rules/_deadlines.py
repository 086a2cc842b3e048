"""Deadlines, when the time of sending is given (TT 48/2017; the draft that is to replace it)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from vnhealth.localtime import ICT, LocalTime, Precision
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import ClaimCheck, Hit

__all__ = ["CHECKS"]

WORKING_DAYS = 7
LAST_DAY_OF_MONTH_CLAIMS = 4
DRAFT_HOURS = 3


def _sent(case: Case) -> dt.datetime | None:
    sent = case.sent_at
    if sent is None or case.x1 is None:
        return None
    return sent.astimezone(ICT) if sent.tzinfo is not None else sent.replace(tzinfo=ICT)


def _known(case: Case) -> tuple[dt.datetime, dt.date] | None:
    """(sent, end of the encounter) when both are known and the calendar holds the years."""
    sent, end = _sent(case), day_of(case.end)
    if sent is None or end is None:
        return None
    days = case.calendar
    return (sent, end) if days.knows(end) and days.knows(sent.date()) else None


def at_once(case: Case) -> Hit | None:
    """Right after the end of the encounter; on the next working day if it ends on a day off."""
    known = _known(case)
    if known is None:
        return None
    sent, end = known
    due = end if case.calendar.is_working(end) else case.calendar.next_working(end)
    return (
        Hit("NGAY_RA", {"due": due.isoformat()}, table="XML1", row=0) if sent.date() > due else None
    )


def within_week(case: Case) -> Hit | None:
    """Corrected, signed and claimed within 7 working days."""
    known = _known(case)
    if known is None:
        return None
    sent, end = known
    due = case.calendar.next_working(end, WORKING_DAYS)
    return (
        Hit("NGAY_RA", {"due": due.isoformat()}, table="XML1", row=0) if sent.date() > due else None
    )


def before_fifth(case: Case) -> Hit | None:
    """Costs of a month are claimed before the 5th of the next."""
    known = _known(case)
    if known is None:
        return None
    sent, end = known
    following = (end.replace(day=1) + dt.timedelta(days=32)).replace(day=LAST_DAY_OF_MONTH_CLAIMS)
    if sent.date() <= following:
        return None
    return Hit("NGAY_RA", {"due": following.isoformat()}, table="XML1", row=0)


def not_before_end(case: Case) -> Hit | None:
    """A case is not sent before it has ended."""
    sent, end = _sent(case), _moment(case.end)
    if sent is None or end is None or sent >= end:
        return None
    return Hit("NGAY_RA", table="XML1", row=0)


def within_hours(case: Case) -> Hit | None:
    """Draft: signed data within 3 hours of the end of the encounter."""
    sent, end = _sent(case), _moment(case.end)
    if sent is None or end is None or sent - end <= dt.timedelta(hours=DRAFT_HOURS):
        return None
    return Hit("NGAY_RA", {"hours": str(DRAFT_HOURS)}, table="XML1", row=0)


def unknown_year(case: Case) -> Hit | None:
    """Deadlines cannot be judged in a year whose holidays are not held."""
    sent, end = _sent(case), day_of(case.end)
    if sent is None or end is None or _known(case) is not None:
        return None
    years = sorted({end.year, sent.year} - case.calendar.years)
    return Hit(params={"years": ", ".join(map(str, years))})


def check_in_at_once(case: Case) -> list[Hit] | None:
    """A check-in is sent as soon as the first cost has arisen: not on a later day."""
    sent = case.sent_at
    if sent is None:
        return None
    day = sent.astimezone(ICT).date() if sent.tzinfo is not None else sent.date()
    found = [
        Hit("NGAY_YL", table="XML0", row=index)
        for index, row in enumerate(case.rows("XML0"))
        if (ordered := day_of(row.ngay_yl)) is not None and day > ordered
    ]
    return found or None


def _moment(time: LocalTime | None) -> dt.datetime | None:
    return time.datetime() if time is not None and time.precision is Precision.MINUTE else None


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-080": at_once,
    "BHYT-CLAIM-081": within_week,
    "BHYT-CLAIM-082": before_fifth,
    "BHYT-CLAIM-083": not_before_end,
    "BHYT-CLAIM-084": within_hours,
    "BHYT-CLAIM-085": unknown_year,
    "BHYT-CLAIM-086": check_in_at_once,
}
