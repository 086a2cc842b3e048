"""The outline of an envelope takes nothing that the XML parser would read in another way."""

from __future__ import annotations

import base64
import random

import pytest

from vnhealth import codecs
from vnhealth.codecs import _reader
from vnhealth.codecs._encoding import clean
from vnhealth.codecs._limits import DEFAULT_LIMITS
from vnhealth.codecs._outline import outlined
from vnhealth.codecs._xml import strict
from vnhealth.records import Document

ROW = b"<TONG_HOP><MA_LK>A%d</MA_LK><STT>1</STT><NGAY_RA>202603011000</NGAY_RA></TONG_HOP>"
LINES = (
    b"<DSACH_CHI_TIET_THUOC><CHI_TIET_THUOC><MA_LK>A1</MA_LK><STT>x</STT></CHI_TIET_THUOC>"
    b"</DSACH_CHI_TIET_THUOC>"
)
SIGNED = (
    b'<CHUKYDONVI><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>'
    b'<Reference URI=""/></SignedInfo></Signature></CHUKYDONVI>'
)
XSI = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XSD = b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
DAMAGE = [
    *(
        b"<",
        b">",
        b"/",
        b"&",
        b"&amp;",
        b" ",
        b"\n",
        b"\r\n",
        b"\t",
        b"\x00",
        b"\x0b",
        b"\xff",
        b"x",
    ),
    *(b"<!-- x -->", b"<?x y?>", b"<![CDATA[", b"]]>", b"<HOSO>", b"</HOSO>", b"<FILEHOSO>", b"="),
    *(
        b"</FILEHOSO>",
        b"<A/>",
        b' a="1"',
        XSI,
        XSD,
        b"<MACSKCB>1</MACSKCB>",
        b"1",
        b"A",
        b"\xc2\xa0",
    ),
    *(b"<CHUKYDONVI/>", b"<CHUKYDONVI>x</CHUKYDONVI>", b"<!DOCTYPE a>", b"\xef\xbb\xbf", b"x:"),
    *(
        b"<LOAIHOSO>XML2</LOAIHOSO>",
        b"<NOIDUNGFILE/>",
        b"XML",
        b"0",
        b"\xef\xbf\xbe",
        b"<GIAMDINHHS/>",
    ),
]


def rendered(dice: random.Random) -> bytes:
    line = dice.choice([b"", b"\n", b"\r\n  "])
    cases = []
    for number in range(dice.choice([1, 1, 2, 3])):
        files = [(b"XML1", ROW % number), (b"XML2", LINES), (b"XML2", LINES), (b"XML15", b"<A/>")]
        held = [
            b"<FILEHOSO>%s<LOAIHOSO>%s</LOAIHOSO>%s<NOIDUNGFILE>%s</NOIDUNGFILE>%s</FILEHOSO>"
            % (line, name, line, base64.b64encode(content), line)
            for name, content in files[: dice.choice([0, 1, 2, 3, 4])]
        ]
        cases.append(b"<HOSO>" + line + line.join(held) + line + b"</HOSO>")
    head = dice.choice([b'<?xml version="1.0" encoding="utf-8"?>', b'<?xml version="1.0"?>', b""])
    root = dice.choice([b"", XSI, XSD, XSI + XSD, XSD + XSI])
    sign = dice.choice([b"<CHUKYDONVI/>", b"<CHUKYDONVI />", b"<CHUKYDONVI></CHUKYDONVI>", SIGNED])
    about = (
        b"<THONGTINDONVI><MACSKCB>79001</MACSKCB></THONGTINDONVI>",
        b"<THONGTINHOSO>",
        dice.choice([b"<NGAYLAP>20260301</NGAYLAP>", b"<NGAYLAP></NGAYLAP>"]),
        b"<SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO>",
    )
    parts = (*about, *cases, b"</DANHSACHHOSO></THONGTINHOSO>", sign, b"</GIAMDINHHS>")
    return line.join((head, b"<GIAMDINHHS%s>" % root, *parts, b"")).lstrip()


def damaged(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.choice([0, 1, 1, 2])):
        at = dice.randrange(len(data) + 1)
        if dice.random() < 0.7:
            at = max(data.rfind(dice.choice([b"<", b">"]), 0, at) + dice.choice([0, 1]), 0)
        what = dice.randrange(4)
        if what < 2:
            data = data[:at] + dice.choice(DAMAGE) + data[at:]
        elif what == 2:
            data = data[:at] + data[at + dice.choice([1, 1, 4, 20]) :]
        else:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
    return data


def shown(document: Document) -> tuple[object, ...]:
    head = (document.facility, document.created, document.declared, document.signature)
    parts = [claim.parts for claim in document.claims]
    return head, document.claims, parts, list(document.findings)


def differ(seed: int, count: int) -> int:
    dice = random.Random(seed)
    accepted = 0
    for _ in range(count):
        data = damaged(rendered(dice), dice)
        content, found = clean(data)
        outline = outlined(content, 1 << 20)
        if outline is None:
            continue
        accepted += 1
        mine = _reader._read_outline(outline, list(found), DEFAULT_LIMITS, data)
        parsed = strict(content, list(found))
        assert parsed is not None
        theirs = _reader._read_envelope(parsed, DEFAULT_LIMITS, data)
        assert shown(mine) == shown(theirs)
    return accepted


@pytest.mark.parametrize("seed", range(4))
def test_the_outline_never_reads_what_the_parser_reads_otherwise(seed: int) -> None:
    assert differ(seed, 400) > 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2000, 2020))
def test_the_outline_at_length(seed: int) -> None:
    assert differ(seed, 5000) > 700


@pytest.mark.parametrize("signed", [False, True])
def test_skeletons_are_taken(signed: bool) -> None:
    data = rendered(random.Random(1))
    data = data[: data.index(b"<CHUKYDONVI")] + (SIGNED if signed else b"<CHUKYDONVI/>")
    data += b"</GIAMDINHHS>"
    outline = outlined(data, 1 << 20)
    assert outline is not None
    assert outline.signature == ("present" if signed else "empty")
    assert [name for name, _ in outline.cases[0]] == [
        part.name for part in codecs.read(data).claims[0].parts
    ]
