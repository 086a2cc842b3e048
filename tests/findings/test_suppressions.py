"""Suppressions: exact codes, a reason, an end; anything else is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from vnhealth.errors import VnHealthError
from vnhealth.findings import Finding, Severity, Suppressions

DAY = dt.date(2026, 8, 1)
GOOD = """
[[suppress]]
code = "BHYT-DOC-07"
reason = "Ký ở cổng trước khi gửi"
expires = 2026-08-01
by = "Phòng CNTT"

[[suppress]]
code = "BHYT-VAL-02"
table = "XML3"
tag = "DON_GIA"
reason = "Bản vá ngày 15/8"
expires = 2026-08-20

[[suppress]]
code = "BHYT-DOC-01"
reason = "đã hết"
expires = 2026-07-31
"""


def load(tmp_path: Path, text: str, today: dt.date = DAY) -> Suppressions:
    path = tmp_path / "loai-tru.toml"
    path.write_text(text, "utf-8")
    return Suppressions.load(path, today=today)


def test_they_take_exactly_what_they_name(tmp_path: Path) -> None:
    held = load(tmp_path, GOOD)
    unsigned = Finding("BHYT-DOC-07", Severity.WARNING)
    bom = Finding("BHYT-DOC-01", Severity.INFO)

    def comma(table: str, tag: str) -> Finding:
        return Finding("BHYT-VAL-02", Severity.ERROR, 0, table, 0, tag)

    given = [
        unsigned,
        bom,
        comma("XML3", "DON_GIA"),
        comma("XML3", "SO_LUONG"),
        comma("XML2", "DON_GIA"),
    ]
    kept, taken = held.split(given)
    assert taken == [unsigned, comma("XML3", "DON_GIA")]
    assert kept == [bom, comma("XML3", "SO_LUONG"), comma("XML2", "DON_GIA")]
    said = held.to_dict()
    assert [(s["code"], s["count"]) for s in said["applied"]] == [
        ("BHYT-DOC-07", 1),
        ("BHYT-VAL-02", 1),
    ]
    assert [s["code"] for s in said["expired"]] == ["BHYT-DOC-01"]
    assert said["unused"] == []


def test_the_last_day_still_counts_and_the_next_does_not(tmp_path: Path) -> None:
    unsigned = Finding("BHYT-DOC-07", Severity.WARNING)
    assert load(tmp_path, GOOD).match(unsigned) is not None
    later = load(tmp_path, GOOD, DAY + dt.timedelta(days=1))
    assert later.match(unsigned) is None
    assert "BHYT-DOC-07" in [s.code for s in later.expired]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[[suppress]]\ncode = "BHYT-*"\nreason = "abc"\nexpires = 2026-08-01', "code"),
        ('[[suppress]]\ncode = "BHYT-DOC-99"\nreason = "abc"\nexpires = 2026-08-01', "code"),
        ('[[suppress]]\ncode = "BHYT-DOC-07"\nexpires = 2026-08-01', "reason"),
        ('[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "  "\nexpires = 2026-08-01', "reason"),
        ('[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "abc"', "expires"),
        ('[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "abc"\nexpires = "2026-08-01"', "expires"),
        (
            '[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "abc"\nexpires = 2026-08-01T00:00:00',
            "expires",
        ),
        (
            '[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "abc"\nexpires = 2026-08-01\nuntil = 1',
            "until",
        ),
        (
            '[[suppress]]\ncode = "BHYT-DOC-07"\nreason = "abc"\nexpires = 2026-08-01\ntag = 1',
            "tag",
        ),
        ('[suppress]\ncode = "BHYT-DOC-07"', "suppress"),
        ('ignore = "all"', "suppress"),
        ("suppress = [1]", "table"),
        ("= nothing", "toml"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(VnHealthError) as caught:
        load(tmp_path, text)
    assert caught.value.code == "ERR-CHECK-01"
    assert what in str(caught.value).lower()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VnHealthError) as caught:
        Suppressions.load(tmp_path / "none.toml", today=DAY)
    assert caught.value.code == "ERR-CHECK-01"
