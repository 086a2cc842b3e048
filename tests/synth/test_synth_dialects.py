"""Each dialect writes the deviation that it names, and nothing else changes what is said."""

from __future__ import annotations

import base64
import re
import unicodedata
from decimal import Decimal

import pytest
from lxml import etree

from vnhealth import synth
from vnhealth.codecs import read, write
from vnhealth.errors import SpecError
from vnhealth.identity import legacy
from vnhealth.records import Claim
from vnhealth.spec import Edition, table, tables

EDITIONS = ("4210", "130", "4750", "3176", "1931")
BOM = b"\xef\xbb\xbf"


def day(edition: str = "3176", n: int = 12) -> list[Claim]:
    return list(synth.generate(encounters=n, edition=edition, seed=7))


def birth() -> Claim:
    return synth.persona("LO_THI_HA").claim(facility="12991")


def parts(data: bytes) -> list[bytes]:
    found = re.findall(rb"<NOIDUNGFILE>(.*?)</NOIDUNGFILE>", data, re.S)
    return [base64.b64decode(text) for text in found]


def texts(data: bytes, tag: str) -> list[str]:
    """The texts of a tag over all base64 parts, by a strict parser."""
    found = []
    for part in parts(data):
        root = etree.fromstring(part)
        found += [e.text or "" for e in root.iter(tag)]
    return found


@pytest.mark.parametrize("edition", EDITIONS)
def test_official_envelope_is_strict_xml_in_official_order(edition: str) -> None:
    claims = day(edition)
    root = etree.fromstring(synth.render(claims, edition=edition))
    assert root.tag == "GIAMDINHHS"
    assert root.findtext("THONGTINHOSO/SOLUONGHOSO") == "12"
    assert [child.tag for child in root] == ["THONGTINDONVI", "THONGTINHOSO", "CHUKYDONVI"]
    for case, claim in zip(root.iter("HOSO"), claims, strict=True):
        names = [e.text for e in case.iter("LOAIHOSO")]
        assert names == list(claim.tables)
        for name, content in zip(names, case.iter("NOIDUNGFILE"), strict=True):
            spec = table(edition, name)
            inner = etree.fromstring(base64.b64decode(content.text))
            assert inner.tag == spec.root
            rows = [e for e in inner.iter(spec.row) if len(e)]
            assert len(rows) == len(claim.rows(name))
            for row, record in zip(rows, claim.rows(name), strict=True):
                assert tuple(e.tag for e in row) == spec.tags
                assert [e.text or "" for e in row] == [record.text(tag) for tag in spec.tags]


@pytest.mark.parametrize("edition", ["130", "4750", "3176", "1931"])
def test_two_writers_that_share_no_code_agree_to_the_byte(edition: str) -> None:
    claims = day(edition, 25)
    created = synth.default_day(Edition(edition))
    other = write(claims, edition=edition, facility="01991", created=created)
    assert synth.render(claims, edition=edition) == other


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_reader_gives_back_the_official_claims(edition: str) -> None:
    claims = day(edition, 25)
    assert list(read(synth.render(claims, edition=edition))) == claims


def test_cdata_of_the_4210_skeleton() -> None:
    part = parts(synth.render(day("4210")[0], edition="4210"))[0].decode()
    assert "<HO_TEN><![CDATA[" in part
    assert "<MA_BN><![CDATA[" not in part


def test_bad_xsi_namespace_breaks_a_strict_parser() -> None:
    for part in parts(synth.render(birth(), dialect="bad_xsi_namespace")):
        assert b'"http://www.w3.org/2001/XMLSchema instance"' in part
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(part)


def test_byte_order_marks() -> None:
    plain = synth.render(birth())
    assert synth.render(birth(), dialect="bom") == BOM + plain
    assert synth.render(birth(), dialect="double_bom") == BOM + BOM + plain
    assert all(p.startswith(BOM) for p in parts(synth.render(birth(), dialect="bom_parts")))


def test_forms_of_content() -> None:
    wrapped = synth.render(birth(), dialect="wrapped_base64")
    assert re.search(rb"<NOIDUNGFILE>\r\n[A-Za-z0-9+/]{76}\r\n", wrapped)
    assert parts(wrapped) == parts(synth.render(birth()))
    inline = etree.fromstring(synth.render(birth(), dialect="inline_xml"))
    assert inline.find(".//NOIDUNGFILE/TONG_HOP") is not None
    inside = etree.fromstring(synth.render(birth(), dialect="inline_cdata+cdata"))
    assert etree.fromstring(inside.findtext(".//NOIDUNGFILE").encode()).tag == "TONG_HOP"
    empty = etree.fromstring(synth.render(birth(), dialect="empty_part"))
    held = [e.text for e in empty.iter("LOAIHOSO")]
    assert held == [n for n in tables("3176") if n not in ("XML0", "XML12")]
    assert any(e.text is None for e in empty.iter("NOIDUNGFILE"))
    bare = etree.fromstring(synth.render(birth(), dialect="empty_file"))
    assert len(bare.findall(".//FILEHOSO")[-1]) == 0


def test_declarations_and_line_ends() -> None:
    assert all(
        p.startswith(b"<") and b"<?xml" not in p
        for p in parts(synth.render(birth(), dialect="no_declaration"))
    )
    assert all(b"?>\r\r\n<" in p for p in parts(synth.render(birth(), dialect="cr_cr_lf")))
    assert all(b"?>\r\n<" in p for p in parts(synth.render(birth(), dialect="crlf")))


@pytest.mark.parametrize("edition", ["4210", "3176"])
def test_forms_of_numbers_keep_the_number(edition: str) -> None:
    claims = day(edition)
    plain = texts(synth.render(claims, edition=edition), "DON_GIA")
    comma = texts(synth.render(claims, edition=edition, dialect="decimal_comma"), "DON_GIA")
    power = texts(synth.render(claims, edition=edition, dialect="scientific"), "DON_GIA")
    dots = texts(synth.render(claims, edition=edition, dialect="thousands_dots"), "DON_GIA")
    assert [t.replace(",", ".") for t in comma] == plain
    assert all("," in t for t in comma)
    assert [Decimal(t) for t in power] == [Decimal(t) for t in plain]
    assert all("E" in t for t in power)
    assert [t.replace(".", "").replace(",", ".") for t in dots] == plain
    assert any("." in t for t in dots)


def test_raw_characters_are_not_well_formed() -> None:
    for name in ("raw_ampersand", "raw_less_than"):
        broken = 0
        for part in parts(synth.render(birth(), dialect=name)):
            try:
                etree.fromstring(part)
            except etree.XMLSyntaxError:
                broken += 1
        assert broken >= 1


def test_concatenated_roots_and_counts() -> None:
    data = synth.render(day(), dialect="concatenated_roots+wrong_count")
    root = etree.fromstring(data)
    assert len(root.findall(".//HOSO")) == 1
    assert root.findtext(".//SOLUONGHOSO") == "13"
    assert parts(data)[0].count(b"<TONG_HOP>") == 12


def test_order_and_presence_of_tags() -> None:
    shuffled = etree.fromstring(parts(synth.render(birth(), dialect="shuffled_order"))[0])
    tags = [e.tag for e in shuffled]
    assert sorted(tags) == sorted(table("3176", "XML1").tags)
    assert tags[-2] == "NHOM_MAU"
    assert tags.index("T_BHTT") < tags.index("T_BNTT")
    old = etree.fromstring(
        parts(synth.render(day("4210")[0], edition="4210", dialect="shuffled_order"))[0]
    )
    assert [e.tag for e in old] != list(table("4210", "XML1").tags)
    missing = synth.render(birth(), dialect="missing_tags")
    assert b"DU_PHONG" not in b"".join(p for p in parts(missing) if b"GIAY_RA_VIEN" in p)
    assert texts(missing, "MA_LY_DO_VNT") == []


def test_values_that_vendors_write() -> None:
    assert all(t != t.strip() for t in texts(synth.render(birth(), dialect="blanks"), "CACH_DUNG"))
    words = synth.render(birth(), dialect="literal_undefined")
    assert set(texts(words, "MA_NHOM")) == {"undefined"}
    assert texts(words, "MA_TAI_NAN") == ["NULL"]
    early = synth.persona("LO_THI_HA").claim(edition="4750", facility="12991")
    assert set(texts(synth.render(early), "MAHUYEN_CU_TRU")) == {"107"}
    assert set(texts(synth.render(early, dialect="district_empty"), "MAHUYEN_CU_TRU")) == {""}
    licensed = texts(synth.render(early, dialect="licence_in_head"), "MA_TTDV")
    assert all(re.fullmatch(r"\d{6}/[A-Z-]+", t) for t in licensed)
    shifted = synth.render(birth(), dialect="shifted_xml9")
    assert texts(shifted, "MA_THE_TAM")[-1] == birth().xml9[0].so
    assert texts(shifted, "SO_CON") == ["Một con"]


def test_total_of_drugs_as_the_share_of_the_fund() -> None:
    differs = 0
    for claim in day():
        shown = Decimal(texts(synth.render(claim, dialect="total_as_insured"), "T_THUOC")[0])
        assert shown == sum((row.t_bhtt for row in claim.xml2), Decimal(0))
        differs += shown != claim.xml1.t_thuoc
    assert differs


def test_signature_element_left_out() -> None:
    assert b"CHUKYDONVI" in synth.render(birth())
    assert b"CHUKYDONVI" not in synth.render(birth(), dialect="no_signature_element")


def test_lengths_of_dates() -> None:
    short = synth.render(birth(), dialect="short_dates")
    assert {len(t) for t in texts(short, "NGAY_YL")} == {8}
    assert {len(t) for t in texts(synth.render(birth(), dialect="long_dates"), "NGAY_CT")} == {12}
    years = texts(synth.render(birth(), dialect="birth_year_only"), "NGAY_SINH")
    assert all(re.fullmatch(r"\d{4}0{8}", t) for t in years)
    old = synth.render(day("4210"), edition="4210", dialect="birth_0101")
    assert all(t.endswith("0101") for t in texts(old, "NGAY_SINH"))


def test_encodings_of_names() -> None:
    name = birth().xml1.ho_ten
    for switch, encoding in (("tcvn3_names", "tcvn3"), ("vni_names", "vni")):
        shown = texts(synth.render(birth(), dialect=switch), "HO_TEN")[0]
        assert shown != name
        assert legacy.decode(shown.encode("latin-1"), encoding) == name
    split = texts(synth.render(birth(), dialect="nfd_names"), "HO_TEN")[0]
    assert split != name
    assert unicodedata.normalize("NFC", split) == name


def test_harmless_styles_change_no_value() -> None:
    for name in ("cdata", "self_closing", "indented", "crlf"):
        assert list(read(synth.render(birth(), dialect=name))) == [birth()]


@pytest.mark.parametrize("name", [*synth.DIALECTS, *synth.SWITCHES])
@pytest.mark.parametrize("edition", ["4210", "3176"])
def test_every_dialect_differs_and_its_encounters_are_all_read(name: str, edition: str) -> None:
    claims = day(edition, 4) if edition == "4210" else [*day(n=3), birth()]
    data = synth.render(claims, edition=edition, dialect=name)
    no_effect = {"official", "self_closing"}
    if edition == "4210":
        no_effect |= {"district_empty", "licence_in_head", "shifted_xml9", "long_dates"}
        no_effect |= {"cdata"}
    else:
        no_effect |= {"district_empty"}
    assert (data == synth.render(claims, edition=edition)) <= (name in no_effect)
    document = read(data)
    assert [c.ma_lk for c in document] == [c.ma_lk for c in claims]


def test_every_deviation_of_the_list_has_a_switch() -> None:
    assert {s.number for s in synth.SWITCHES.values()} == set(range(19))
    used = {name for names in synth.DIALECTS.values() for name in names}
    assert used <= set(synth.SWITCHES)


def test_unknown_dialects_are_refused() -> None:
    with pytest.raises(SpecError):
        synth.render(birth(), dialect="klingon")
