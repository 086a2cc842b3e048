from __future__ import annotations

import datetime as dt

import pytest

from vnhealth.findings import (
    CheckedFile,
    Finding,
    Findings,
    Run,
    Severity,
    Suppression,
    Suppressions,
)

SECRET = "<script>alert(1)</script> =cmd|' /C calc'!A0 001099012345"


@pytest.fixture
def secret() -> str:
    return SECRET


@pytest.fixture
def checked() -> list[CheckedFile]:
    """Two files: many findings of one cause, one with markup in its value, and a clean file."""
    many = [
        Finding(
            "BHYT-VAL-02",
            Severity.ERROR,
            n // 4,
            "XML3",
            n % 4,
            "DON_GIA",
            values={"value": SECRET},
        )
        for n in range(200)
    ]
    rest = [
        Finding("BHYT-DOC-07", Severity.WARNING),
        Finding("BHYT-VAL-08", Severity.INFO, 0, "XML10", 0, "HO_TEN", params={"count": "1"}),
    ]
    links = tuple(f"LK{n}" for n in range(50))
    return [
        CheckedFile(
            path="ngay/<b>hoso</b>&.xml",
            edition="3176",
            encounters=50,
            findings=Findings([*many, *rest]),
            links=links,
        ),
        CheckedFile(path="sach.xml", edition="3176", encounters=2),
    ]


@pytest.fixture
def run() -> Run:
    day = dt.date(2026, 8, 1)
    items = [
        Suppression("BHYT-DOC-20", "bộ xuất cũ", dt.date(2026, 12, 31), by="P. CNTT"),
        Suppression("BHYT-DOC-01", "đã thay", dt.date(2026, 7, 31)),
    ]
    return Run(day=day, version="0.1.0", suppressions=Suppressions(items, today=day))
