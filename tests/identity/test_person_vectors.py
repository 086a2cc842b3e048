"""Every vector of names, birth dates, legacy encodings and scanned codes."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path

import pytest

from vnhealth.findings import catalogue
from vnhealth.identity import kinds, names
from vnhealth.identity._base import CATALOGUE_PREFIX

VECTORS = Path(__file__).parent / "vectors"
FILES = {"legacy_encoding": 47, "birth_date": 52, "mrz_td1": 41, "cccd_qr": 45, "bhyt_qr": 46}
NAME_ROWS = 46
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[nrt\\])")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        body = match.group(1)
        return chr(int(body[1:], 16)) if len(body) == 5 else _SHORT[body]

    return _ESCAPE.sub(one, text)


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def context_of(row: dict[str, str]) -> dict[str, str] | None:
    text = row["context"] or ""
    return dict(part.split("=", 1) for part in text.split("|")) if text else None


CASES = [
    pytest.param(row, id=f"{name}-{number}")
    for name in FILES
    for number, row in enumerate(rows(f"vectors_{name}.csv"), start=2)
]
NAMES = [
    pytest.param(row, id=f"name-{number}")
    for number, row in enumerate(rows("vectors_name.csv"), start=2)
]


@pytest.mark.parametrize("row", CASES)
def test_vector(row: dict[str, str]) -> None:
    found = kinds.check(row["kind"], unescape(row["raw"]), context_of(row))
    assert found.kind == row["kind"]
    assert (found.outcome, found.codes[0]) == (row["valid"], row["code"])
    assert found.normalized == unescape(row["expected_normalised"])


@pytest.mark.parametrize("row", CASES)
def test_every_code_has_texts_in_both_languages(row: dict[str, str]) -> None:
    found = kinds.check(row["kind"], unescape(row["raw"]), context_of(row))
    assert all(CATALOGUE_PREFIX + code in catalogue for code in found.codes)
    for lang in ("vi", "en"):
        assert all("…" not in text and "{" not in text for text in found.messages(lang))


@pytest.mark.parametrize("row", NAMES)
def test_name(row: dict[str, str]) -> None:
    found = names.read(unescape(row["raw"]))
    assert found.display == unicodedata.normalize("NFC", row["expected_display"])
    assert found.key == unicodedata.normalize("NFC", row["expected_key"])
    assert found.skeleton == row["expected_skeleton"]
    assert found.flags == (row["flag"],)
    assert CATALOGUE_PREFIX + row["flag"] in catalogue


def test_no_vector_was_lost() -> None:
    found = {name: len(rows(f"vectors_{name}.csv")) for name in FILES}
    assert found == FILES
    assert len(NAMES) == NAME_ROWS


@pytest.mark.parametrize("row", rows("tone_placement.csv"), ids=lambda row: row["digit_key"])
def test_old_and_new_tone_places_are_equal(row: dict[str, str]) -> None:
    assert names.key(row["old_style"]) == names.key(row["new_style"]) == row["digit_key"]
