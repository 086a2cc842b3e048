"""Probabilistic linkage: the stored model reaches its target on people it was not trained on."""

from __future__ import annotations

import importlib
import json

import pytest

from vnhealth.errors import IdentityError
from vnhealth.identity import damaged_population, linkage
from vnhealth.identity.person_record import PersonRecord

needs_splink = pytest.mark.skipif(not linkage.available(), reason="extra linkage not installed")


@needs_splink
def test_the_stored_model_reaches_its_target_on_another_seed() -> None:
    assert linkage.model()["provenance"]["seed"] != 20261122
    found = linkage.measure(6000, seed=20261122)
    assert found.precision >= 0.995
    assert found.recall >= 0.985
    assert found.reaches_target


@needs_splink
def test_two_lists_are_linked_by_their_own_places() -> None:
    left = [
        PersonRecord("Nguyễn Văn Hòa", "1901-03-05", "1", cccd="001001000123"),
        PersonRecord("Trần Thị Mẫu", "1950", "2", phone="0900000001"),
    ]
    right = [
        PersonRecord("TRẦN THỊ MẪU", "1950-02-01", "2", phone="0900000001"),
        PersonRecord("NGUYỄN VĂN HOÀ", "5/3/1901", "1"),
        PersonRecord("Lê Quang Thử", "1960-01-05", "1"),
    ]
    assert {(x.first, x.second) for x in linkage.link(left, right)} == {(0, 1), (1, 0)}
    assert {(x.first, x.second) for x in linkage.link([*left, *right])} == {(0, 3), (1, 2)}


@needs_splink
def test_unknown_patients_and_newborns_are_never_linked_by_name() -> None:
    twice = [PersonRecord("Vô danh", sex="1"), PersonRecord("CB Trần Thị Mẫu", "2026-11-20", "2")]
    assert linkage.link(twice * 2) == []
    assert linkage.link([]) == []
    assert linkage.link(twice, []) == []


@needs_splink
@pytest.mark.slow
def test_training_gives_a_model_that_works_as_well() -> None:
    learnt = linkage.train(damaged_population.generate(6000, seed=11))
    json.dumps(learnt)
    assert learnt["provenance"]["seed"] == 11
    assert linkage.measure(4000, seed=3, using=learnt).recall >= 0.98


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> object:
        if name == "splink":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert not linkage.available()
    with pytest.raises(IdentityError) as caught:
        linkage.link([PersonRecord("Trần Thị Mẫu")] * 2)
    assert caught.value.code == "ID-LINKAGE_EXTRA"


def test_every_weight_of_the_stored_model_is_a_probability() -> None:
    for comparison in linkage.model()["settings"]["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                assert 0 < level["m_probability"] <= 1
                assert 0 < level["u_probability"] <= 1
