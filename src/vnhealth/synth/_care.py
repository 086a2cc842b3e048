"""What happens in each setting: from the first examination to the last order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from vnhealth.spec import Edition
from vnhealth.synth._context import Context
from vnhealth.synth._data import services
from vnhealth.synth._episode import Episode
from vnhealth.synth._facilities import facilities
from vnhealth.synth._journal import journal
from vnhealth.synth._orders import Orders
from vnhealth.synth._plan import written_end

__all__ = ["fill"]

_EXAMS = {"capcuu": "khamcapcuu", "tuxa": "khamtuxa", "tainha": "khamnha", "suckhoe": "khamsk"}
_NO_DRUGS = ("suckhoe", "sangloc")
_FUEL_FROM = dt.date(2025, 10, 17)
"""Before this day the list of fuel codes (QD 824 annex 5) is not known."""


def _minutes(n: int) -> dt.timedelta:
    return dt.timedelta(minutes=n)


def _morning(day: dt.date, minute: int) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 7 + minute // 60, minute % 60)


def _out(o: Orders) -> None:
    e, tag = o.episode, o.episode.scenario.tag
    o.examine(_EXAMS.get(tag, "kham"), e.arrived + _minutes(5))
    share = 100 if tag in (*_NO_DRUGS, "duongthai") else 60
    o.tests(o.latest + _minutes(4), share)
    for key in o.profile.procedures:
        o.perform(key, o.latest + _minutes(3))
    if o.profile.procedures:
        o.supplies_of(o.latest)
    twice = o.ctx.edition not in (Edition.QD4210, Edition.QD130)
    if tag == "kham" and twice and o.dice.percent(7):
        o.examine("khamlai", o.latest + _minutes(8), rate=30)
    if tag not in _NO_DRUGS:
        o.prescribe(o.profile.home, o.latest + _minutes(6))
        if o.ctx.modern and tag == "kham" and o.dice.percent(4):
            o.prescribe(("thuocho",), o.latest)
    e.ended = o.latest + _minutes(o.dice.between(6, 18))


def _admission(o: Orders) -> None:
    """Examination, tests, operation or delivery, supplies of the first day."""
    e, tag = o.episode, o.episode.scenario.tag
    assert e.admitted is not None
    if tag != "sosinh":
        o.examine("kham", e.arrived + _minutes(5))
    o.tests(max(o.latest, e.admitted) + _minutes(4), 100 if tag != "luutram" else 45)
    if e.baby is not None and tag != "sosinh":
        for key in o.profile.procedures:
            line = o.perform(key, e.baby.born - _minutes(services()[key].phut + 20))
            _anaesthetise(o, line.ordered, key)
            o.supplies_of(e.baby.born, line)
    elif tag == "phauthuat":
        for key in o.profile.procedures:
            line = o.perform(key, max(o.latest, e.admitted) + _minutes(30))
            _anaesthetise(o, line.ordered, key)
            o.supplies_of(o.latest, line)
    else:
        o.supplies_of(e.admitted + _minutes(10))


def _anaesthetise(o: Orders, at: dt.datetime, key: str) -> None:
    operation = services()[key]
    if operation.ma_nhom != 8:
        return
    drug = "propofol" if operation.vo_cam == "1" else "bupiva"
    o.administer((drug,), at, operation.ma_dich_vu)
    if o.dice.percent(12):
        o.administer(("hongcau",), at)


def _daily(o: Orders, day: dt.date, first: dt.datetime | None = None) -> None:
    """Drugs and procedures of one day on the ward or in day care."""
    at = first or _morning(day, o.dice.between(25, 70))
    o.administer(o.profile.ward, at)
    if o.episode.scenario.tag in ("noitru", "banngay", "sosinh"):
        for key in o.profile.procedures:
            o.perform(key, at + _minutes(20), o.episode.dept)


def _in(o: Orders) -> None:
    e = o.episode
    assert e.admitted is not None
    _admission(o)
    last = e.ended.date()
    start = e.admitted.date()
    _daily(o, start, e.admitted + _minutes(15))
    for n in range(1, (last - start).days):
        _daily(o, start + dt.timedelta(days=n))
    bed = e.scenario.bed
    if bed == "giuongnoi" and e.dept in ("K12", "K18"):
        bed = {"K12": "giuonglao", "K18": "giuongnhi"}[e.dept]
    o.beds(bed, (last - start).days)
    meals = o.ctx.edition not in (Edition.QD4210, Edition.QD130)
    if meals and e.surcharge and o.dice.percent(50):
        o.charge("tiennghi", e.admitted + _minutes(30), (last - start).days).covered = False
    leaving = e.ended - _minutes(o.dice.between(20, 60))
    o.prescribe(o.profile.home, max(o.latest, leaving))
    e.ended = max(e.ended, o.latest + _minutes(5))


def _day(o: Orders) -> None:
    e = o.episode
    assert e.admitted is not None
    _admission(o)
    days = (e.ended.date() - e.arrived.date()).days
    _daily(o, e.arrived.date(), max(o.latest, e.admitted) + _minutes(10))
    for n in range(days + 1):
        day = e.arrived.date() + dt.timedelta(days=n)
        if n:
            _daily(o, day)
        if n < days:
            start = e.admitted if not n else _morning(day, 20)
            o.charge(e.scenario.bed, start, 1).bed = "H001"
    e.ended = max(o.latest + _minutes(15), _morning(e.ended.date(), 400))


def _course(o: Orders) -> None:
    e = o.episode
    o.examine("kham", e.arrived + _minutes(5))
    o.tests(o.latest + _minutes(4))
    last = (o.ctx.day - e.arrived.date()).days
    sessions = last if o.ctx.old else last + 1
    for n in range(sessions):
        day = e.arrived.date() + dt.timedelta(days=n)
        at = _morning(day, o.dice.between(50, 110)) if n else o.latest + _minutes(10)
        for key in o.profile.procedures:
            o.perform(key, at, e.dept)
            at = o.latest + _minutes(2)
    o.prescribe(o.profile.home, e.arrived + _minutes(160))
    e.ended = o.latest + _minutes(10)


def _chronic(o: Orders) -> None:
    e, tag = o.episode, o.episode.scenario.tag
    if tag != "linhthuoc":
        o.examine("kham", e.arrived + _minutes(5))
        o.tests(o.latest + _minutes(4), 100 if tag == "lao" else 45)
    days = e.scenario.days_min
    o.prescribe(o.profile.home, o.latest + _minutes(8), days)
    e.ended = o.latest + _minutes(o.dice.between(6, 15))


def _sessions(o: Orders) -> None:
    e = o.episode
    span = (e.ended.date() - e.arrived.date()).days
    count = span // 2 + 1
    for n in range(count):
        day = o.ctx.day - dt.timedelta(days=2 * (count - 1 - n))
        at = _morning(day, o.dice.between(0, 25))
        if not n:
            e.arrived = at - _minutes(12)
        line = o.perform("locmau", at)
        o.supply("qualoc", at, line)
        o.supply("bomtiem", at, None, 2)
        o.administer(("heparin",), at + _minutes(4))
        if n % 3 == 0:
            o.administer(("erythropoietin",), at + _minutes(200))
    e.ended = o.latest + _minutes(8)


def _short(o: Orders) -> None:
    e = o.episode
    assert e.admitted is not None
    o.examine("kham", e.arrived + _minutes(4))
    o.tests(max(o.latest, e.admitted) + _minutes(2), 60)
    o.administer(o.profile.ward, e.admitted + _minutes(6))
    o.supplies_of(e.admitted + _minutes(6))
    e.ended = o.latest + _minutes(10)


_SETTINGS: dict[str, Callable[[Orders], None]] = {
    "out": _out,
    "in": _in,
    "day": _day,
    "course": _course,
    "chronic": _chronic,
    "collect": _chronic,
    "sessions": _sessions,
    "short": _short,
}


def _leave(ctx: Context, e: Episode) -> None:
    """How the visit ends: result, type of discharge, transfer, appointment."""
    dice = e.dice.fork("leave")
    tag, setting = e.scenario.tag, e.scenario.setting
    chance = dice.below(100)
    e.outcome = "1" if tag in ("sinh", "sinhmo", "sosinh") else dice.pick("122")
    transfer = {"in": 6, "short": 65, "out": 3}.get(setting, 0)
    calm = ("sinh", "sinhmo", "sosinh", "suckhoe", "sangloc", "phauthuat", "duongthai", "luutram")
    if tag in calm:
        transfer = 0
    if chance < transfer:
        e.discharge = dice.pick(("2", "2", "2", "5"))
        e.outcome = dice.pick("334")
        others = [f.code for f in facilities(ctx.seed) if f.tier != "huyen"]
        e.sent_to = dice.pick([code for code in others if code != ctx.facility.code])
    elif tag == "noitru" and chance > 97:
        e.discharge, e.outcome = "3", "7" if not ctx.old else "3"
    elif tag == "noitru" and chance > 94:
        e.discharge, e.outcome = "4", "2"
    number = dice.below(9000) + 100
    if e.why == "transfer":
        e.came_from = f"{e.person.place.province}997"
        e.paper = f"{number:05d}/GCT-{e.arrived.year}"
    elif e.why == "appointment":
        e.paper = f"{number:05d}/GHKL-{e.arrived.year}"
    wait = {"chronic": 28 if ctx.modern else 1, "in": dice.between(7, 21)}.get(setting, 10)
    often = {"chronic": 100, "in": 35, "out": 22 if tag == "kham" else 0, "collect": 0}
    if e.discharge == "1" and dice.percent(often.get(setting, 0)):
        e.follow_up = ctx.day + dt.timedelta(days=wait)
    fuel = ctx.day >= _FUEL_FROM and not ctx.old
    if e.discharge == "2" and setting in ("in", "short") and fuel:
        orders = Orders(ctx, e)
        line = orders.charge("vanchuyen", e.ended - _minutes(3), dice.between(18, 90))
        line.code, line.fuel = f"VC.{e.sent_to}", "D1S5V1"


def fill(ctx: Context, episode: Episode) -> None:
    """Orders, end and outcome of a planned episode."""
    orders = Orders(ctx, episode)
    _SETTINGS[episode.scenario.setting](orders)
    episode.written_end = written_end(ctx, episode.scenario, episode.ended)
    _leave(ctx, episode)
    if not episode.insured:
        for drug in episode.drugs:
            drug.covered = False
        for service in episode.services:
            service.covered = False
    episode.drugs.sort(key=lambda line: line.ordered)
    episode.services.sort(key=lambda line: line.ordered)
    episode.notes.extend(journal(ctx, episode))
