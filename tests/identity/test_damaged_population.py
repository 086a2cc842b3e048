"""The damaged population: seeded, as hard as said, and the baselines that show how hard."""

from __future__ import annotations

from collections import Counter

from vnhealth.identity import damaged_population
from vnhealth.identity.matching import prepare

MADE = damaged_population.generate(4000, seed=5)


def test_the_same_seed_gives_the_same_list_and_another_seed_another() -> None:
    assert damaged_population.generate(200, seed=5) == damaged_population.generate(200, seed=5)
    assert damaged_population.generate(200, seed=5) != damaged_population.generate(200, seed=6)


def test_every_kind_of_damage_happens_about_as_often_as_its_row_says() -> None:
    seen = Counter(kind for kinds in MADE.damage for kind in kinds)
    seconds = len(MADE.true_pairs())
    for kind, row in damaged_population.damage_kinds().items():
        wanted = (float(row["first"]) + float(row["second"])) * seconds
        lost = 0.75 if kind in ("date_swapped", "bhxh_borrowed", "cccd_old") else 0.15
        assert (1 - lost) * wanted - 20 <= seen[kind] <= 1.15 * wanted + 20, kind


def test_pairs_are_two_records_of_one_person() -> None:
    pairs = MADE.true_pairs()
    assert len(pairs) == len(MADE.records) - len(set(MADE.person))
    assert all(MADE.person[i] == MADE.person[j] and i < j for i, j in pairs)


def test_simple_rules_find_as_few_pairs_as_the_model_was_set_to() -> None:
    ready = [prepare(record) for record in MADE.records]
    pairs = MADE.true_pairs()

    def share(found: int) -> float:
        return found / len(pairs)

    raw = sum(MADE.records[i].name == MADE.records[j].name and ready[i].date == ready[j].date
              for i, j in pairs)  # fmt: skip
    number = sum(bool(ready[i].ids12 & ready[j].ids12) for i, j in pairs)
    either = sum(
        bool(ready[i].ids12 & ready[j].ids12) or (1 < len(ready[i].bhxh) == len(ready[j].bhxh)
        and ready[i].bhxh == ready[j].bhxh)
        for i, j in pairs
    )  # fmt: skip
    assert 0.50 < share(raw) < 0.62
    assert 0.55 < share(number) < 0.62
    assert 0.75 < share(either) < 0.82


def test_undamaged_people_are_complete_and_their_numbers_pass() -> None:
    made = list(damaged_population.people(300, seed=2))
    assert len(made) == 300
    assert all(len(prepare(record).ids12) == 1 and prepare(record).date for record in made)


def test_the_list_shows_no_value() -> None:
    assert repr(MADE) == f"<DamagedPopulation {len(MADE.records)} records, seed 5>"
