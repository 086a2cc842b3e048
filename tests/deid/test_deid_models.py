"""The domain models have a row for each field too, and an episode goes the way of its tables."""

from __future__ import annotations

import dataclasses

import pytest

from vnhealth import deid, models, synth
from vnhealth.deid import _models
from vnhealth.errors import DeidError
from vnhealth.models import to_domain

LINKED = deid.Policy.load("linked")


def test_every_field_has_a_row_that_says_what_its_table_does() -> None:
    for row in deid.model_rows():
        assert row.reason
        if not row.place:
            assert row.action in ("parts", "keep", "drop")
            continue
        family, _, rest = row.place.partition(":")
        table, _, tag = rest.partition(".")
        wire = LINKED.row(family, table, tag)
        assert (row.sensitivity, row.action) == (wire.sensitivity, wire.effective.value), row


def test_a_new_field_without_a_row_fails(monkeypatch) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Patient(models.Patient):
        nickname: str = ""

    monkeypatch.setattr(models, "Patient", Patient)
    _models.model_rows.cache_clear()
    with pytest.raises(DeidError, match=r"Patient\.nickname"):
        _models.model_rows()
    monkeypatch.undo()
    _models.model_rows.cache_clear()
    assert _models.model_rows()


def test_an_episode_gives_the_same_record_as_its_claim(kit) -> None:
    claims = list(synth.generate(encounters=4, edition="3176", seed=3, facility="01991"))
    episodes = [to_domain(claim) for claim in claims]
    assert kit.apply(episodes).data == kit.apply(claims).data
    assert kit.apply(episodes[0]).data == kit.apply(claims[0]).data
