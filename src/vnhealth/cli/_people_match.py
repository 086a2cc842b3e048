"""Compare lists of people and keep what the JSON and the HTML report need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vnhealth.findings import catalogue
from vnhealth.identity import linkage
from vnhealth.identity.matching import Decision, Scope, compare, pairs
from vnhealth.identity.person_record import PersonRecord, prepare

__all__ = ["Comparison", "Pair", "compare_lists"]

_UNKNOWN_PAIRS = 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows (counted from 0) and what was decided; ``weight`` only from splink."""

    first: int
    second: int
    outcome: str
    rule: str
    evidence: tuple[str, ...]
    weight: float | None = None

    def reasons(self, lang: str) -> tuple[str, ...]:
        """One sentence for each code."""
        if self.rule == "SPLINK":
            message = catalogue.info("ID-SPLINK").message(lang, {"weight": f"{self.weight:.1f}"})
            return (message,)
        outcome: Any = self.outcome
        return Decision(outcome, self.rule, self.evidence).reasons(lang)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lists, or one list with itself, and the pairs found, matches first."""

    scope: str
    matcher: str
    left: Sequence[Mapping[str, str]]
    right: Sequence[Mapping[str, str]] | None
    pairs: tuple[Pair, ...]

    def count(self, outcome: str) -> int:
        """Number of pairs with an outcome."""
        return sum(pair.outcome == outcome for pair in self.pairs)

    @property
    def other(self) -> Sequence[Mapping[str, str]]:
        """The second list, which is the first when there is only one."""
        return self.left if self.right is None else self.right

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: rows by place (from 0), with their codes where the file has them."""
        return {
            "scope": self.scope,
            "matcher": self.matcher,
            "records": {"a": len(self.left), "b": len(self.other)},
            "counts": {name: self.count(name) for name in ("match", "review")},
            "pairs": [self._pair(pair) for pair in self.pairs],
        }

    def _pair(self, pair: Pair) -> dict[str, Any]:
        found: dict[str, Any] = {"a": pair.first, "b": pair.second}
        for side, row in (("a", self.left[pair.first]), ("b", self.other[pair.second])):
            code = row.get("id") or row.get("MA_BN")
            if code:
                found[f"{side}_id"] = code
        found |= {"outcome": pair.outcome, "rule": pair.rule, "evidence": list(pair.evidence)}
        if pair.weight is not None:
            found["weight"] = round(pair.weight, 3)
        found["reasons"] = {lang: list(pair.reasons(lang)) for lang in ("vi", "en")}
        return found


def compare_lists(
    left: Sequence[Mapping[str, str]],
    right: Sequence[Mapping[str, str]] | None,
    scope: str,
    matcher: str,
    advance: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Compare by the ladder or by splink; ``advance`` is told how many rows are done."""
    first = [PersonRecord.from_row(row) for row in left]
    second = None if right is None else [PersonRecord.from_row(row) for row in right]
    wide = Scope(scope)
    found = _linked(first, second) if matcher == "splink" else _ladder(first, second, wide, advance)
    order = {"match": 0, "review": 1}
    found.sort(key=lambda pair: (order[pair.outcome], pair.first, pair.second))
    return Comparison(wide.value, matcher, left, right, tuple(found))


def _ladder(
    first: list[PersonRecord],
    second: list[PersonRecord] | None,
    scope: Scope,
    advance: Callable[[int], None],
) -> list[Pair]:
    found, done = [], 0
    for i, j, decision in pairs(first, second, scope):
        if i > done:
            advance(i - done)
            done = i
        found.append(Pair(i, j, decision.outcome, decision.rule, decision.evidence))
    advance(len(first) - done)
    return found + _unknown_patients(first, second, scope)


def _unknown_patients(
    first: list[PersonRecord], second: list[PersonRecord] | None, scope: Scope
) -> list[Pair]:
    """Pair unknown patients with each other, which share no key, while they are few."""
    mine = [i for i, record in enumerate(first) if prepare(record).anonymous]
    others = first if second is None else second
    theirs = [j for j, record in enumerate(others) if prepare(record).anonymous]
    if len(mine) * len(theirs) > _UNKNOWN_PAIRS:
        return []
    found = []
    for i in mine:
        for j in theirs:
            one, other = prepare(first[i]), prepare(others[j])
            if (second is None and j <= i) or set(one.blocks) & set(other.blocks):
                continue
            decision = compare(first[i], others[j], scope)
            if decision.outcome != "no":
                found.append(Pair(i, j, decision.outcome, decision.rule, decision.evidence))
    return found


def _linked(first: list[PersonRecord], second: list[PersonRecord] | None) -> list[Pair]:
    return [
        Pair(one.first, one.second, one.outcome, "SPLINK", (), one.weight)
        for one in linkage.link(first, second)
    ]
