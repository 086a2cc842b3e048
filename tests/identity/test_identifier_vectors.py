"""Every vector of the identifier kinds, through the registry of kinds."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from vnhealth.findings import catalogue
from vnhealth.identity import kinds
from vnhealth.identity._base import CATALOGUE_PREFIX

VECTORS = Path(__file__).parent / "vectors"
FILES = {
    "bhxh": 44,
    "bhyt_card": 49,
    "bhyt_temp": 44,
    "catalogue_codes": 149,
    "cccd": 55,
    "cmnd": 42,
    "facility5": 42,
    "facility_gln13": 45,
    "icd10": 62,
    "licence": 45,
    "opaque_key": 44,
    "passport": 42,
    "phone": 52,
    "prescription": 44,
    "so_cccd_field": 42,
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[nrt\\])")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        body = match.group(1)
        return chr(int(body[1:], 16)) if body[0] == "u" and len(body) == 5 else _SHORT[body]

    return _ESCAPE.sub(one, text)


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / f"vectors_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def context_of(row: dict[str, str]) -> dict[str, str] | None:
    text = row["context"] or ""
    return dict(part.split("=", 1) for part in text.split("|")) if text else None


CASES = [
    pytest.param(row, id=f"{name}-{number}")
    for name in FILES
    for number, row in enumerate(rows(name), start=2)
]


@pytest.mark.parametrize("row", CASES)
def test_vector(row: dict[str, str]) -> None:
    found = kinds.check(row["kind"], unescape(row["raw"]), context_of(row))
    assert found.kind == row["kind"]
    assert (found.outcome, found.codes[0]) == (row["valid"], row["code"])
    assert found.normalized == unescape(row["expected_normalised"])


@pytest.mark.parametrize("name", FILES)
def test_no_vector_was_lost(name: str) -> None:
    assert len(rows(name)) == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_every_code_of_a_vector_has_texts_in_both_languages(name: str) -> None:
    for row in rows(name):
        found = kinds.check(row["kind"], unescape(row["raw"]), context_of(row))
        for code in found.codes:
            assert CATALOGUE_PREFIX + code in catalogue
        for lang in ("vi", "en"):
            assert all("…" not in text and "{" not in text for text in found.messages(lang))
