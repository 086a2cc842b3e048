"""Repairs: loss-free, each listed, nothing else touched, never on a signed file."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import bhyt, repair, signing, synth
from vnhealth.synth import DIALECTS, SWITCHES

CONTENT = re.compile(rb"<NOIDUNGFILE>([^<]*)</NOIDUNGFILE>")
CELL = re.compile(rb"<([A-Z][A-Z0-9_]*)>([^<]*)</\1>")


def documents(folder: Path, dialect: str, *, encounters: int = 3) -> list[bytes]:
    synth.write_files(
        folder, encounters=encounters, edition="3176", seed=5, dialect=dialect, per_file=3
    )
    return [p.read_bytes() for p in sorted(folder.glob("*.xml"))]


def parts(data: bytes) -> list[bytes]:
    return [base64.b64decode(text) for text in CONTENT.findall(data)]


@pytest.mark.parametrize("dialect", [*DIALECTS, *SWITCHES])
def test_records_stay_the_same_and_a_second_run_finds_nothing(dialect: str, tmp_path: Path) -> None:
    for source in documents(tmp_path, dialect):
        found = repair.propose(source, nfc=False)
        assert found.refused in ("", "batch")
        before, after = bhyt.read(source), bhyt.read(found.data)
        assert before.claims == after.claims
        assert (before.facility, before.created, before.declared) == (
            after.facility,
            after.created,
            after.declared,
        )
        if not found.repairs:
            assert found.data is source
        assert repair.propose(found.data).repairs == ()
        gone = Counter(f.code for f in before.findings) - Counter(f.code for f in after.findings)
        left = {f.code for f in after.findings} - {f.code for f in before.findings}
        assert not left
        assert {r.code for r in found.repairs} >= set(gone)


@pytest.mark.parametrize("dialect", ["blanks", "decimal_comma", "scientific", "thousands_dots"])
def test_byte_for_byte_only_the_listed_values_change(dialect: str, tmp_path: Path) -> None:
    for source in documents(tmp_path, dialect):
        found = repair.propose(source)
        assert found.repairs
        assert CONTENT.sub(b"", source) == CONTENT.sub(b"", found.data)
        changed: list[tuple[str, str, str]] = []
        for old, new in zip(parts(source), parts(found.data), strict=True):
            assert CELL.sub(b"<>", old) == CELL.sub(b"<>", new)
            for was, now in zip(CELL.findall(old), CELL.findall(new), strict=True):
                assert was[0] == now[0]
                if was != now:
                    changed.append((was[0].decode(), was[1].decode(), now[1].decode()))
        listed = [(r.tag, r.before, r.after) for r in found.repairs]
        assert Counter(changed) == Counter(listed)


def test_order_moves_cells_whole_and_missing_tags_come_in_empty(tmp_path: Path) -> None:
    (source,) = documents(tmp_path / "a", "shuffled_order")
    found = repair.propose(source)
    assert {r.kind for r in found.repairs} == {"order"}
    for old, new in zip(parts(source), parts(found.data), strict=True):
        assert Counter(CELL.findall(old)) == Counter(CELL.findall(new))
        assert len(old) == len(new)
    (source,) = documents(tmp_path / "b", "missing_tags")
    found = repair.propose(source)
    assert {r.kind for r in found.repairs} == {"empty_tags"}
    added: Counter[tuple[bytes, bytes]] = Counter()
    for old, new in zip(parts(source), parts(found.data), strict=True):
        assert not Counter(CELL.findall(old)) - Counter(CELL.findall(new))
        added += Counter(CELL.findall(new)) - Counter(CELL.findall(old))
    assert added == Counter((r.tag.encode(), b"") for r in found.repairs if r.tag)


@pytest.mark.parametrize(
    ("tag", "text", "after"),
    [
        ("T_THUOC", "1,234", None),
        ("T_THUOC", "1.234", None),
        ("T_THUOC", "12x", None),
        ("T_THUOC", "123456,00", "123456.00"),
        ("T_THUOC", "12.345.678,50", "12345678.50"),
        ("T_THUOC", " 5.00\n", "5.00"),
        ("T_THUOC", " 1,50 ", "1.50"),
        ("T_THUOC", "05", None),
        ("T_THUOC", "undefined", ""),
        ("GIOI_TINH", "null", ""),
        ("GIOI_TINH", "1.0", None),
        ("HO_TEN", "null", None),
        ("HO_TEN", "\u00a0Nguyễn Văn Thử\u200b", "Nguyễn Văn Thử"),
        ("HO_TEN", "   ", ""),
        ("HO_TEN", " A &amp; B ", "A &amp; B"),
        ("DIA_CHI", "<![CDATA[ ngõ <5> ]]>", "<![CDATA[ngõ <5>]]>"),
        ("DIA_CHI", "a<!-- x --> ", None),
        ("NGAY_RA", "2026", None),
    ],
)
def test_only_what_is_certain_is_repaired(tag: str, text: str, after: str | None) -> None:
    cell = f"<{tag}>{text}</{tag}>"
    source = f"<TONG_HOP><MA_LK>A1</MA_LK>{cell}</TONG_HOP>".encode()
    found = repair.propose(source)
    kinds = {r.kind for r in found.repairs} - {"order", "empty_tags"}
    if after is None:
        assert cell.encode() in found.data
        assert not kinds
    else:
        assert f"<{tag}>{after}</{tag}>".encode() in found.data
        assert kinds


def test_nfc_only_on_request(tmp_path: Path) -> None:
    (source,) = documents(tmp_path, "nfd_names")
    assert repair.propose(source).repairs == ()
    found = repair.propose(source, nfc=True)
    assert {r.kind for r in found.repairs} == {"nfc"}
    assert {r.tag for r in found.repairs} >= {"HO_TEN"}
    assert "BHYT-VAL-11" not in bhyt.read(found.data).findings.codes


@pytest.fixture(scope="module")
def signed() -> bytes:
    row = b"<TONG_HOP><MA_LK> A1 </MA_LK></TONG_HOP>"
    inner = base64.b64encode(row)
    source = (
        b"<GIAMDINHHS><THONGTINDONVI><MACSKCB>01001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        b"<NGAYLAP>20260801</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        b"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>" + inner + b"</NOIDUNGFILE></FILEHOSO></HOSO>"
        b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"
    )
    assert repair.propose(source).repairs
    start, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    authority = signing.TestAuthority(not_before=start, not_after=end)
    return signing.sign(source, authority.issue("01001", not_before=start, not_after=end))


def test_a_signed_file_is_never_touched(signed: bytes) -> None:
    found = repair.propose(signed)
    assert (found.refused, found.repairs, found.data) == ("signed", (), signed)


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        (b"", "unreadable"),
        (b"<html/>", "unreadable"),
        (b"PK\x03\x04 no zip", "archive"),
        (b"<!DOCTYPE a><TONG_HOP><MA_LK> A1 </MA_LK></TONG_HOP>", "unreadable"),
        (
            '<?xml version="1.0" encoding="utf-16"?><TONG_HOP><MA_LK> A </MA_LK></TONG_HOP>'.encode(
                "utf-16"
            ),
            "malformed",
        ),
        (
            b"<TONG_HOP><MA_LK> A1 </MA_LK></TONG_HOP><TONG_HOP><MA_LK>A2</MA_LK></TONG_HOP>",
            "malformed",
        ),
    ],
)
def test_what_cannot_be_repaired_comes_back_as_it_was(source: bytes, refused: str) -> None:
    found = repair.propose(source)
    assert (found.refused, found.repairs, found.data) == (refused, (), source)


@given(
    st.binary(max_size=200)
    | st.text(alphabet='<>/&;![]-TONG_HMAP= A1"', max_size=200).map(str.encode)
)
def test_no_bytes_raise(data: bytes) -> None:
    assert repair.propose(data).data == data
    row = b"<TONG_HOP><MA_LK>" + data + b"</MA_LK></TONG_HOP>"
    found = repair.propose(row)
    assert found.refused != "loss"


@given(st.text(alphabet=" ,.0123456789eE-\u00a0x", max_size=12))
def test_numbers_keep_their_value(text: str) -> None:
    source = f"<TONG_HOP><T_THUOC>{text}</T_THUOC></TONG_HOP>".encode()
    found = repair.propose(source)
    assert found.refused == ""
    before, after = bhyt.read(source).claims[0].xml1, bhyt.read(found.data).claims[0].xml1
    assert before.t_thuoc == after.t_thuoc
    if before.t_thuoc is None and text.strip(" \u00a0"):
        assert text.strip(" \u00a0").encode() in found.data


def test_a_repair_says_what_without_saying_whose() -> None:
    source = "<TONG_HOP><MA_LK>A1</MA_LK><HO_TEN> Trần Thị Bí Mật </HO_TEN></TONG_HOP>".encode()
    trim = next(r for r in repair.propose(source).repairs if r.kind == "trim")
    assert "Bí Mật" not in f"{trim!r} {trim.text('vi')} {trim.text('en')} {trim.to_dict()}"
    assert trim.to_dict(values=True)["before"] == " Trần Thị Bí Mật "
    assert (trim.path, trim.code) == ("XML1[0].HO_TEN", "BHYT-VAL-08")


def test_every_kind_has_a_code_and_two_texts() -> None:
    from vnhealth.findings import catalogue

    for kind in repair.kinds().values():
        assert kind.code in catalogue
        assert kind.text_vi
        assert kind.text_en != kind.text_vi
