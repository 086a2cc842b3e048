"""Whatever the bytes: our own errors only, streams agree with documents, nothing goes silently."""

from __future__ import annotations

import base64
import random
import re
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth import codecs
from vnhealth.errors import CodecError
from vnhealth.findings import Finding
from vnhealth.records import Claim, Document, to_text

ROWS2 = (
    "<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC>"
    "<CHI_TIET_THUOC><MA_LK>V0001</MA_LK><STT>1</STT><TEN_THUOC>V0003 &amp; thuốc</TEN_THUOC>"
    "<CACH_DUNG><![CDATA[V0004 < uống]]></CACH_DUNG><SO_LUONG>2.5</SO_LUONG></CHI_TIET_THUOC>"
    "<CHI_TIET_THUOC><MA_LK>V0001</MA_LK><STT>2</STT><TEN_THUOC>V0005</TEN_THUOC></CHI_TIET_THUOC>"
    "</DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>"
).encode()
ROW1 = (
    "<TONG_HOP><MA_LK>V0001</MA_LK><STT>1</STT><HO_TEN>V0002 Thử</HO_TEN>"
    "<NGAY_RA>202603011000</NGAY_RA></TONG_HOP>"
).encode()


def hoso(*, encoded: bool) -> bytes:
    files = []
    for name, content in ((b"XML1", ROW1), (b"XML2", ROWS2)):
        held = base64.b64encode(content) if encoded else content
        files.append(
            b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>"
            % (name, held)
        )
    return b"<HOSO>" + b"".join(files) + b"</HOSO>"


def envelope(count: int, *, encoded: bool) -> bytes:
    return (
        b'<?xml version="1.0" encoding="utf-8"?>\n<GIAMDINHHS>'
        b"<THONGTINDONVI><MACSKCB>79001</MACSKCB></THONGTINDONVI>"
        b"<THONGTINHOSO><NGAYLAP>20260302</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO>"
        + hoso(encoded=encoded) * count
        + b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    )


SEEDS = [
    ROW1,
    ROWS2,
    envelope(1, encoded=True),
    envelope(3, encoded=True),
    envelope(1, encoded=False),
    envelope(2, encoded=False),
]
TOKENS = (
    "< > & ]]> <![CDATA[ <!-- --> <?x ?> </HOSO> <HOSO> <FILEHOSO> </TONG_HOP> <TONG_HOP> x: "
    "<STT> </STT> \" ' = 12,5 undefined <GIAMDINHHS> </NOIDUNGFILE> <NOIDUNGFILE> <vnhealth> "
    "&#8; &x; &amp; <a/> <MA_LK> <B>"
)
WORDS = [token.encode() for token in TOKENS.split()] + [
    b"\x00",
    b"\x0b",
    b"\xff",
    b"\xe1\xba",
    b"\xef\xbf\xbe",
    b"\xef\xbb\xbf",
    b"\r\r\n",
    b' a="1"',
    b' xmlns:x="a b"',
    b'<?xml version="1.0"?>',
    b'<?xml version="1.0" encoding="utf-16"?>',
    b'<!DOCTYPE a [<!ENTITY x "y">]>',
    b"  ",
    "é".encode(),
]


def mutated(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.choice([1, 1, 1, 2, 3, 6])):
        at = dice.randrange(len(data) + 1)
        if dice.random() < 0.5 and (tag := data.find(b"<", at)) >= 0:
            at = tag
        what = dice.randrange(5)
        if what == 0:
            data = data[:at] + dice.choice(WORDS) + data[at:]
        elif what == 1:
            data = data[:at] + data[at + dice.choice([1, 1, 5, 50]) :]
        elif what == 2:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        elif what == 3:
            to = dice.randrange(len(data) + 1)
            data = data[:to] + data[at : at + dice.randrange(80)] + data[to:]
        elif dice.random() < 0.2:
            data = data[:at]
    return data


def outcome(data: bytes) -> Document | CodecError:
    try:
        return codecs.read(data)
    except CodecError as error:
        return error


def streamed(data: bytes) -> list[Claim] | CodecError:
    try:
        return list(codecs.iter_claims(data))
    except CodecError as error:
        return error


def shown(document: Document) -> str:
    held = []
    for claim in document.claims:
        for row in claim:
            held += [to_text(value) for _, value in row.items()]
            held += row.raw_texts.values()
            held += [f"{tag} {text}" for tag, text in row.extra]
    return " ".join(held)


def assert_filled(finding: Finding) -> None:
    """Every placeholder of both messages is given."""
    given_ = {**finding.params, **finding.values, "tag": finding.tag, "table": finding.table}
    for text in (finding.info.message_vi, finding.info.message_en):
        assert all(given_.get(name) for _, name, _, _ in Formatter().parse(text) if name)


def check(data: bytes) -> None:
    document, claims = outcome(data), streamed(data)
    if isinstance(document, CodecError):
        assert isinstance(claims, CodecError)
        assert str(document)
        assert document.message("vi")
        return
    assert not isinstance(claims, CodecError)
    assert claims == list(document.claims)
    assert [c.findings for c in claims] == [c.findings for c in document.claims]
    assert [c.parts for c in claims] == [c.parts for c in document.claims]
    assert codecs.write(document) == data
    for finding in document.findings:
        assert_filled(finding)
    known = {c for seed in SEEDS for c in codecs.read(seed).findings.codes}
    lost = set(re.findall(rb"V000[1-5]", data)) - {
        token.encode() for token in re.findall("V000[1-5]", shown(document))
    }
    assert not lost or document.findings.codes - known


def inside(content: bytes, name: bytes) -> bytes:
    return (
        b"<GIAMDINHHS><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>%s</LOAIHOSO>"
        b"<NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO></HOSO></DANHSACHHOSO></GIAMDINHHS>"
        % (name, base64.b64encode(content))
    )


def fuzz(dice: random.Random, count: int) -> None:
    for _ in range(count):
        if dice.random() < 0.3:
            name = dice.choice([b"XML1", b"XML2"])
            check(inside(mutated(dice.choice([ROW1, ROWS2]), dice), name))
        else:
            check(mutated(dice.choice(SEEDS), dice))


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files(seed: int) -> None:
    fuzz(random.Random(seed), 150)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_damaged_files(seed: int) -> None:
    fuzz(random.Random(seed), 3000)


@given(st.binary(max_size=300))
def test_bytes_of_no_kind(data: bytes) -> None:
    check(data)


@settings(max_examples=60)
@given(st.text(max_size=100), st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-16-be"]))
def test_texts_in_any_encoding(text: str, encoding: str) -> None:
    fitted = text.encode("utf-8", "ignore").decode()
    check(f"<TONG_HOP><MA_LK>{fitted}</MA_LK></TONG_HOP>".encode(encoding))


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_every_prefix_of_a_file(seed: bytes) -> None:
    for end in range(0, len(seed), 17):
        check(seed[:end])
