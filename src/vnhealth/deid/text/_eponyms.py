"""Words with a capital letter that medicine owns: drugs by their endings, eponyms by the list."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from vnhealth.deid.text._lexicon import Cache

__all__ = ["is_medical"]


@cache
def _endings() -> re.Pattern[str]:
    path = files("vnhealth.deid.text") / "data" / "drug_stems.csv"
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    found: dict[str, list[str]] = {"end": [], "start": [], "whole": []}
    for row in rows:
        found[row["place"]].append(row["stem"])
    return re.compile(
        rf"\w{{2,}}(?:{'|'.join(found['end'])})|(?:{'|'.join(found['start'])})\w*"
        rf"|(?:{'|'.join(found['whole'])})"
    )


def _is_medical(word: str) -> bool:
    return word.isascii() and _endings().fullmatch(word.lower()) is not None


is_medical = Cache(_is_medical)
"""True for a word that ends or begins as drugs and diseases do.

>>> is_medical["Amoxicillin"], is_medical["Thalassemia"], is_medical["Smith"]
(True, True, False)
"""
