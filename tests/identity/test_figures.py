"""The figures of the report command: every part, both languages, JSON, and no part unasked."""

from __future__ import annotations

import json

import pytest

from vnhealth.identity import figures


def test_every_part_is_measured_and_written_in_both_languages() -> None:
    seen: list[tuple[str, int, int]] = []
    found = figures.gather(people=300, sizes=(200, 400), progress=lambda *step: seen.append(step))
    assert set(found) == {"seed", *figures.PARTS}
    json.dumps(found)
    assert sum(done for part, done, _ in seen if part == "index") == 600
    assert found["index"]["extrapolated"]["people"] == 10_000_000
    assert found["index"]["extrapolated"]["extrapolated"] is True
    vi, en = ("\n".join(figures.lines(found, lang)) for lang in ("vi", "en"))
    assert "tên không dấu" in vi
    assert "ngoại suy" in vi
    assert "name without marks" in en
    assert "extrapolated" in en


@pytest.mark.parametrize("part", figures.PARTS)
def test_a_part_can_be_asked_for_alone(part: str) -> None:
    found = figures.gather([part], people=60, sizes=(60,))
    assert set(found) == {"seed", part}
    assert len(list(figures.lines(found, "vi"))) >= 2


def test_the_same_seed_gives_the_same_counts() -> None:
    one, other = (figures.gather(["ladder"], people=200, seed=3) for _ in range(2))
    assert one == other
