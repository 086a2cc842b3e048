"""A part says that it is plain only when it holds nothing but elements and text."""

from __future__ import annotations

import base64

import pytest

from vnhealth import codecs

ROW = "<TONG_HOP><MA_LK>A1</MA_LK><MA_LOAI_KCB>{}</MA_LOAI_KCB></TONG_HOP>"


def part(content: str):
    inner = base64.b64encode(content.encode()).decode()
    data = (
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>01001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260801</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{inner}</NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    )
    read, streamed = codecs.read(data.encode()).claims[0], next(codecs.iter_claims(data.encode()))
    assert read.parts[0].plain is streamed.parts[0].plain
    return read.parts[0]


@pytest.mark.parametrize("value", ["01", "<![CDATA[<!-- <a b='1'/> -->]]>", " 01 &amp; "])
def test_elements_and_text_are_plain(value: str) -> None:
    assert part(ROW.format(value)).plain


@pytest.mark.parametrize(
    "content",
    [
        ROW.format("01<!-- x -->"),
        ROW.format("01<?x y?>"),
        ROW.format("01").replace("<MA_LK>", "<MA_LK a='1'>"),
        ROW.format("01") + "<!-- x -->",
        ROW.format("01").replace("<TONG_HOP>", "<TONG_HOP a='1'>"),
        "",
        "<X/>",
    ],
)
def test_anything_else_is_not(content: str) -> None:
    assert not part(content).plain
