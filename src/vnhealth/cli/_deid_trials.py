"""Trials of de-identification on invented people: intruder, anchor dates, canaries."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vnhealth import deid, synth
from vnhealth.deid import attacks
from vnhealth.deid.attacks import AttackReport, Target
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim

__all__ = ["FACILITY", "FIRST_DAY", "population", "try_anchors", "try_intruder"]

FACILITY = "01991"
FIRST_DAY = dt.date(2026, 3, 2)
DAYS = 120
A_DAY = 200
_IDENTITY = (
    "ma_bn",
    "ho_ten",
    "so_cccd",
    "ngay_sinh",
    "ma_the_bhyt",
    "gt_the_tu",
    "gt_the_den",
    "ma_dkbd",
    "matinh_cu_tru",
    "maxa_cu_tru",
    "dia_chi",
    "dien_thoai",
)


def population(
    encounters: int, seed: int, tick: Callable[[], None] | None = None
) -> list[list[Claim]]:
    """Invented people with their encounters, about every second with two, over four months.

    The second visit is that of another person of the same sex and age, given the first one's names
    and numbers, so that diagnoses, costs and days are those of a real second visit.
    """
    rng = random.Random(seed)
    claims: list[Claim] = []
    days = max(1, min(DAYS, encounters // A_DAY))
    for n in range(days):
        share = encounters * (n + 1) // days - encounters * n // days
        day = FIRST_DAY + dt.timedelta(days=n * DAYS // days)
        for claim in synth.generate(
            encounters=share, edition="3176", seed=seed * 1000 + n, facility=FACILITY, day=day
        ):
            claims.append(Claim(xml1=claim.xml1))
            if tick:
                tick()
    rng.shuffle(claims)
    waiting: dict[tuple[Any, int], list[list[Claim]]] = {}
    people: list[list[Claim]] = []
    for claim in claims:
        row = claim.xml1
        if not isinstance(row.ngay_sinh, LocalTime) or row.ngay_vao is None:
            continue
        key = (row.gioi_tinh, row.ngay_sinh.year // 3)
        held = waiting.setdefault(key, [])
        if held and rng.random() < 2 / 3:
            first = held.pop()
            same = {tag: getattr(first[0].xml1, tag) for tag in _IDENTITY}
            first.append(claim.replace(xml1=row.replace(**same)))
        else:
            person = [claim]
            held.append(person)
            people.append(person)
    return people


@dataclass(frozen=True, slots=True)
class Trial:
    """The reports of a trial and what it was run on."""

    encounters: int
    persons: int
    seed: int
    reports: tuple[AttackReport, ...]
    risk: dict[str, Any]


def _day(claim: Claim) -> dt.date:
    found: dt.date = claim.xml1.ngay_vao.date()
    return found


def _targets(
    people: list[list[Claim]], count: int, seed: int, records: Callable[[int], frozenset[Any]]
) -> list[Target]:
    rng = random.Random(seed)
    with_two = [n for n, visits in enumerate(people) if len(visits) > 1]
    chosen = rng.sample(with_two, min(count, len(with_two)))
    found = []
    for n in sorted(chosen):
        row = people[n][0].xml1
        days = tuple(sorted(_day(claim) for claim in people[n]))
        place = row.matinh_cu_tru or ""
        found.append(Target(row.ngay_sinh, row.gioi_tinh, place, FACILITY, days, records(n)))
    return found


def try_intruder(
    persons: int, encounters: int, seed: int, tick: Callable[[], None] | None = None
) -> Trial:
    """The intruder on both tiers: full knowledge of so many people, one guess each."""
    people = population(encounters, seed, tick)
    claims = [claim for visits in people for claim in visits]
    key = deid.Key.from_bytes(random.Random(seed).randbytes(32))
    releaser = deid.Releaser(key, facility=FACILITY)
    taken = [releaser.add(claim) for claim in claims]
    positions: list[frozenset[int]] = []
    index = 0
    row = 0
    for visits in people:
        mine = []
        for _ in visits:
            if taken[index]:
                mine.append(row)
                row += 1
            index += 1
        positions.append(frozenset(mine))
    result = releaser.finish()
    known = _targets(people, persons, seed, lambda n: positions[n])
    first = attacks.intruder_on_release(releaser.released, releaser.tags, known, seed)
    linked = deid.Deidentifier(key, recipient="trial", purpose="trial", facility=FACILITY)
    texts = [text for text in map(linked.record, claims) if text]
    second = _targets(people, persons, seed, lambda n: attacks.tokens_of(people[n][0], linked))
    return Trial(
        len(claims),
        len(people),
        seed,
        (first, attacks.intruder_on_linked(texts, second, seed)),
        dict(result.manifest.risk),
    )


def leaky_policy() -> deid.Policy:
    """The linked policy with one careless change: the last day of the card is shifted and sent.

    The control of the anchor trial: here the attack must succeed, or it proves nothing.
    """
    from importlib.resources import files

    path = files("vnhealth.deid") / "data" / "policy_linked.csv"
    text = path.read_text("utf-8").replace(
        "130,XML1,GT_THE_DEN,quasi-identifier,generalise,by=card_valid form=flag to=THE_CON_HAN",
        "130,XML1,GT_THE_DEN,quasi-identifier,shift,form=day list=first",
    )
    return deid.Policy.from_bytes(text.encode(), "leaky")


def try_anchors(encounters: int, seed: int, tick: Callable[[], None] | None = None) -> Trial:
    """The anchor-date attack: on the linked tier, on a leaky control, and with a known period."""
    people = population(encounters, seed, tick)
    claims = [claim for visits in people for claim in visits]
    key = deid.Key.from_bytes(random.Random(seed).randbytes(32))
    days = [_day(claim) for claim in claims]
    reports = []
    for name, policy, period in (
        ("anchors", "linked", None),
        ("anchors, control that leaks", leaky_policy(), None),
        ("anchors, period known", "linked", (min(days), max(days))),
    ):
        engine = deid.Deidentifier(
            key, recipient="trial", purpose="trial", facility=FACILITY, policy=policy
        )
        texts = [text for text in map(engine.record, claims) if text]
        truth = attacks.shifts(claims, engine)
        found = attacks.anchors(texts, truth, seed=seed, period=period)
        reports.append(AttackReport(name, found.tries, found.correct, found.expected, found.chance))
    return Trial(len(claims), len(people), seed, tuple(reports), {})
