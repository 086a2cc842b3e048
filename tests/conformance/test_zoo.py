"""The zoo: every wrong client is caught, and by the right test."""

from __future__ import annotations

import json

import pytest

from vnhealth.cli import run
from vnhealth.conformance.clients import PlainClient
from vnhealth.conformance.kits import KITS
from vnhealth.conformance.zoo import ZOO, Bug, bug, caught_by

QUICK = ZOO[::9]
"""A slice of the zoo through all its parts; the slow suite goes through all of it."""


def test_there_are_more_than_a_hundred_each_with_one_patch_of_its_own() -> None:
    assert len(ZOO) >= 100
    assert len({b.id for b in ZOO}) == len(ZOO)
    tests = {case.id for kit in KITS for case in kit.cases()}
    for found in ZOO:
        assert found.expected in tests
        assert not isinstance(found, Bug) or found.patches
        assert found.text_vi != found.text_en


def test_each_new_kit_has_wrong_ones_of_its_own() -> None:
    kits = [found.to_dict()["kit"] for found in ZOO]
    assert [k.id for k in KITS if kits.count(k.id) < 8 and k.id != "bhyt-server-3176"] == []


@pytest.mark.parametrize("found", QUICK, ids=lambda b: b.id)
def test_a_wrong_client_is_caught_by_the_right_test(found: object) -> None:
    assert found.expected in caught_by(found)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 99])
def test_every_wrong_client_is_caught_whatever_the_seed(seed: int) -> None:
    assert [b.id for b in ZOO if b.expected not in caught_by(b, seed=seed)] == []


def test_a_client_without_a_bug_is_caught_by_nothing() -> None:
    same = bug("none", "DAY-X", "", "", row=PlainClient.row)
    sound = [
        type(same)(same.id, expected, "", "", same.patches)
        for expected in ("SES-01", "COR-01", "FLT-10", "CRS-12", "MUL-01")
    ]
    assert [caught_by(found) for found in sound] == [[]] * len(sound)


def test_the_command_lists_the_wrong_ones_of_a_kit(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["certify", "zoo", "--kit", "deidentified-intake-server", "--format", "json"]
    assert run(args) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) >= 8
    assert all(row["expected"] in row["caught_by"] for row in rows)


@pytest.mark.slow
def test_the_command_lists_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["certify", "zoo", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(ZOO)
    assert all(row["expected"] in row["caught_by"] for row in rows)
