"""Scripted attacks on our own output, run by the sender, who alone knows the truth.

`intruder_on_release` and `intruder_on_linked` try to find people of whom much is known; `anchors`
tries to undo the week shift of the linked tier by days that are known to be special. Both say how
often they succeed, with a confidence interval. A high figure for the linked tier is no defect but
the reason for its label.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vnhealth.deid._case import age_band, build
from vnhealth.deid._engine import Deidentifier
from vnhealth.deid._hierarchy import quasi_identifiers
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim

__all__ = [
    "AttackReport",
    "Target",
    "anchors",
    "intruder_on_linked",
    "intruder_on_release",
    "shifts",
    "tokens_of",
    "wilson",
]

WEEKS = tuple(week for week in range(-26, 27) if week)
_DATE = re.compile(r"<([A-Z0-9_]+)>((?:19|20)[0-9]{6})(?:[0-9]{4})?</")
_FIELD = re.compile(r"<([A-Z0-9_]+)>([^<]*)</")
_TOKEN = re.compile(r"<(TOKEN_[A-Z]+)>([^<]*)</")
_HOLIDAYS = ("0101", "0430", "0501", "0902")
"""Fixed public holidays: elective visits are few on them."""
_ENDS = ("1231", "0101", "0630")
"""Days on which cards begin and end."""


@dataclass(frozen=True, slots=True)
class AttackReport:
    """How often an attack was right. ``expected`` is what its own guesses would give on average
    (no luck in it), ``chance`` what blind guessing gives where that is known.
    """

    attack: str
    tries: int
    correct: int
    expected: float
    chance: float | None = None

    @property
    def share(self) -> float:
        """Share of tries that were right."""
        return self.correct / self.tries if self.tries else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the share (Wilson)."""
        return wilson(self.correct, self.tries)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        low, high = self.interval
        return {
            "attack": self.attack,
            "tries": self.tries,
            "correct": self.correct,
            "share": round(self.share, 6),
            "ci95": [round(low, 6), round(high, 6)],
            "expected": round(self.expected, 6),
            "chance": None if self.chance is None else round(self.chance, 6),
        }


def wilson(correct: int, tries: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson interval of a share.

    >>> tuple(round(x, 4) for x in wilson(0, 1000))
    (0.0, 0.0038)
    """
    if not tries:
        return 0.0, 1.0
    share = correct / tries
    base = 1 + z * z / tries
    middle = share + z * z / (2 * tries)
    spread = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    return max(0.0, (middle - spread) / base), min(1.0, (middle + spread) / base)


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """What the intruder knows of one person, and which encounters truly are hers.

    Birth date, sex, province of residence, facility and the days of visits; the name is known as
    well but meets nothing in the data. ``records`` are positions of encounters for the release
    tier, tokens of the person for the linked one.
    """

    born: LocalTime
    sex: str
    province: str
    facility: str
    days: tuple[dt.date, ...]
    records: frozenset[Any]


def intruder_on_release(
    released: Mapping[int, tuple[str, ...]],
    tags: Sequence[str],
    targets: Iterable[Target],
    seed: int,
) -> AttackReport:
    """Guess one released row for each known person, out of all rows that cover what is known.

    ``released`` maps the position of an encounter to its released values (`Releaser.released`).
    """
    quasi = {q.tag: q for q in quasi_identifiers()}
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position in sorted(released):
        groups[released[position]].append(position)
    rng = random.Random(seed)
    tries = correct = 0
    expected = 0.0
    for target in targets:
        tries += 1
        covering: list[int] = []
        for day in target.days:
            known = {
                "NHOM_TUOI": age_band(target.born, day),
                "GIOI_TINH": target.sex,
                "MATINH_CU_TRU": target.province,
                "KY": f"{day.year:04}-{day.month:02}",
            }
            paths = {tag: frozenset(quasi[tag].path(value)) for tag, value in known.items()}
            for values, rows in groups.items():
                if all(
                    v in paths[tag] for tag, v in zip(tags, values, strict=True) if tag in paths
                ):
                    covering += rows
        if covering:
            expected += sum(p in target.records for p in covering) / len(covering)
            correct += rng.choice(covering) in target.records
    return AttackReport("intruder/release", tries, correct, expected / max(tries, 1))


def _persons(records: Iterable[str]) -> dict[str, list[str]]:
    """Records of the linked tier by person: tokens met together belong to one."""
    root: dict[str, str] = {}

    def find(token: str) -> str:
        while root[token] != token:
            token = root[token]
        return token

    kept = []
    for text in records:
        tokens = [token for _, token in _TOKEN.findall(text.partition("<XML1>")[0])]
        for token in tokens:
            root.setdefault(token, token)
            root[find(token)] = find(tokens[0])
        kept.append((tokens, text))
    found: dict[str, list[str]] = defaultdict(list)
    for tokens, text in kept:
        if tokens:
            found[find(tokens[0])].append(text)
    return found


def intruder_on_linked(
    records: Sequence[str], targets: Iterable[Target], seed: int
) -> AttackReport:
    """Guess the person behind known visits by sex, age band, province, facility and the exact gaps.

    Shifts keep gaps and weekdays, so people who come more than once mostly stand out.
    """
    index: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    tokens_of: dict[str, set[str]] = defaultdict(set)
    for person, texts in sorted(_persons(records).items()):
        visits = []
        for text in texts:
            tokens_of[person].update(token for _, token in _TOKEN.findall(text))
            summary = dict(_FIELD.findall(text.partition("<XML1>")[2].partition("</XML1>")[0]))
            moment = summary.get("NGAY_VAO", "")
            if moment:
                day = dt.date(int(moment[:4]), int(moment[4:6]), int(moment[6:8]))
                visits.append((day, summary))
        visits.sort(key=lambda visit: visit[0])
        for n, (day, summary) in enumerate(visits):
            for later, _ in visits[n + 1 :] or [(day, summary)]:
                fixed = (
                    summary.get("GIOI_TINH", ""),
                    summary.get("NHOM_TUOI", ""),
                    summary.get("MATINH_CU_TRU", ""),
                    summary.get("MA_CSKCB", ""),
                )
                index[(*fixed, day.weekday(), (later - day).days)].add(person)
    rng = random.Random(seed)
    tries = correct = 0
    expected = 0.0
    for target in targets:
        tries += 1
        first, last = min(target.days), max(target.days)
        known = (target.sex, age_band(target.born, first), target.province, target.facility)
        found = sorted(index.get((*known, first.weekday(), (last - first).days), ()))
        if found:
            hits = [bool(tokens_of[p] & target.records) for p in found]
            expected += sum(hits) / len(hits)
            correct += rng.choice(hits)
    return AttackReport("intruder/linked", tries, correct, expected / max(tries, 1))


def anchors(
    records: Sequence[str],
    truth: Mapping[str, int],
    *,
    seed: int,
    period: tuple[dt.date, dt.date] | None = None,
) -> AttackReport:
    """Guess the week shift of each person from days that are known to be special.

    Every date of every record of a person votes: for shifts that would put it on the first or last
    day of a card, on the first of a month, and against those that put it on a public holiday.
    ``truth`` maps a token to the true number of weeks. With ``period`` the attacker also knows
    between which days all visits took place, for example because he saw when the batch arrived;
    then shifts that lead outside are ruled out. That is a limit of any shift, not a leak of ours.
    """
    rng = random.Random(seed)
    tries = correct = 0
    expected = 0.0
    for person, texts in sorted(_persons(records).items()):
        tokens = {person} | {t for text in texts for _, t in _TOKEN.findall(text)}
        known = {truth[t] for t in tokens if t in truth}
        if len(known) != 1:
            continue
        tries += 1
        votes = _votes(texts, period)
        most = max(votes.values(), default=0.0)
        best = sorted(week for week, score in votes.items() if score == most) or list(WEEKS)
        expected += len(known & set(best)) / len(best)
        correct += rng.choice(best) in known
    name = "anchors" if period is None else "anchors, period known"
    return AttackReport(name, tries, correct, expected / max(tries, 1), 1 / len(WEEKS))


def _votes(texts: Sequence[str], period: tuple[dt.date, dt.date] | None) -> dict[int, float]:
    dates: set[tuple[str, dt.date]] = set()
    for text in texts:
        for tag, digits in _DATE.findall(text):
            try:
                day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            except ValueError:
                continue
            dates.add((tag, day))
    votes = {}
    for week in WEEKS:
        score, possible = 0.0, True
        for tag, day in dates:
            true = day - dt.timedelta(weeks=week)
            text = f"{true.month:02}{true.day:02}"
            score += 1.0 * (text in _ENDS) + 0.2 * (true.day == 1) - 0.5 * (text in _HOLIDAYS)
            if period and tag == "NGAY_VAO":
                possible = possible and period[0] <= true <= period[1]
        if possible:
            votes[week] = score
    return votes


def shifts(claims: Iterable[Claim], engine: Deidentifier) -> dict[str, int]:
    """The true week shift by token of a person: what `anchors` is measured against."""
    found = {}
    for claim in claims:
        summary = claim.xml1
        if summary is not None:
            case = build(claim, summary, engine.facility, engine.people)
            found.update(dict.fromkeys(case.persons.values(), case.days // 7))
    return found


def tokens_of(claim: Claim, engine: Deidentifier) -> frozenset[str]:
    """The tokens under which the person of a claim stands in the linked tier."""
    case = build(claim, claim.xml1, engine.facility, engine.people)
    return frozenset(case.persons.values())
