"""The example evidence of the documentation is what it says it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vnhealth.conformance import KITS, evidence, html, requirements
from vnhealth.conformance._report import GROUPS


@pytest.mark.parametrize(("lang", "name"), [("vi", "bao-cao.html"), ("en", "report.html")])
def test_the_example_is_intact_and_its_report_is_made_of_it(
    lang: str, name: str, repo: Path
) -> None:
    folder = repo / "docs" / lang / "examples"
    data = (folder / "evidence.json").read_bytes()
    found = evidence.verify(data)
    assert (found.problem, found.kind, found.outcome) == ("", "self_test", "PASS")
    assert (folder / name).read_text("utf-8") == html(data, lang)
    kit = json.loads(data)["payload"]["facts"]["kit"]
    assert kit["id"] in {k.id for k in KITS}


def test_every_group_of_requirements_has_a_name_in_the_report() -> None:
    assert {name.split("-")[1] for name in requirements()} == set(GROUPS)
