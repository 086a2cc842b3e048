"""Invented days of every edition: sound ones are sound, damaged ones are found out.

The counts of all findings are kept in ``corpus_findings.json``. A change of rules or of the corpus
fails here with the difference; run once with VNHEALTH_UPDATE_GOLDEN=1 when it is meant.
"""

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from vnhealth import rules, synth
from vnhealth.codecs import read
from vnhealth.records import Claim

GOLDEN = Path(__file__).with_name("corpus_findings.json")
DAYS = (
    ("4210", dt.date(2024, 6, 28)),
    ("130", dt.date(2024, 6, 28)),
    ("4750", dt.date(2024, 12, 30)),
    ("3176", dt.date(2025, 6, 27)),
    ("3176", dt.date(2026, 6, 30)),
    ("1931", dt.date(2026, 7, 31)),
    ("1931", dt.date(2026, 8, 3)),
)
SEEN_BY_THE_READER = {"birth_impossible", "quantity_comma", "amount_letter"}


@pytest.mark.parametrize(("edition", "day"), DAYS)
def test_sound_encounters_have_no_error(edition, day):
    found: Counter[str] = Counter()
    for claim in synth.generate(encounters=40, edition=edition, seed=11, day=day):
        found.update(f.code for f in rules.check(claim).at_least("error"))
        for table in synth.checkin(claim) if claim.family.value == "130" else ():
            found.update(f.code for f in rules.check(_alone(table)).at_least("error"))
    assert not found


def _alone(row):
    return Claim(**{row.TABLE.lower(): row})


@pytest.mark.parametrize("fault", sorted(set(synth.FAULTS) - SEEN_BY_THE_READER))
def test_each_fault_is_found(fault):
    edition = "4210" if fault.endswith("_4210") else "3176"
    clean = synth.generate(encounters=30, edition=edition, seed=4)
    damaged = synth.generate(encounters=30, edition=edition, seed=4, faults=[fault])
    more = 0
    for sound, broken in zip(clean, damaged, strict=True):
        if sound != broken:
            before = rules.check(sound).at_least("warning")
            after = rules.check(broken).at_least("warning")
            assert len(after) > len(before), fault
            more += 1
    assert more or fault in {"temporary_card", "leave_days"}


@pytest.mark.parametrize("dialect", sorted(synth.DIALECTS))
def test_files_of_every_dialect_are_checked_without_exception(dialect):
    for edition in ("4210", "3176"):
        claims = list(synth.generate(encounters=6, edition=edition, seed=8, faults=0.5))
        document = read(synth.render(claims, edition=edition, dialect=dialect))
        found = rules.check(document, sent_at=dt.datetime(2026, 4, 1, 8, 0))
        assert all(f.message_vi and f.message_en for f in found)
        assert found


def test_findings_over_the_corpus_change_only_on_purpose():
    counts: Counter[str] = Counter()
    for edition, day in DAYS:
        claims = synth.generate(encounters=60, edition=edition, seed=5, day=day, faults=0.8)
        for claim in claims:
            for finding in rules.check(claim):
                counts[f"{edition} {day} {finding.code} {finding.severity.value}"] += 1
    if os.environ.get("VNHEALTH_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n", "utf-8")
    held = json.loads(GOLDEN.read_text("utf-8"))
    changed = {
        key: f"{held.get(key, 0)} -> {counts.get(key, 0)}"
        for key in sorted(held.keys() | counts.keys())
        if held.get(key, 0) != counts.get(key, 0)
    }
    assert not changed, json.dumps(changed, indent=1)
