"""Baselines: only what is new, and not a trace of a patient in the file."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import VnHealthError
from vnhealth.findings import Baseline, Comparison, Finding, Fingerprints, Severity, place_of

KEY = Fingerprints(bytes(range(32)))


def make(encounter: int, row: int, code: str = "BHYT-VAL-01") -> Finding:
    return Finding(code, Severity.ERROR, encounter, "XML3", row, "STT", values={"value": "bí mật"})


def prints(
    findings: list[Finding], links: dict[int, str | None], key: Fingerprints = KEY
) -> list[tuple[Finding, str]]:
    return [(f, key.of(f, *place_of(f, "a.xml", links, f.row))) for f in findings]


def test_only_what_is_new_is_left() -> None:
    links = {0: "79001|A1", 1: "79001|A2"}
    first = Comparison(None, KEY.key_id)
    assert first.split(prints([make(0, 1), make(1, 1)], links)) == ([make(0, 1), make(1, 1)], 0)
    second = Comparison(first.now, KEY.key_id)
    fresh = make(1, 7)
    new, known = second.split(prints([make(0, 1), fresh], links))
    assert (new, known, second.gone) == ([fresh], 1, 1)
    again = Comparison(
        Baseline(KEY.key_id, json.loads(first.now.to_json())["findings"]), KEY.key_id
    )
    assert again.split(prints([make(0, 1), make(1, 1)], links)) == ([], 2)


def test_the_same_mistake_twice_is_known_as_often_as_it_was() -> None:
    links: dict[int, str | None] = {0: "79001|A1"}
    once = Comparison(None, KEY.key_id)
    once.split(prints([make(0, 1)], links))
    twice = Comparison(once.now, KEY.key_id)
    new, known = twice.split(prints([make(0, 1), make(0, 1)], links))
    assert (len(new), known) == (1, 1)


def test_a_case_is_known_again_in_another_file_order_and_row_order() -> None:
    before = KEY.of(make(0, 3), *place_of(make(0, 3), "a.xml", {0: "79001|A1"}, 4))
    moved = make(9, 0)
    assert before == KEY.of(moved, *place_of(moved, "b.xml", {9: "79001|A1"}, 4))
    other = KEY.of(moved, *place_of(moved, "b.xml", {9: "79001|A2"}, 4))
    assert before != other
    document = Finding("BHYT-DOC-07", Severity.WARNING)
    known = {
        KEY.of(document, *place_of(document, name, {0: "79001|A1"}, None))
        for name in ("a.xml", "b.xml")
    }
    assert len(known) == 1


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_the_file_holds_no_identifier_nor_a_plain_hash_of_one(link: str, value: str) -> None:
    f = Finding("BHYT-VAL-01", Severity.ERROR, 0, "XML3", 0, "STT", values={"value": value})
    held = Comparison(None, KEY.key_id)
    held.split(prints([f], {0: link}))
    text = held.now.to_json()
    (one,) = held.now.held["BHYT-VAL-01"]
    guesses = [
        link,
        f"79001|{link}",
        f"{link}|BHYT-VAL-01",
        json.dumps([link, "BHYT-VAL-01", "XML3", "0", "STT"]),
    ]
    for name in ("md5", "sha1", "sha256", "sha512"):
        for guess in guesses:
            digest = hashlib.new(name, guess.encode("utf-8", "surrogatepass")).hexdigest()
            assert one[:16] not in digest
    assert json.loads(text)["findings"] == {"BHYT-VAL-01": {one: 1}}
    assert KEY.key.hex() not in text
    other = Fingerprints(bytes(32))
    assert prints([f], {0: link}, other)[0][1] != one


def test_keys_and_baselines_survive_files_and_refuse_others(tmp_path: Path) -> None:
    key_path = tmp_path / "b.json.key"
    KEY.write(key_path)
    assert Fingerprints.from_file(key_path) == KEY
    if sys.platform != "win32":
        assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        KEY.write(key_path)
    assert "000102" not in repr(KEY)
    held = Comparison(None, KEY.key_id)
    held.split(prints([make(0, 1), make(0, 2)], {0: "79001|A1"}))
    path = tmp_path / "b.json"
    path.write_text(held.now.to_json(), "utf-8")
    again = Baseline.load(path)
    assert (again.held, len(again)) == (held.now.held, 2)
    again.require(KEY)
    with pytest.raises(VnHealthError) as caught:
        again.require(Fingerprints(bytes(32)))
    assert caught.value.code == "ERR-CHECK-04"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "tool": "vnhealth"}',
        '{"version": 1, "tool": "vnhealth", "key_id": "", "findings": []}',
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, "utf-8")
    with pytest.raises(VnHealthError) as caught:
        Baseline.load(path)
    assert caught.value.code == "ERR-CHECK-02"


@pytest.mark.parametrize("text", ["", "# only words\n", "xyz", "00ff"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.key"
    path.write_text(text, "utf-8")
    with pytest.raises(VnHealthError) as caught:
        Fingerprints.from_file(path)
    assert caught.value.code == "ERR-CHECK-03"
