"""The clinical notes of an episode, for the kinds of visit that have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from vnhealth.synth._context import Context
from vnhealth.synth._episode import Episode, NoteLine
from vnhealth.synth._notes import note

__all__ = ["journal"]

_DAILY = {"sinh": "sinh", "sinhmo": "mo", "phauthuat": "mo", "sosinh": "be"}
_STAGES = ("Giai đoạn toàn phát", "Giai đoạn hồi phục")


def journal(ctx: Context, e: Episode) -> Iterator[NoteLine]:
    """Notes in the order of time; none for a plain examination or a drug collection."""
    setting = e.scenario.setting
    if setting in ("in", "day", "short"):
        yield from _ward(ctx, e)
    elif setting == "chronic":
        dice = e.dice.fork("notes")
        yield NoteLine(note(dice, "man", e.diagnosis), _after_exam(e), e.doctor)
    elif setting in ("course", "sessions"):
        yield from _repeated(e)


def _after_exam(e: Episode) -> dt.datetime:
    return min(e.arrived + dt.timedelta(minutes=25), e.ended)


def _ward(ctx: Context, e: Episode) -> Iterator[NoteLine]:
    dice = e.dice.fork("notes")
    assert e.admitted is not None
    text = note(dice, "vao", e.diagnosis)
    yield NoteLine(text, e.admitted, e.doctor)
    nurse = dice.pick(ctx.facility.helpers(e.dept))
    for line in e.services:
        if line.service is not None and line.service.ma_nhom == 8 and line.done and line.result:
            told = note(dice, "thuat", e.diagnosis, service=line.service.ten_dich_vu)
            report = "Sau phẫu thuật người bệnh ổn định, chuyển về khoa theo dõi."
            staff = line.performer or e.doctor
            yield NoteLine(report, line.result, staff, surgery=told)
    days = (e.ended.date() - e.admitted.date()).days
    kind = _DAILY.get(e.scenario.tag, "ngay")
    for n in range(1, days):
        morning = dt.datetime.combine(e.admitted.date() + dt.timedelta(days=n), dt.time(8, 10))
        consult = note(dice, "thamvan", e.diagnosis) if n == 2 and dice.percent(25) else ""
        text = note(dice, kind, e.diagnosis, n + 1)
        stage = _STAGES[n * 2 > days] if dice.percent(30) else ""
        yield NoteLine(text, morning, e.doctor, stage=stage, consult=consult)
        afternoon = morning + dt.timedelta(hours=6, minutes=dice.below(50))
        if dice.percent(60):
            yield NoteLine(note(dice, "phieu", e.diagnosis), afternoon, nurse)
    if days and e.discharge == "1":
        yield NoteLine(note(dice, "ra", e.diagnosis), e.ended, e.doctor)


def _repeated(e: Episode) -> Iterator[NoteLine]:
    dice = e.dice.fork("notes")
    kind = "loc" if e.scenario.setting == "sessions" else "dot"
    seen: dict[dt.date, dt.datetime] = {}
    for line in e.services:
        if line.service is not None and line.service.ma_nhom == 18 and line.result:
            seen[line.ordered.date()] = line.result
    for n, moment in enumerate(seen.values(), 1):
        if n == 1 or n % 2 == 0:
            yield NoteLine(note(dice, kind, e.diagnosis, n), moment, e.doctor)
