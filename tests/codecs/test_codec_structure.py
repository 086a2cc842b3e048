"""Odd structures: each read without loss, each said with its code and its place."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import pytest

from vnhealth import codecs
from vnhealth.errors import MalformedXml, UnknownEnvelope
from vnhealth.records import Document, PartForm
from vnhealth.spec import Family

ROW1 = "<TONG_HOP><MA_LK>A1</MA_LK><STT>1</STT><NGAY_RA>202603011000</NGAY_RA>{}</TONG_HOP>"
ROW2 = "<CHI_TIET_THUOC><MA_LK>A1</MA_LK><STT>{}</STT>{}</CHI_TIET_THUOC>"
QUIET = {
    "BHYT-DOC-07",
    "BHYT-DOC-10",
    "BHYT-PART-02",
    "BHYT-PART-05",
    "BHYT-ROW-01",
    "BHYT-ROW-02",
}
"""Said of most of the short samples here."""
ENVELOPE_TAGS = (
    "GIAMDINHHS",
    "THONGTINDONVI",
    "MACSKCB",
    "THONGTINHOSO",
    "NGAYLAP",
    "SOLUONGHOSO",
    "DANHSACHHOSO",
    "FILEHOSO",
    "LOAIHOSO",
    "NOIDUNGFILE",
    "CHUKYDONVI",
    "HOSO",
)


def table2(*rows: str) -> str:
    body = "".join(rows)
    inner = f"<DSACH_CHI_TIET_THUOC>{body}</DSACH_CHI_TIET_THUOC>"
    return f"<CHITIEU_CHITIET_THUOC>{inner}</CHITIEU_CHITIET_THUOC>"


def file(name: str, content: str | bytes, *, encoded: bool = True) -> str:
    raw = content.encode() if isinstance(content, str) else content
    held = base64.b64encode(raw).decode() if encoded else raw.decode()
    return f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{held}</NOIDUNGFILE></FILEHOSO>"


def envelope(*hosos: str, around: str = "{}") -> bytes:
    cases = "".join(f"<HOSO>{hoso}</HOSO>" for hoso in hosos)
    return around.format(
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>79001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260302</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{cases}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def said(document: Document) -> set[str]:
    return set(document.findings.codes - QUIET)


def one_row(cells: str) -> Document:
    return codecs.read(ROW1.format(cells).encode())


# -- cells ---------------------------------------------------------------------------------------


def test_comments_and_instructions_inside_values_are_reported_not_read() -> None:
    document = one_row("<MA_BN>12<!-- x -->3<?y z?></MA_BN><!-- w -->")
    assert document.claims[0].xml1.ma_bn == "123"
    (finding,) = document.findings.by_code("BHYT-DOC-19")
    assert finding.params["count"] == "3"
    assert said(document) == {"BHYT-DOC-19"}


def test_a_comment_sign_inside_cdata_is_no_comment() -> None:
    document = one_row("<MA_BN><![CDATA[<!-- 1 --><?2?>]]></MA_BN>")
    assert document.claims[0].xml1.ma_bn == "<!-- 1 --><?2?>"
    assert said(document) == set()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("<![CDATA[a<b&c]]>", "a<b&c"),
        ("x<![CDATA[<]]>y", "x<y"),
        ("<![CDATA[a]]><![CDATA[b]]>", "ab"),
        ("<![CDATA[]]>", None),
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#272;&#x1EA1;", "Đạ"),
        ("a&#13;b", "a\rb"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_equal_ways_to_write_a_value(cell: str, value: str | None) -> None:
    document = one_row(f"<GHI_CHU>{cell}</GHI_CHU>")
    assert document.claims[0].xml1.ghi_chu == value
    assert said(document) == set()


def test_text_between_cells_is_kept_and_reported() -> None:
    document = one_row("lạc <MA_BN>1</MA_BN> đâu")
    row = document.claims[0].xml1
    assert row.ma_bn == "1"
    assert row.extra == (("#text", "lạc"), ("#text", "đâu"))
    (finding,) = document.findings.by_code("BHYT-ROW-09")
    assert (finding.params["count"], finding.path) == ("2", "XML1[0]")


def test_attributes_are_kept_and_reported() -> None:
    document = one_row('<MA_BN id="7">1</MA_BN><GIOI_TINH ma="x"/>')
    row = document.claims[0].xml1
    assert (row.ma_bn, row.gioi_tinh) == ("1", None)
    assert row.extra == (("MA_BN@id", "7"), ("GIOI_TINH@ma", "x"))
    assert [f.path for f in document.findings.by_code("BHYT-ROW-08")] == [
        "XML1[0].GIOI_TINH",
        "XML1[0].MA_BN",
    ]


def test_an_attribute_of_a_row_is_kept_and_reported() -> None:
    row = ROW2.format(1, "").replace("<CHI_TIET_THUOC>", '<CHI_TIET_THUOC so="4">')
    document = codecs.read(table2(row).encode())
    assert document.claims[0].xml2[0].extra == (("CHI_TIET_THUOC@so", "4"),)
    assert said(document) == {"BHYT-ROW-08"}


def test_nil_is_an_empty_value() -> None:
    xsi = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    data = ROW1.format('<MA_BN xsi:nil="true"/>').replace("<TONG_HOP>", f"<TONG_HOP{xsi}>")
    document = codecs.read(data.encode())
    assert document.claims[0].xml1.ma_bn is None
    assert document.claims[0].xml1.extra == ()
    assert said(document) == {"BHYT-ROW-10"}
    undeclared = codecs.read(ROW1.format('<MA_BN xsi:nil="true"/>').encode())
    assert undeclared.claims[0].ma_lk == "A1"
    assert undeclared.findings.by_code("BHYT-DOC-16")[0].params["prefixes"] == "xsi"


def test_nested_tags_are_kept_whole() -> None:
    document = one_row("<MA_BN><A>1</A>2</MA_BN>")
    row = document.claims[0].xml1
    assert row.ma_bn is None
    assert row.extra == (("MA_BN", "<MA_BN><A>1</A>2</MA_BN>"),)
    assert said(document) == {"BHYT-ROW-05"}


def test_repeated_tags_keep_every_value() -> None:
    document = one_row("<MA_BN>1</MA_BN><MA_BN>2</MA_BN><MA_BN/>")
    row = document.claims[0].xml1
    assert row.ma_bn == "1"
    assert row.extra == (("MA_BN", "2"),)
    (finding,) = document.findings.by_code("BHYT-ROW-04")
    assert finding.path == "XML1[0].MA_BN"


def test_unknown_tags_keep_their_values_and_odd_names_are_not_shown() -> None:
    document = one_row("<MA_LKK>1</MA_LKK><Nguyễn>2</Nguyễn>")
    assert document.claims[0].xml1.extra == (("MA_LKK", "1"), ("NGUYỄN", "2"))
    assert [f.tag for f in document.findings.by_code("BHYT-ROW-03")] == ["MA_LKK", "…"]


def test_namespaces_and_lower_case_are_read() -> None:
    for data in (
        '<TONG_HOP xmlns="urn:a"><MA_LK>A1</MA_LK></TONG_HOP>',
        '<x:TONG_HOP xmlns:x="urn:a"><x:MA_LK>A1</x:MA_LK></x:TONG_HOP>',
        "<tong_hop><ma_lk>A1</ma_lk></tong_hop>",
    ):
        document = codecs.read(data.encode())
        assert document.claims[0].ma_lk == "A1"
        assert said(document) == {"BHYT-ROW-06"}


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_envelopes_with_namespaces_and_in_lower_case(prefix: str, case: type[str]) -> None:
    text = envelope(file("XML1", ROW1.format("")), file("XML1", ROW1.format(""))).decode()
    for tag in ENVELOPE_TAGS:
        text = text.replace(f"<{tag}", f"<{prefix}{case(tag)}")
        text = text.replace(f"</{tag}", f"</{prefix}{case(tag)}")
    if prefix:
        text = text.replace(f"<x:{case('GIAMDINHHS')}", f'<x:{case("GIAMDINHHS")} xmlns:x="urn:x"')
    document = codecs.read(text.encode())
    assert document.facility == "79001"
    assert [claim.ma_lk for claim in document.claims] == ["A1", "A1"]
    assert list(codecs.iter_claims(text.encode())) == list(document.claims)


# -- tables --------------------------------------------------------------------------------------


def test_what_stands_beside_the_rows_is_reported() -> None:
    data = table2(ROW2.format(1, ""), "<GHI_CHU>x</GHI_CHU>", "chữ", ROW2.format(2, ""))
    data = data.replace("<DSACH_CHI_TIET_THUOC>", '<DSACH_CHI_TIET_THUOC a="1">', 1)
    document = codecs.read(data.encode())
    assert document.counts() == {"XML2": 2}
    assert said(document) == {"BHYT-PART-09", "BHYT-PART-14", "BHYT-DOC-22"}


def test_rows_without_their_wrappers_are_found() -> None:
    rows = ROW2.format(1, "") + ROW2.format(2, "")
    for data in (
        f"<CHITIEU_CHITIET_THUOC>{rows}</CHITIEU_CHITIET_THUOC>",
        f"<DSACH_CHI_TIET_THUOC>{rows}</DSACH_CHI_TIET_THUOC>",
        rows,
        table2(rows) + table2(),
    ):
        document = codecs.read(data.encode())
        assert [row.stt for row in document.claims[0].xml2] == [1, 2]


@pytest.mark.parametrize("space", ["", " ", "\r\n"])
def test_a_table_without_rows_has_no_rows(space: str) -> None:
    for empty in (
        table2(space),
        f"<CHITIEU_CHITIET_THUOC>{space}</CHITIEU_CHITIET_THUOC>",
        "<CHITIEU_CHITIET_THUOC/>",
        table2(f"<CHI_TIET_THUOC>{space}</CHI_TIET_THUOC>"),
        table2("<CHI_TIET_THUOC/>"),
    ):
        document = codecs.read(envelope(file("XML1", ROW1.format("")) + file("XML2", empty)))
        rows = document.claims[0].rows("XML2")
        assert len(rows) == empty.count("<CHI_TIET_THUOC>") + empty.count("<CHI_TIET_THUOC/>")
        assert not document.findings.at_least("error")
        assert document.claims[0].parts[1].content == empty.encode()


def test_rows_keep_the_order_of_the_text() -> None:
    two = f"<DSACH_CHI_TIET_THUOC>{ROW2.format(2, '')}</DSACH_CHI_TIET_THUOC>"
    data = f"<CHITIEU_CHITIET_THUOC>{ROW2.format(1, '')}{two}{ROW2.format(3, '')}"
    document = codecs.read((data + "</CHITIEU_CHITIET_THUOC>").encode())
    assert [row.stt for row in document.claims[0].xml2] == [1, 2, 3]


def test_tables_of_a_case_in_one_file() -> None:
    document = codecs.read((ROW1.format("") + table2(ROW2.format(1, ""))).encode())
    assert len(document.claims) == 1
    assert document.counts() == {"XML1": 1, "XML2": 1}
    assert "BHYT-DOC-05" in said(document)


def test_a_part_under_a_wrong_name_is_read_as_what_it_is() -> None:
    document = codecs.read(envelope(file("XML4", table2(ROW2.format(1, "")))))
    assert document.counts() == {"XML2": 1}
    (finding,) = document.findings.by_code("BHYT-PART-07")
    assert finding.params["found"] == "XML2"


def test_an_unknown_part_is_kept() -> None:
    document = codecs.read(envelope(file("XML1", ROW1.format("")) + file("XML9", "<A>1</A>")))
    assert document.counts() == {"XML1": 1}
    assert document.claims[0].parts[1].content == b"<A>1</A>"
    assert said(document) == {"BHYT-PART-08"}


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        ("%%%", PartForm.UNREADABLE, "BHYT-PART-04"),
        ("abcde", PartForm.UNREADABLE, "BHYT-PART-04"),
        ("chữ", PartForm.UNREADABLE, "BHYT-PART-04"),
        ("  \n ", PartForm.EMPTY, "BHYT-PART-03"),
    ],
)
def test_contents_that_are_none(text: str, form: PartForm, code: str) -> None:
    hoso = f"<FILEHOSO><LOAIHOSO>XML2</LOAIHOSO><NOIDUNGFILE>{text}</NOIDUNGFILE></FILEHOSO>"
    document = codecs.read(envelope(file("XML1", ROW1.format("")) + hoso))
    assert document.claims[0].parts[1].form is form
    assert said(document) == {code}
    if form is PartForm.UNREADABLE:
        assert document.claims[0].parts[1].content == text.encode()


def test_base64_in_other_clothes() -> None:
    content = table2(ROW2.format(1, "<TEN_THUOC>ÿþ??>></TEN_THUOC>"))
    while len(content.encode()) % 3 != 1:
        content += "\n"
    standard = base64.b64encode(content.encode()).decode()
    assert standard.endswith("==")
    for text in (standard.rstrip("="), base64.urlsafe_b64encode(content.encode()).decode()):
        hoso = f"<FILEHOSO><LOAIHOSO>XML2</LOAIHOSO><NOIDUNGFILE>{text}</NOIDUNGFILE></FILEHOSO>"
        document = codecs.read(envelope(hoso))
        assert document.claims[0].parts[0].content == content.encode()
        assert document.claims[0].xml2[0].ten_thuoc == "ÿþ??>>"
        assert said(document) <= {"BHYT-PART-12"}
    assert "BHYT-PART-12" in said(document) or "-" not in text


# -- envelopes -----------------------------------------------------------------------------------


def test_repeated_parts_are_joined_with_running_rows() -> None:
    parts = file("XML2", table2(ROW2.format(1, ""))) + file(
        "XML2", table2(ROW2.format("x", ""), ROW2.format(3, ""))
    )
    document = codecs.read(envelope(file("XML1", ROW1.format("")) + parts))
    assert [row.stt for row in document.claims[0].xml2] == [1, None, 3]
    assert document.findings.by_code("BHYT-PART-06")[0].params["count"] == "2"
    assert document.findings.by_code("BHYT-VAL-01")[0].path == "XML2[1].STT"


def test_two_rows_of_a_summary_are_both_kept() -> None:
    document = codecs.read(
        envelope(file("XML1", ROW1.format("")) + file("XML1", ROW1.format("<MA_BN>2</MA_BN>")))
    )
    assert [row.ma_bn for row in document.claims[0].rows("XML1")] == [None, "2"]
    assert "BHYT-PART-06" in said(document)


def test_several_contents_in_one_file_are_all_read() -> None:
    one, two = file("XML1", ROW1.format("")), file("XML1", ROW1.format("<MA_BN>2</MA_BN>"))
    both = one.replace("</FILEHOSO>", "") + two.partition("</LOAIHOSO>")[2]
    document = codecs.read(envelope(both))
    assert len(document.claims[0].rows("XML1")) == 2
    assert "BHYT-PART-13" in said(document)


def test_several_inline_tables_in_one_content_are_all_read() -> None:
    inline = ROW1.format("") + "chữ" + table2(ROW2.format(1, ""))
    document = codecs.read(envelope(file("XML1", inline, encoded=False)))
    assert document.counts() == {"XML1": 1, "XML2": 1}
    assert said(document) == {"BHYT-PART-07", "BHYT-PART-14"}
    assert document.claims[0].parts[0].content.decode() == inline


def test_files_outside_every_case_are_read() -> None:
    data = envelope(file("XML1", ROW1.format(""))).replace(
        b"<DANHSACHHOSO>", b"<DANHSACHHOSO>" + file("XML2", table2(ROW2.format(1, ""))).encode()
    )
    document = codecs.read(data)
    assert [claim.counts() for claim in document.claims] == [{"XML1": 1}, {"XML2": 1}]
    assert said(document) == {"BHYT-DOC-23"}
    assert list(codecs.iter_claims(data)) == list(document.claims)


def test_what_the_envelope_should_not_hold_is_reported() -> None:
    data = envelope(file("XML1", ROW1.format(""))).decode()
    data = data.replace("<HOSO>", '<HOSO id="1">chữ<GHICHU>x</GHICHU>')
    data = data.replace("<NGAYLAP>", "<MACSKCB>01001</MACSKCB><KHAC/><NGAYLAP>")
    document = codecs.read(data.encode())
    assert document.facility == "79001"
    assert said(document) == {"BHYT-DOC-17", "BHYT-DOC-18", "BHYT-DOC-22", "BHYT-DOC-24"}


def test_headers_that_are_none() -> None:
    data = envelope(file("XML1", ROW1.format(""))).replace(b"20260302", b"2/3/2026")
    document = codecs.read(data.replace(b"<SOLUONGHOSO>1<", b"<SOLUONGHOSO>m\xc3\xb4t<"))
    assert (document.created, document.declared) == (None, None)
    assert said(document) == {"BHYT-DOC-11", "BHYT-DOC-12"}


def test_documents_one_after_another() -> None:
    one = envelope(file("XML1", ROW1.format("")))
    data = one + b"\n" + one + b"\xef\xbb\xbf" + one
    document = codecs.read(data)
    assert len(document.claims) == 3
    assert document.declared == 3
    assert "BHYT-DOC-05" in said(document)
    claims = list(codecs.iter_claims(data))
    assert claims == list(document.claims)
    assert [c.findings for c in claims] == [c.findings for c in document.claims]


def test_a_broken_case_costs_only_itself() -> None:
    good = file("XML1", ROW1.format(""))
    broken = file("XML1", ROW1.format("<MA_BN>1</MA_B>"), encoded=False) + file(
        "XML2", table2(ROW2.format(1, ""), ROW2.format(2, "<TEN_THUOC>"), ROW2.format(3, ""))
    )
    data = envelope(good, broken, good)
    document = codecs.read(data)
    assert [c.counts() for c in document.claims] == [{"XML1": 1}, {"XML2": 2}, {"XML1": 1}]
    assert {f.encounter for f in document.findings.at_least("error")} == {1}
    assert document.facility == "79001"
    claims = list(codecs.iter_claims(data))
    assert claims == list(document.claims)
    assert [c.findings for c in claims] == [c.findings for c in document.claims]


def test_a_file_cut_off_in_the_middle_keeps_what_arrived() -> None:
    data = envelope(*[file("XML1", ROW1.format("")) + file("XML2", table2(ROW2.format(1, "")))] * 3)
    cut = data[: data.rfind(b"<LOAIHOSO>XML2") + 60]
    document = codecs.read(cut)
    assert [c.counts() for c in document.claims] == [{"XML1": 1, "XML2": 1}] * 2 + [{"XML1": 1}]
    assert document.facility == "79001"
    assert {f.encounter for f in document.findings.by_code("BHYT-DOC-04")} == {None, 2}


def test_positions_are_those_of_the_whole_file() -> None:
    inline = file("XML1", ROW1.format("<LY_DO_VV>SpO2 < 90</LY_DO_VV>"), encoded=False)
    data = envelope(file("XML1", ROW1.format("")), "\n\n" + inline)
    (finding,) = codecs.read(data).findings.by_code("BHYT-DOC-03")
    at = data.index(b"< 90")
    line = data.count(b"\n", 0, at) + 1
    column = at - data.rfind(b"\n", 0, at)
    assert (finding.params["line"], finding.params["column"]) == (str(line), str(column))


def test_findings_follow_their_rows_when_a_case_is_split() -> None:
    rows = "".join(ROW1.format("").replace("A1", f"A{n}") for n in (1, 2, 3))
    lines = [ROW2.format(n, "").replace("A1", f"A{n}") for n in (1, 2, 2, 3)]
    lines[2] = lines[2].replace("<STT>2<", "<STT>x<")
    document = codecs.read(envelope(file("XML1", rows) + file("XML2", table2(*lines))))
    assert [c.counts() for c in document.claims] == [
        {"XML1": 1, "XML2": 1},
        {"XML1": 1, "XML2": 2},
        {"XML1": 1, "XML2": 1},
    ]
    (finding,) = document.findings.by_code("BHYT-VAL-01")
    assert (finding.encounter, finding.path) == (1, "XML2[1].STT")
    assert document.claims[1].findings == (finding,)


# -- families ------------------------------------------------------------------------------------

OLD1 = "<TONG_HOP><MA_LK>A1</MA_LK><MA_THE>DN4</MA_THE><MA_BENHKHAC>I10</MA_BENHKHAC></TONG_HOP>"


@pytest.mark.parametrize("backwards", [False, True])
def test_the_family_of_a_case_does_not_depend_on_the_order_of_its_parts(backwards: bool) -> None:
    rows = ROW2.format(1, "<T_NGUONKHAC>0</T_NGUONKHAC>")
    parts = [
        file("XML1", OLD1),
        file("XML2", f"<DSACH_CHI_TIET_THUOC>{rows}</DSACH_CHI_TIET_THUOC>"),
    ]
    document = codecs.read(envelope("".join(reversed(parts) if backwards else parts)))
    assert document.family is Family.F4210
    assert document.claims[0].xml1.ma_the == "DN4"
    assert document.counts() == {"XML1": 1, "XML2": 1}


def test_a_table_of_another_family_loses_nothing() -> None:
    document = codecs.read(
        envelope(
            file("XML1", OLD1)
            + file("XML2", table2(ROW2.format(1, "<MA_PTTT>1</MA_PTTT><NGUON_CTRA>1</NGUON_CTRA>")))
        )
    )
    (row,) = document.claims[0].xml2
    assert document.family is Family.F4210
    assert ("NGUON_CTRA", "1") in row.extra
    assert "BHYT-PART-10" in said(document)


# -- whole files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" ", b"x", b"<", b"<a", b"\x00", b"PK", b"{}", b"<a></b>"])
def test_what_is_no_xml_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedXml):
        codecs.read(data)
    with pytest.raises(MalformedXml):
        list(codecs.iter_claims(data))


@pytest.mark.parametrize("data", [b"<html/>", b"<html>x</html>", b"<Nguy\xe1\xbb\x85n/>"])
def test_other_xml_is_unknown(data: bytes) -> None:
    with pytest.raises(UnknownEnvelope) as error:
        codecs.read(data)
    assert "Nguy" not in str(error.value)


def test_wrong_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><TONG_HOP><MA_LK>Đạ</MA_LK></TONG_HOP>'
    lie = text.format("utf-16").encode()
    for data in (
        lie,
        text.format("utf-16").encode("utf-16"),
        text.format("utf-8").encode("utf-16"),
    ):
        document = codecs.read(data)
        assert document.claims[0].ma_lk == "Đạ"
        assert said(document) == {"BHYT-DOC-14"}
        assert codecs.write(document) == data
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><TONG_HOP><MA_LK>ngày</MA_LK></TONG_HOP>'
    assert codecs.read(latin.encode("latin-1")).claims[0].ma_lk == "ngày"
    unknown = latin.replace("iso-8859-1", "x-unknown").encode("latin-1")
    document = codecs.read(unknown)
    assert document.claims[0].ma_lk == "ngày"
    assert said(document) == {"BHYT-DOC-08", "BHYT-DOC-14"}


def test_only_the_broken_values_are_kept_as_latin_1() -> None:
    data = "<TONG_HOP><MA_LK>A1</MA_LK><HO_TEN>@</HO_TEN><DIA_CHI>Hà Nội</DIA_CHI></TONG_HOP>"
    document = codecs.read(data.encode().replace(b"@", b"L\xea"))
    row = document.claims[0].xml1
    assert (row.ho_ten, row.dia_chi) == ("Lê", "Hà Nội")
    (finding,) = document.findings.by_code("BHYT-DOC-08")
    assert finding.params == {"offset": "36", "count": "1"}


def test_control_characters_are_shown_and_reported() -> None:
    document = codecs.read(ROW1.format("<MA_BN>a\x0bb&#8;</MA_BN>").encode())
    assert document.claims[0].xml1.ma_bn == "a\ufffdb&#8;"
    assert said(document) == {"BHYT-DOC-15", "BHYT-DOC-03"}


def test_blanks_before_the_declaration() -> None:
    document = codecs.read(b'\r\n<?xml version="1.0"?>' + ROW1.format("").encode())
    assert document.claims[0].ma_lk == "A1"
    assert said(document) == {"BHYT-DOC-20"}


def test_text_around_the_root_is_reported() -> None:
    document = codecs.read(ROW1.format("").encode() + b"\x00")
    assert document.claims[0].ma_lk == "A1"
    assert said(document) == {"BHYT-DOC-15", "BHYT-DOC-17"}


def test_check_ins_and_assessments_stand_alone() -> None:
    row = "<TRANG_THAI_KCB><MA_LK>A1</MA_LK><STT>1</STT></TRANG_THAI_KCB>"
    inner = f"<DSACH_TRANG_THAI_KCB>{row * 2}</DSACH_TRANG_THAI_KCB>"
    for sign, state in (
        ("", "absent"),
        ("<CHUKYDONVI/>", "empty"),
        ("<CHUKYDONVI><S/></CHUKYDONVI>", "present"),
    ):
        data = f"<CHI_TIEU_TRANG_THAI_KCB>{inner}{sign}</CHI_TIEU_TRANG_THAI_KCB>"
        document = codecs.read(data.encode())
        assert (document.kind.value, document.signature) == ("checkin", state)
        assert len(document.claims[0].rows("XML0")) == 2


def information(document: Document) -> Iterable[tuple[object, ...]]:
    return [
        (f.encounter, f.table, f.tag, f.code, tuple(f.params.get("tags", "")))
        for f in document.findings
        if f.severity.value == "info"
    ]


def test_notes_on_form_are_said_once_per_table_and_tag() -> None:
    rows = [ROW2.format(n, "<CACH_DUNG> x </CACH_DUNG><SO_LUONG>1</SO_LUONG>") for n in range(50)]
    rows += [ROW2.format(n, "<SO_LUONG>1</SO_LUONG><CACH_DUNG> y</CACH_DUNG>") for n in range(9)]
    document = codecs.read(envelope(file("XML2", table2(*rows)), file("XML2", table2(*rows))))
    held = list(information(document))
    assert len(held) == len(set(held))
    counts = {f.code: f.params["count"] for f in document.claims[1].findings if "count" in f.params}
    assert counts["BHYT-VAL-08"] == "59"
    assert counts["BHYT-ROW-02"] == "59"
    assert counts["BHYT-ROW-01"] == "9"
