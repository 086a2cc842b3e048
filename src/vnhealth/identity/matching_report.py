"""How good matching is, measured on a seeded, damaged population and split by kind of damage.

`measure` judges the ladder of `vnhealth.identity.matching`; `score` judges any matcher that says
which pairs it merges and which it sends to a person. Precision and recall count pairs of records;
a pair sent to review counts as not found.

Legal source: none; this is a measurement of the project's own rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from vnhealth.identity.damaged_population import DamagedPopulation, damage_kinds, generate
from vnhealth.identity.matching import Scope, pairs

__all__ = ["TARGETS", "KindFigures", "MatchFigures", "measure", "score"]

TARGETS = {"ladder": (0.9998, 0.965), "splink": (0.995, 0.985)}
"""Lowest precision and recall that the project asks of each matcher (ladder: facility scope)."""

_NONE = "none"


@dataclass(frozen=True, slots=True)
class KindFigures:
    """For the true pairs in which a kind of damage happened: ``merged``, sent to ``review``,
    ``missed``; and ``wrong``, merges of two people where one record bears it. Other damage may
    have happened to the same pair. Kind ``none`` is a pair without any damage.
    """

    kind: str
    pairs: int
    merged: int
    review: int
    missed: int
    wrong: int

    @property
    def recall(self) -> float:
        """Share of the true pairs that were merged; 1 when there are none."""
        return self.merged / self.pairs if self.pairs else 1.0


@dataclass(frozen=True, slots=True)
class MatchFigures:
    """Pair counts of one matcher on one population.

    >>> made = measure(200, seed=1)
    >>> made.matcher, made.seed, made.true_merges <= made.true_pairs
    ('ladder', 1, True)
    """

    matcher: str
    scope: str
    seed: int
    records: int
    true_pairs: int
    true_merges: int
    wrong_merges: int
    true_reviews: int
    wrong_reviews: int
    wrong_rules: tuple[tuple[str, int], ...]
    kinds: tuple[KindFigures, ...]

    @property
    def precision(self) -> float:
        """Share of the merges that are right; 1 when nothing was merged."""
        merges = self.true_merges + self.wrong_merges
        return self.true_merges / merges if merges else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were merged."""
        return self.true_merges / self.true_pairs if self.true_pairs else 1.0

    @property
    def reaches_target(self) -> bool:
        """Tell whether both figures reach `TARGETS`."""
        precision, recall = TARGETS[self.matcher]
        return self.precision >= precision and self.recall >= recall

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: all fields, the figures and the target, kinds with names in two languages."""
        found = asdict(self)
        found["kinds"] = [
            {**asdict(one), "recall": round(one.recall, 5), **_names(one.kind)}
            for one in self.kinds
        ]
        precision, recall = TARGETS[self.matcher]
        return {
            **found,
            "precision": round(self.precision, 6),
            "recall": round(self.recall, 6),
            "target_precision": precision,
            "target_recall": recall,
            "reaches_target": self.reaches_target,
        }


def _names(kind: str) -> dict[str, str]:
    if kind == _NONE:
        return {"name_vi": "không hư hại", "name_en": "no damage"}
    row = damage_kinds()[kind]
    return {"name_vi": row["name_vi"], "name_en": row["name_en"]}


def measure(
    count: int = 17_000, seed: int = 20261122, scope: Scope | str = Scope.FACILITY
) -> MatchFigures:
    """Measure the ladder on ``count`` people (about twice as many records).

    >>> measure(100, seed=1).records
    195
    """
    population = generate(count, seed)
    return measure_on(population, scope)


def measure_on(population: DamagedPopulation, scope: Scope | str = Scope.FACILITY) -> MatchFigures:
    """Measure the ladder on a population that is already made."""
    decided = [(i, j, d.outcome, d.rule) for i, j, d in pairs(population.records, scope=scope)]
    return score("ladder", str(Scope(scope)), population, decided)


def score(
    matcher: str,
    scope: str,
    population: DamagedPopulation,
    decided: Iterable[tuple[int, int, str, str]],
) -> MatchFigures:
    """Count what a matcher decided: (first, second, ``match`` or ``review``, rule)."""
    truth = population.true_pairs()
    counts: Counter[tuple[str, bool]] = Counter()
    rules: Counter[str] = Counter()
    by_kind: Counter[tuple[str, str]] = Counter()
    outcome_of: dict[tuple[int, int], str] = {}
    for i, j, outcome, rule in decided:
        pair = (min(i, j), max(i, j))
        right = pair in truth
        counts[outcome, right] += 1
        if right:
            outcome_of[pair] = outcome
        elif outcome == "match":
            rules[rule] += 1
            for kind in _kinds_of(population, pair):
                by_kind[kind, "wrong"] += 1
    for pair in truth:
        state = {"match": "merged", "review": "review"}.get(outcome_of.get(pair, ""), "missed")
        for kind in _kinds_of(population, pair):
            by_kind[kind, state] += 1
            by_kind[kind, "pairs"] += 1
    columns = ("pairs", "merged", "review", "missed", "wrong")
    kinds = tuple(
        KindFigures(kind, *(by_kind[kind, column] for column in columns))
        for kind in (_NONE, *damage_kinds())
    )
    return MatchFigures(
        matcher,
        scope,
        population.seed,
        len(population.records),
        len(truth),
        counts["match", True],
        counts["match", False],
        counts["review", True],
        counts["review", False],
        tuple(rules.most_common()),
        kinds,
    )


def _kinds_of(population: DamagedPopulation, pair: tuple[int, int]) -> frozenset[str]:
    return population.damage[pair[0]] | population.damage[pair[1]] or frozenset([_NONE])
