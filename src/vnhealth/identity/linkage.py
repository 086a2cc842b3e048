"""Probabilistic matching of whole lists with splink, for bulk de-duplication done offline.

Needs the extra ``linkage`` (splink and DuckDB). The ladder of `vnhealth.identity.matching` stays
the rule for one pair at a desk: its reasons can be read. Here each agreement and disagreement adds
or takes weight (Fellegi and Sunter); the sum decides. Comparisons, blocking rules, weights and
thresholds stand in ``data/linkage_model.json`` with how they were trained: on the invented
population of `vnhealth.identity.damaged_population`, with another seed than the one it is judged
on. Weights learnt from invented damage are a start; judge them on a reviewed sample of your own.

Legal source: none; this is the project's own policy.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from vnhealth.errors import IdentityError
from vnhealth.identity.damaged_population import DamagedPopulation, generate
from vnhealth.identity.matching import prepare
from vnhealth.identity.matching_report import MatchFigures, score
from vnhealth.identity.person_record import PersonRecord, PreparedRecord

__all__ = ["Link", "available", "link", "measure", "model", "train"]

_COLUMNS = [
    "unique_id",
    "skeleton",
    "plain",
    "name_key",
    "marked",
    "tokens",
    "given",
    "year",
    "date",
    "sex",
    "cccd",
    "old",
    "numbers",
    "bhxh",
    "phone",
    "ward",
    "person",
]
_LOGGERS = ("splink", "sqlglot")
_FLOOR = 1e-5


@dataclass(frozen=True, slots=True)
class Link:
    """Two records by their places (``second`` counts in the other list when there is one), the
    match weight (log2 of the odds for one person) and what the stored thresholds make of it.

    >>> Link(0, 5, 11.5, "match").weight
    11.5
    """

    first: int
    second: int
    weight: float
    outcome: Literal["match", "review"]


def available() -> bool:
    """Tell whether the extra ``linkage`` is installed.

    >>> available() in (True, False)
    True
    """
    try:
        importlib.import_module("splink")
        importlib.import_module("duckdb")
    except ImportError:
        return False
    return True


@cache
def model() -> dict[str, Any]:
    """Give the stored model: ``provenance``, ``thresholds`` and the ``settings`` of splink.

    >>> sorted(model())
    ['provenance', 'settings', 'thresholds']
    """
    path = files("vnhealth.identity") / "data" / "linkage_model.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def link(
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord] | None = None,
    *,
    using: dict[str, Any] | None = None,
) -> list[Link]:
    """Find the pairs of one list, or between two lists, that are or may be one person.

    ``using`` is a model as `model` gives it. Sorted by weight, highest first. Raises
    `IdentityError` (``ID-LINKAGE_EXTRA``) when the extra is not installed.
    """
    using = using or model()
    if not left or (right is not None and not right):
        return []
    linker = _linker(using, left, right)
    thresholds = using["thresholds"]
    found = linker.inference.predict(
        threshold_match_weight=thresholds["review"], warning_mode="never"
    )
    table = found.as_pyarrow_table().select(["unique_id_l", "unique_id_r", "match_weight"])
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    links = []
    for one, other, weight in rows:
        first, second = sorted((one, other))
        outcome: Literal["match", "review"] = "match" if weight >= thresholds["match"] else "review"
        if right is not None:
            second -= len(left)
        links.append(Link(first, second, weight, outcome))
    return sorted(links, key=lambda one: (-one.weight, one.first, one.second))


def measure(
    count: int = 17_000, seed: int = 20261122, using: dict[str, Any] | None = None
) -> MatchFigures:
    """Measure the stored model on a damaged population it was not trained on."""
    population = generate(count, seed)
    decided = [
        (x.first, x.second, x.outcome, "SPLINK") for x in link(population.records, using=using)
    ]
    return score("splink", "facility", population, decided)


def train(population: DamagedPopulation, using: dict[str, Any] | None = None) -> dict[str, Any]:
    """Estimate the weights anew from a population whose truth is known; gives a new model.

    Comparisons, blocking rules and thresholds are taken over.
    """
    using = using or model()
    truth, size = population.true_pairs(), len(population.records)
    settings = {**using["settings"]}
    settings["probability_two_random_records_match"] = 2 * len(truth) / (size * (size - 1))
    linker = _linker({**using, "settings": settings}, population.records, None, population.person)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    linker.training.estimate_m_from_label_column("person")
    learnt = linker.misc.save_model_to_json()
    for comparison in learnt["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                for name in ("m_probability", "u_probability"):
                    level[name] = max(level.get(name) or 0.0, _FLOOR)
    learnt.pop("linker_uid", None)
    provenance = {
        "trained_on": "vnhealth.identity.damaged_population",
        "seed": population.seed,
        "records": size,
        "pairs_per_record": round(len(truth) / size, 4),
        "floor": _FLOOR,
        "splink": importlib.import_module("splink").__version__,
    }
    return {"provenance": provenance, "thresholds": using["thresholds"], "settings": learnt}


def _linker(
    using: dict[str, Any],
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord] | None,
    person: Sequence[int] = (),
) -> Any:
    if not available():
        raise IdentityError("ID-LINKAGE_EXTRA")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    splink = importlib.import_module("splink")
    backend = importlib.import_module("splink.internals.duckdb.database_api").DuckDBAPI()
    tables = [backend.register(_table(left, 0, person), table_name="people_a")]
    pairs = len(left) * (len(left) - 1) / 2
    if right is not None:
        tables.append(backend.register(_table(right, len(left)), table_name="people_b"))
        pairs = len(left) * len(right)
    expected = using["provenance"].get("pairs_per_record", 0.5) * min(
        len(left), len(left if right is None else right)
    )
    settings = json.loads(json.dumps(using["settings"]))
    settings["link_type"] = "dedupe_only" if right is None else "link_only"
    settings["probability_two_random_records_match"] = min(0.5, expected / max(pairs, 1))
    return splink.Linker(tables if right is not None else tables[0], settings, log_level=40)


def _table(records: Sequence[PersonRecord], start: int, person: Sequence[int] = ()) -> Any:
    pyarrow = importlib.import_module("pyarrow")
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for place, record in enumerate(records):
        row = _row(prepare(record))
        row["unique_id"] = start + place
        row["person"] = person[place] if person else start + place
        for name in _COLUMNS:
            columns[name].append(row[name])
    text, numbers = pyarrow.string(), pyarrow.list_(pyarrow.string())
    kinds = {
        "unique_id": pyarrow.int64(),
        "person": pyarrow.int64(),
        "marked": pyarrow.bool_(),
        "tokens": numbers,
        "numbers": numbers,
    }
    schema = pyarrow.schema([(name, kinds.get(name, text)) for name in _COLUMNS])
    return pyarrow.table(columns, schema=schema)


def _row(ready: PreparedRecord) -> dict[str, Any]:
    named = not ready.anonymous and not ready.newborn
    return {
        "skeleton": (named and ready.skeleton) or None,
        "plain": (named and ready.plain) or None,
        "name_key": (named and ready.key) or None,
        "marked": ready.marked,
        "tokens": sorted(ready.tokens),
        "given": ready.ends[-1] if named and ready.ends else None,
        "year": ready.year or None,
        "date": ready.date or None,
        "sex": ready.sex or None,
        "cccd": min(ready.ids12, default=None),
        "old": min(ready.numbers - ready.ids12, default=None),
        "numbers": sorted(ready.numbers) or None,
        "bhxh": ready.bhxh or None,
        "phone": ready.phone or None,
        "ward": ready.ward or None,
    }
