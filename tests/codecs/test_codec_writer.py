"""Strict out: official order, canonical bytes, a finding for each value that may not go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnhealth import codecs, spec
from vnhealth.codecs._template import Refused, check_values, row_template
from vnhealth.errors import ConformanceError, EncodeError
from vnhealth.findings import Finding
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Record, record_class
from vnhealth.records.bhyt130 import Xml0, Xml1, Xml2, Xml7, Xml13
from vnhealth.records.bhyt4210 import Xml2 as OldXml2
from vnhealth.spec import Edition

X1 = Xml1(
    ma_lk="A1",
    stt=1,
    ma_cskcb="79001",
    ngay_vao=LocalTime.parse("202603010800"),
    ngay_ra=LocalTime.parse("202603011000"),
)


def refused(*rows: Record, edition: Edition | str = "3176") -> list[Finding]:
    with pytest.raises(ConformanceError) as error:
        codecs.encode_table(rows[0].TABLE, rows, edition)
    assert error.value.code == "ERR-XML-05"
    return list(error.value.findings)


def test_an_envelope_is_canonical_xml() -> None:
    claim = Claim(xml1=X1, xml2=[Xml2(ma_lk="A1", stt=1, ten_thuoc="a<b>&c\r\n\"'")])
    for edition in (Edition.QD130, Edition.QD4750, Edition.QD3176):
        written = codecs.write(claim, edition=edition)
        declaration, _, body = written.partition(b"?>\n")
        assert declaration == b'<?xml version="1.0" encoding="utf-8"'
        assert etree.tostring(etree.fromstring(written), method="c14n") == body
        part = codecs.read(written).claims[0].parts[1].content
        inner = part.partition(b"?>\n")[2]
        assert etree.tostring(etree.fromstring(part), method="c14n") == inner


def test_the_header_says_what_the_claims_say() -> None:
    later = X1.replace(ma_lk="A2", ngay_ra=LocalTime.parse("202603050800"))
    document = codecs.read(codecs.write([Claim(xml1=X1), Claim(xml1=later)]))
    assert document.facility == "79001"
    assert document.created == LocalTime.parse("20260305")
    assert document.declared == 2
    given_ = codecs.read(
        codecs.write(Claim(xml1=X1), facility="01001", created=dt.date(2026, 4, 1))
    )
    assert (given_.facility, given_.created) == ("01001", LocalTime.parse("20260401"))


def test_a_header_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConformanceError) as error:
        codecs.write(Claim(xml2=[Xml2(ma_lk="A1", stt=1)]))
    assert [(f.code, f.tag) for f in error.value.findings] == [
        ("BHYT-WRITE-09", "MACSKCB"),
        ("BHYT-WRITE-09", "NGAYLAP"),
    ]
    assert codecs.write(
        Claim(xml2=[Xml2(ma_lk="A1", stt=1)]), facility="79001", created=dt.date(2026, 3, 1)
    )


def test_one_file_for_each_row_of_a_table_that_holds_one() -> None:
    claim = Claim(xml1=X1, xml7=[Xml7(ma_lk="A1", chan_doan_rv="a"), Xml7(ma_lk="A1")])
    document = codecs.read(codecs.write(claim, edition="3176"))
    assert [part.name for part in document.claims[0].parts] == ["XML1", "XML7", "XML7"]
    assert document.claims == (claim,)
    with pytest.raises(EncodeError) as error:
        codecs.encode_table("XML7", claim.xml7, "3176")
    assert error.value.code == "ERR-XML-07"


@pytest.mark.parametrize(
    ("row", "code", "tag"),
    [
        (Xml2(ma_lk="A" * 101), "BHYT-WRITE-04", "MA_LK"),
        (Xml2(ten_thuoc="a\x0bb"), "BHYT-WRITE-05", "TEN_THUOC"),
        (Xml2(ten_thuoc="a\ufffe"), "BHYT-WRITE-05", "TEN_THUOC"),
        (Xml2(ten_thuoc="a\ud800"), "BHYT-WRITE-05", "TEN_THUOC"),
        (Xml2(thanh_tien_bv=Decimal("1.234")), "BHYT-WRITE-06", "THANH_TIEN_BV"),
        (Xml2(t_bhtt=Decimal("1E+12")), None, ""),
        (Xml2(t_bhtt=Decimal("1.10000")), None, ""),
        (Xml2.from_row({"SO_LUONG": "12x"}), "BHYT-WRITE-01", "SO_LUONG"),
        (Xml2.from_row({"MA_NHOM": "null"}), "BHYT-WRITE-01", "MA_NHOM"),
        (Xml2.from_row({"CACH_DUNG": " x "}), None, ""),
        (Xml2.from_row({"CACH_DUNG": "  "}), None, ""),
        (Xml2._trusted({}, {}, (("MA_LKK", "1"),)), "BHYT-WRITE-02", "MA_LKK"),
        (Xml2._trusted({}, {}, (("Nguyễn", "1"),)), "BHYT-WRITE-02", "…"),
        (Xml2(stt=10**30), "BHYT-WRITE-08", "STT"),
        (Xml2(so_luong=Decimal(10**30)), "BHYT-WRITE-08", "SO_LUONG"),
    ],
)
def test_values_that_may_not_go(row: Record, code: str | None, tag: str) -> None:
    if code is None:
        assert codecs.encode_table("XML2", [row], "3176")
        return
    found = refused(Xml2(ma_lk="A1"), row)
    assert (code, tag, 1) in [(f.code, f.tag, f.row) for f in found]
    assert all(f.table == "XML2" for f in found)


def test_fields_of_another_edition_would_be_lost() -> None:
    (dropped,) = [
        f.tag
        for f in spec.table("4750", "XML13")
        if f.tag not in spec.table("3176", "XML13") and f.max_length != 8
    ][:1]
    row = Xml13.from_row({"MA_LK": "A1", dropped: "x"})
    assert codecs.encode_table("XML13", [row], "4750")
    assert [(f.code, f.tag) for f in refused(row)] == [("BHYT-WRITE-03", dropped)]


def test_equal_numbers_keep_their_own_texts() -> None:
    rows = [Xml2(stt=1, t_bhtt=Decimal(text)) for text in ("1", "1.0", "1.00", "1E+2", "100", "-0")]
    written = codecs.encode_table("XML2", rows, "3176").decode()
    texts = [cell.partition("<")[0] for cell in written.split("<T_BHTT>")[1:]]
    assert texts == ["1", "1.0", "1.00", "100", "100", "-0"]


def test_tables_that_do_not_travel_in_the_envelope() -> None:
    claim = Claim(xml1=X1, xml0=[Xml0(ma_lk="A1", stt=1)])
    with pytest.raises(ConformanceError) as error:
        codecs.write(claim, edition="3176")
    assert [(f.code, f.table) for f in error.value.findings] == [("BHYT-WRITE-07", "XML0")]
    with pytest.raises(ConformanceError):
        codecs.write(Claim(xml1=X1, xml13=[Xml13(ma_lk="A1")]), edition="130")
    with pytest.raises(ConformanceError):
        codecs.write(Claim(xml1=X1), edition="4210")


def test_rows_of_another_table_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        codecs.encode_table("XML2", [X1], "3176")
    with pytest.raises(TypeError):
        codecs.encode_table("XML2", [OldXml2(ma_lk="A1")], "3176")


def test_stand_alone_files() -> None:
    written = codecs.write(Claim(xml0=[Xml0(ma_lk="A1", stt=1)]), edition="3176")
    assert written.endswith(b"<CHUKYDONVI></CHUKYDONVI>\n</CHI_TIEU_TRANG_THAI_KCB>")
    for rows, code in (([], "ERR-XML-08"), ([X1], "ERR-XML-09")):
        with pytest.raises(EncodeError) as error:
            codecs.write_standalone(rows, edition="3176")
        assert error.value.code == code
    with pytest.raises(EncodeError):
        codecs.write([])


def test_an_untouched_document_keeps_its_bytes_unless_asked_otherwise() -> None:
    source = codecs.write(Claim(xml1=X1)).replace(b"\n", b"\r\n")
    document = codecs.read(source)
    assert codecs.write(document) == source
    assert codecs.write(document, facility="01001") != source
    changed = document.with_claims([Claim(xml1=X1.replace(ma_bn="B"))])
    assert codecs.read(codecs.write(changed)).claims[0].xml1.ma_bn == "B"


ODD = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["a\x01", " x ", "null", "x" * 5000, "1,5", "a&b", "\ufffe", "Ho\u0300a", "05"]
    ),
)


@settings(max_examples=80)
@given(st.data(), st.sampled_from([(e, n) for e in Edition for n in spec.tables(e)]))
def test_the_template_takes_only_what_the_check_lets_pass(
    data: st.DataObject, where: tuple[Edition, str]
) -> None:
    """Whenever the fast step says yes, the step that explains has nothing to say."""
    edition, name = where
    cls = record_class(spec.edition_info(edition).family, name)
    chosen = data.draw(st.dictionaries(st.sampled_from(cls.ATTRS), ODD, max_size=5))
    row = cls.from_row(chosen)
    template = row_template(edition, name)
    findings = check_values(row, spec.table(edition, name))
    for _ in range(2):
        try:
            pieces = template.pieces(row)
        except Refused:
            continue
        assert findings == []
        assert pieces == template.pieces_as_is(row)
    if not findings:
        assert "_raw" in row.__dict__ or template.pieces(row)
