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

SECRET = "Trần Thị Bí Mật <&> 001099012345"


@pytest.fixture
def secret() -> str:
    return SECRET


@pytest.fixture
def checked() -> list[CheckedFile]:
    """A file with two encounters, a clean one, one that could not be read."""
    findings = Findings(
        [
            Finding("BHYT-DOC-10", Severity.WARNING),
            Finding(
                "BHYT-VAL-01", Severity.ERROR, 1, "XML3", 2, "SO_LUONG", values={"value": SECRET}
            ),
            Finding(
                "BHYT-VAL-01", Severity.ERROR, 0, "XML3", 0, "SO_LUONG", values={"value": "12x"}
            ),
            Finding("BHYT-ROW-01", Severity.INFO, 1, "XML2", 0, params={"count": "3"}),
        ]
    )
    taken = Findings([Finding("BHYT-DOC-20", Severity.INFO)])
    return [
        CheckedFile(
            path="ngày 1/hồ sơ #1.xml",
            edition="3176",
            encounters=3,
            tables={"XML1": 3, "XML3": 9},
            findings=findings,
            suppressed=taken,
            known=2,
        ),
        CheckedFile(path="sach.xml", edition="3176", amended_by="1931", encounters=1),
        CheckedFile(
            path="/tuyet/doi.xml",
            readable=False,
            findings=Findings([Finding("ERR-XML-02", Severity.ERROR, params={"what": "DOCTYPE"})]),
        ),
    ]


@pytest.fixture
def run() -> Run:
    day = dt.date(2026, 8, 1)
    items = [
        Suppression("BHYT-DOC-20", "bộ xuất cũ", dt.date(2026, 12, 31), by="P. CNTT"),
        Suppression("BHYT-DOC-01", "đã thay", dt.date(2026, 7, 31)),
        Suppression("BHYT-DOC-06", "chưa gặp", dt.date(2027, 1, 1)),
    ]
    suppressions = Suppressions(items, today=day)
    suppressions.split([Finding("BHYT-DOC-20", Severity.INFO)])
    return Run(day=day, version="0.1.0", suppressions=suppressions)
