"""Rules that look into an installed pack; the reader of records is not needed for that."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from vnhealth import catalogs, rules
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml1, Xml2, Xml3

JUNE, JULY = "202606301000", "202607011000"


def claim(
    end=JULY, main="J06.9", other=None, line=None, sex="1", drugs=(), services=(), at="01901"
):
    first = Xml1(ma_lk="LK1", ngay_ra=LocalTime.parse(end), ma_benh_chinh=main, ma_benh_kt=other,
                 gioi_tinh=sex, ma_cskcb=at)  # fmt: skip
    rows = [Xml3(ma_lk="LK1", ma_benh=line)] if line else []
    return Claim(xml1=first, xml2=list(drugs), xml3=[*rows, *services])


def found(pack, target):
    said = rules.check(target, catalog=pack)
    wanted = ("BHYT-ICD-", "BHYT-CAT-", "BHYT-CLAIM-09", "BHYT-XML1-15")
    return {(f.code, f.tag) for f in said if f.code.startswith(wanted)} - {("BHYT-CLAIM-090", None)}


@pytest.fixture
def pack(install, made):
    install(made.icd_2020_book(), "icd10-2020")
    return install(made.icd_2026_book(), "icd10-2026")[1]


@pytest.mark.parametrize(
    ("fields", "code", "tag"),
    [
        ({"main": "W19"}, "BHYT-ICD-101", "MA_BENH_CHINH"),
        ({"main": "A00.0"}, "BHYT-ICD-102", "MA_BENH_CHINH"),
        ({"line": "A00"}, "BHYT-ICD-103", "MA_BENH"),
        ({"other": "R95"}, "BHYT-ICD-104", "MA_BENH_KT"),
        ({"other": "J06.9;O80"}, "BHYT-ICD-105", "MA_BENH_KT"),
        ({"main": "N40", "sex": "2"}, "BHYT-ICD-105", "MA_BENH_CHINH"),
        ({"main": "U98.7"}, "BHYT-CLAIM-091", "MA_BENH_CHINH"),
        ({"main": "G01"}, "BHYT-CLAIM-092", "MA_BENH_CHINH"),
    ],
)
def test_each_flag_of_the_installed_list_is_judged(pack, fields, code, tag):
    said = found(pack, claim(**fields))
    said.discard(("BHYT-XML1-157", "MA_BENH_KT"))
    said.discard(("BHYT-XML1-153", "MA_BENH_CHINH"))  # G01 is known without a catalogue
    assert said == {(code, tag)}


@pytest.mark.parametrize("fields", [{}, {"other": "W19"}, {"main": "O80", "sex": "2"}])
def test_what_the_flags_allow_passes(pack, fields):
    assert found(pack, claim(**fields)) == set()


def test_the_same_record_is_judged_by_the_edition_of_its_end(pack):
    assert ("BHYT-ICD-101", "MA_BENH_CHINH") in found(pack, claim(JULY, main="W19"))
    june = found(pack, claim(JUNE, main="W19"))
    assert june == set()


def test_what_is_known_without_a_catalogue_is_not_said_twice(pack):
    said = rules.check(claim(main="A00"), catalog=pack)
    codes = [f.code for f in said if f.tag == "MA_BENH_CHINH"]
    assert codes.count("BHYT-XML1-156") == 1
    assert "BHYT-ICD-103" not in codes


@pytest.mark.parametrize(("field", "code"), [("main", "152"), ("other", "158")])
def test_an_unknown_code_is_reported_once(pack, field, code):
    tag = {"main": "MA_BENH_CHINH", "other": "MA_BENH_KT"}[field]
    june = found(pack, claim(JUNE, **{field: "U98.7"}))
    assert (f"BHYT-XML1-{code}", tag) in june
    assert ("BHYT-CLAIM-091", tag) not in june
    assert ("BHYT-CLAIM-091", tag) in found(pack, claim(JULY, **{field: "U98.7"}))


def test_an_asterisk_code_needs_its_dagger(pack):
    alone = found(pack, claim(JUNE, main="J06.9", other="G01*"))
    assert ("BHYT-ICD-106", "MA_BENH_KT") in alone
    beside = found(pack, claim(JUNE, main="A00.1", other="G01*"))
    assert ("BHYT-ICD-106", "MA_BENH_KT") not in beside
    assert ("BHYT-ICD-106", "MA_BENH_KT") not in found(pack, claim(JULY, other="G01*"))


def test_without_a_pack_it_is_said_once_that_nothing_was_looked_up():
    said = rules.check(claim(main="W19"))
    assert len(said.by_code("BHYT-CLAIM-090")) == 1
    assert not [f for f in said if f.code.startswith(("BHYT-ICD", "BHYT-CAT"))]


def test_an_empty_pack_judges_what_it_can_and_tells_the_rest():
    said = rules.check(claim(JULY), catalog=catalogs.Pack(None))
    systems = said.by_code("BHYT-CLAIM-090")[0].params["systems"].split(", ")
    assert "icd10" in systems
    assert "province" not in systems


def test_values_are_masked(pack):
    (one,) = rules.check(claim(main="W19"), catalog=pack).by_code("BHYT-ICD-101")
    assert "W19" not in one.message + one.message_en + repr(one)
    assert one.values["value"] == "W19"


# -- lists of a facility --------------------------------------------------------------------------

LOT = {"MA_THUOC": "40.1", "TEN_THUOC": "Mẫu", "SO_DANG_KY": "VD-00001-20"}


@pytest.fixture
def lists(install, made):
    drugs = [
        made.form_head("form03"),
        made.form_row("form03", **LOT, TT_THAU="Q;G1;N1;2026", DON_GIA=1500, DEN_NGAY="20260630"),
        made.form_row("form03", **LOT, TT_THAU="Q;G1;N1;2027", DON_GIA=1800, TU_NGAY="20260701"),
    ]
    install({"DM": drugs}, "form03")
    services = [
        made.form_head("form05"),
        made.form_row("form05", MA_DICH_VU="01.0001.1778", DON_GIA=50000, DEN_NGAY="20260630"),
        made.form_row("form05", MA_DICH_VU="01.0002.1778", DON_GIA=70000),
    ]
    return install({"DM": services}, "form05")[1]


def drug(tender="Q;G1;N1;2026", price=1500, day="202606300900", number="VD-00001-20"):
    return Xml2(ma_lk="LK1", ma_thuoc="40.1", so_dang_ky=number, tt_thau=tender,
                don_gia=Decimal(price), ngay_yl=LocalTime.parse(day))  # fmt: skip


def service(code="01.0001.1778", price=50000, day="202606300900"):
    return Xml3(ma_lk="LK1", ma_dich_vu=code, don_gia_bh=Decimal(price),
                ngay_yl=LocalTime.parse(day))  # fmt: skip


def said(pack, target):
    return {f.code for f in rules.check(target, catalog=pack) if f.code.startswith("BHYT-CAT")}


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        (drug(), set()),
        (drug(tender=" q;g1;n1;2026"), set()),
        (drug(tender="Q;G1;N1;2027"), {"BHYT-CAT-101"}),
        (drug(tender="Q;G1;N1;2027", price=1800, day="202607010900"), set()),
        (drug(number="VD-00002-20"), {"BHYT-CAT-101"}),
        (drug(price=1501), {"BHYT-CAT-102"}),
    ],
)
def test_a_drug_is_a_lot_of_the_day(lists, line, codes):
    assert said(lists, claim(JULY, drugs=[line])) == codes


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        (service(), set()),
        (service(code="01.0001.1778_GT"), set()),
        (service(day="202607010900"), {"BHYT-CAT-103"}),
        (service(code="01.0009.1778"), {"BHYT-CAT-103"}),
        (service(code="VC.01901"), set()),
        (service(code="01.0009.1778.K.79048"), set()),
        (service(price=50001), {"BHYT-CAT-104"}),
    ],
)
def test_a_service_is_approved_at_its_price_on_its_day(lists, line, codes):
    assert said(lists, claim(JULY, services=[line])) == codes


def test_the_list_of_one_facility_says_nothing_of_another(lists):
    lines = {"drugs": [drug(price=9999)], "services": [service(code="01.0009.1778")]}
    assert said(lists, claim(JULY, **lines)) == {"BHYT-CAT-102", "BHYT-CAT-103"}
    assert said(lists, claim(JULY, **lines, at="79048")) == set()


def test_codes_of_forms_are_looked_up_and_only_warn(lists):
    line = Xml2(ma_lk="LK1", ma_thuoc="40.99", ngay_yl=LocalTime.parse(JUNE))
    known = rules.check(claim(JULY, drugs=[line]), catalog=lists).by_code("BHYT-CLAIM-091")
    assert [(f.tag, f.severity.value) for f in known] == [("MA_THUOC", "warning")]


def test_the_pack_is_what_the_rules_ask_for(pack):
    day = dt.date(2026, 7, 1)
    catalog: rules.CodeCatalog = pack
    assert catalog.has("icd10", day)
    assert {pack.state("icd10", c, day) for c in ("A00", "U98.7", "G01")} == {
        "valid",
        "unknown",
        "ended",
    }
