"""Clean encounters of every edition, kind and switching day have nothing to complain about."""

import pytest

from vnhealth import rules

DAYS = (
    "2024-03-15",
    "2024-06-30",
    "2024-12-31",
    "2025-06-30",
    "2026-03-16",
    "2026-06-30",
    "2026-07-31",
    "2026-08-03",
)
KINDS = ("outpatient", "inpatient", "papers", "checkin", "assessment")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_clean_encounter_has_no_findings(kind, day, clean):
    found = rules.check(clean(f"{kind} {day}"))
    assert found.codes <= {"BHYT-CLAIM-090"}


@pytest.mark.parametrize("kind", ["outpatient4210", "inpatient4210"])
def test_clean_4210_encounter_has_no_findings(kind, clean):
    found = rules.check(clean(f"{kind} 2024-03-15"))
    assert found.codes <= {"BHYT-CLAIM-090"}
