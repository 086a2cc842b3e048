"""Decides who comes to the hospital, for what, and from when to when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from vnhealth.synth._cards import Card, card_of, category, rate, temporary_card
from vnhealth.synth._context import Context
from vnhealth.synth._data import diagnoses
from vnhealth.synth._dice import Dice
from vnhealth.synth._episode import Episode
from vnhealth.synth._items import Diagnosis, Scenario
from vnhealth.synth._names import places
from vnhealth.synth._people import HOUSEHOLDS, Household, Person, household, newborn

__all__ = ["Wanted", "plan", "written_end"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_INPATIENT = ("in", "day", "short")


def _at(day: dt.date, hour: int, minute: int) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute)


def _span(ctx: Context, scenario: Scenario, dice: Dice) -> tuple[dt.datetime, dt.datetime]:
    """When the patient arrives, and the last minute of care (before any rule on NGAY_RA)."""
    days = dice.between(scenario.days_min, scenario.days_max)
    day = ctx.day
    if scenario.setting in ("out", "short"):
        hour = dice.between(0, 18) if scenario.tag == "capcuu" else dice.between(7, 13)
        start = _at(day, hour, dice.below(60))
        return start, start + dt.timedelta(minutes=dice.between(170, 225))
    if scenario.setting in ("chronic", "collect"):
        first = day if ctx.modern else day - dt.timedelta(days=days - 1)
        start = _at(first, dice.between(7, 13), dice.below(60))
        return start, start + dt.timedelta(minutes=dice.between(170, 300))
    latest = 17 if scenario.setting == "in" else 8
    start = _at(day - dt.timedelta(days=days), dice.between(7, latest), dice.below(60))
    return start, _at(day, dice.between(13, 16), dice.below(60))


def written_end(ctx: Context, scenario: Scenario, ended: dt.datetime) -> dt.datetime:
    """NGAY_RA: QD 4210 writes 0000 and QD 130, 4750 write 2359 for outpatient treatment."""
    code = ctx.code_of(scenario)
    if ctx.old and code == "2":
        return _at(ctx.day, 0, 0)
    if not ctx.old and not ctx.modern and code in ("02", "05", "07"):
        return _at(ctx.day, 23, 59)
    return ended


def _find(
    ctx: Context, dice: Dice, diagnosis: Diagnosis, day: dt.date, role: str = ""
) -> tuple[Household, Person]:
    """A person of the population whom the diagnosis fits on a day."""
    provinces = tuple(places())
    own = provinces.index(ctx.facility.province)
    number = dice.below(HOUSEHOLDS)
    local = dice.percent(88)
    province = own if local else dice.below(len(provinces))
    while True:
        home = household(ctx.seed, number * len(provinces) + province)
        fitting = [
            p
            for p in home.members
            if p.born.date() < day
            and diagnosis.fits(p.sex, p.age(day))
            and (not role or p.role == role)
        ]
        if fitting:
            return home, dice.pick(fitting)
        number += 1


def _why(ctx: Context, dice: Dice, scenario: Scenario, insured: bool, local: bool) -> str:
    tag = scenario.tag
    if not insured or tag in ("suckhoe", "sangloc"):
        return "uninsured"
    if tag == "sosinh":
        return "newborn"
    if tag == "linhthuoc":
        return "collect"
    if local:
        return "registered"
    if tag in ("capcuu", "duoi4h", "sinh"):
        return "emergency"
    chance = dice.below(100)
    if chance < 45:
        return "transfer"
    if chance < 65 or tag in ("mantinh", "hiv", "lao", "dichvu"):
        return "appointment"
    return "self"


def _link(ctx: Context, index: int) -> str:
    """MA_LK: day, two letters of the seed, number of the encounter; 15 characters at most."""
    tag = Dice("link", ctx.seed, ctx.facility.code).below(len(_ALPHABET) ** 2)
    high, low = divmod(tag, len(_ALPHABET))
    return f"{ctx.day:%y%m%d}{_ALPHABET[high]}{_ALPHABET[low]}{index:07d}"


def _cards(
    ctx: Context,
    dice: Dice,
    person: Person,
    span: tuple[dt.date, dt.date],
    local: bool,
) -> tuple[Card, ...]:
    """The card on admission and, when the stay crosses the new year, the next one."""
    if person.role == "baby":
        return (temporary_card(person, *span),)
    first = card_of(person, span[0], ctx.facility, local)
    if first is None:
        return ()
    if first.valid_to < span[1]:
        second = card_of(person, span[1], ctx.facility, local)
        if second is not None:
            return (first, second)
    return (first,)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An encounter that is not drawn: this person, this kind of visit, this disease."""

    home: Household
    person: Person
    scenario: Scenario
    diagnosis: Diagnosis


def plan(ctx: Context, index: int, wanted: Wanted | None = None) -> Episode:
    """Encounter ``index`` of a day, without its orders."""
    dice = Dice("claim", ctx.seed, ctx.facility.code, index)
    scenario = wanted.scenario if wanted else dice.weighted(ctx.scenarios)
    arrived, ended = _span(ctx, scenario, dice.fork("span"))
    fitting = tuple(d for d in diagnoses().values() if scenario.tag in d.settings)
    diagnosis = wanted.diagnosis if wanted else dice.weighted(fitting)
    who = dice.fork("who")
    baby, grams = None, 0
    if wanted:
        home, person = wanted.home, wanted.person
    elif scenario.tag == "sosinh":
        mother = diagnoses()["O80.0"]
        home, person = _find(ctx, who, mother, arrived.date(), "mother")
        baby = newborn(ctx.seed, person, home.father, arrived - dt.timedelta(minutes=20))
        grams = who.between(26, 38) * 100
        person = baby
    else:
        role = "mother" if scenario.tag in ("sinh", "sinhmo", "duongthai") else ""
        home, person = _find(ctx, who, diagnosis, arrived.date(), role)
    admitted = None
    if scenario.setting in _INPATIENT:
        admitted = arrived + dt.timedelta(minutes=who.between(25, 70))
    if scenario.tag in ("sinh", "sinhmo"):
        born = (admitted or arrived) + dt.timedelta(minutes=who.between(200, 420))
        baby = newborn(ctx.seed, person, home.father, born)
        grams = who.between(26, 38) * 100
    written = written_end(ctx, scenario, ended)
    local = person.place.province == ctx.facility.province and who.percent(72)
    cards = _cards(ctx, who, person, (arrived.date(), written.date()), local)
    why = _why(ctx, who, scenario, bool(cards), local)
    inside = scenario.setting in _INPATIENT and scenario.tag != "luutram"
    cat = category(ctx.day, ctx.facility.tier, "in" if inside else "out", why)
    if cat.code == "9":
        cards = ()
    dept = diagnosis.dept if inside else _outpatient_dept(scenario, diagnosis)
    outpatient_here = why == "registered" and ctx.facility.tier == "huyen" and not inside
    also = tuple(diagnoses()[code] for code in diagnosis.also)
    return Episode(
        index=index,
        link=_link(ctx, index),
        dice=dice,
        scenario=scenario,
        loai=ctx.code_of(scenario),
        person=person,
        home=home,
        diagnosis=diagnosis,
        also=also,
        category=cat,
        cards=cards,
        why=why,
        arrived=arrived,
        admitted=admitted,
        ended=ended,
        written_end=written,
        doctor=who.pick(ctx.facility.doctors(dept)),
        dept=dept,
        percent=rate(cards[-1] if cards else None, cat),
        capitation=outpatient_here,
        surcharge=ctx.facility.tier != "huyen" and who.percent(20),
        weight=_weight(person, arrived.date(), grams),
        baby=baby,
        baby_grams=grams,
    )


def _outpatient_dept(scenario: Scenario, diagnosis: Diagnosis) -> str:
    if scenario.tag in ("ngoaitru", "dichvu", "lao", "hiv"):
        return diagnosis.dept
    return "K02" if scenario.tag == "capcuu" else "K01"


def _weight(person: Person, day: dt.date, grams: int) -> Decimal:
    """CAN_NANG in kg, two decimals."""
    age = person.age(day)
    if person.role == "baby":
        kilos = Decimal(grams) / 1000
    elif age < 1:
        months = (day - person.born.date()).days // 30
        kilos = Decimal("3.2") + Decimal("0.5") * months
    elif age < 16:
        kilos = Decimal(8 + age * 5 // 2)
    else:
        kilos = Decimal(person.weight_kg)
    return kilos.quantize(Decimal("0.01"))
