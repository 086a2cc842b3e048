"""Tokens join what belongs together and nothing else; shifts keep time and give no offset away."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from vnhealth import deid
from vnhealth.deid._case import age_band
from vnhealth.localtime import LocalTime

CARD = "DN4010000012345"


def first(data: bytes, tag: str) -> str | None:
    found = re.search(rf"<{tag}>([^<]*)</{tag}>", data.decode())
    return found[1] if found else None


def days(text: str | None) -> dt.date:
    assert text
    return LocalTime.parse(text).date()


@pytest.mark.parametrize(
    ("one", "two", "tag"),
    [
        ({"so_cccd": "001101000123"}, {"so_cccd": "001 101 000 123"}, "TOKEN_CCCD"),
        ({"so_cccd": "001101000123"}, {"ma_the_bhyt": "001101000123"}, "TOKEN_CCCD"),
        ({"so_cccd": "z0000019"}, {"so_cccd": "Z-0000019"}, "TOKEN_CCCD"),
        ({"ma_the_bhyt": CARD}, {"ma_the_bhyt": "0000012345"}, "TOKEN_BHXH"),
        ({"ma_the_bhyt": CARD}, {"ma_the_bhyt": "gd 4 79 0000012345"}, "TOKEN_BHXH"),
        ({"ma_the_bhyt": CARD}, {"ma_the_bhyt": f"{CARD};TE1010000099999"}, "TOKEN_BHXH"),
        ({"ma_bn": " BN7 "}, {"ma_bn": "BN7"}, "TOKEN_BN"),
    ],
)
def test_one_person_keeps_one_token_however_the_number_is_written(kit, one, two, tag) -> None:
    a = kit.apply(kit.claim(xml1={"ma_lk": "1", **one})).data
    b = kit.apply(kit.claim(xml1={"ma_lk": "2", **two})).data
    assert first(a, tag) == first(b, tag) is not None
    assert first(a, "MA_LK") != first(b, "MA_LK")


def test_the_family_4210_joins_with_the_later_tables(kit) -> None:
    old = kit.apply(kit.claim("4210", xml1={"ma_the": CARD, "ma_bn": "BN7"})).data
    new = kit.apply(kit.claim(xml1={"ma_the_bhyt": CARD, "ma_bn": "BN7"})).data
    assert first(old, "TOKEN_BHXH") == first(new, "TOKEN_BHXH") is not None
    assert first(old, "TOKEN_BN") == first(new, "TOKEN_BN")
    assert first(old, "MUC_HUONG_THE") == "4"


def test_local_numbers_and_link_ids_belong_to_their_facility(kit) -> None:
    one = kit.apply(kit.claim(xml1={"ma_bn": "7", "ma_cskcb": "01901"})).data
    two = kit.apply(kit.claim(xml1={"ma_bn": "7", "ma_cskcb": "01902"})).data
    for tag in ("MA_LK", "TOKEN_BN"):
        assert first(one, tag) != first(two, tag)
    lent = [
        kit.apply(kit.claim(xml1={"ma_cskcb": code}, xml2=[{"ma_bac_si": "001234/HNO-CCHN"}])).data
        for code in ("01901", "01902")
    ]
    assert first(lent[0], "MA_BAC_SI") != first(lent[1], "MA_BAC_SI")


@pytest.mark.parametrize(
    "junk",
    [
        {"so_cccd": "000000000000"},
        {"so_cccd": "111111111"},
        {"so_cccd": "không có"},
        {"so_cccd": "12"},
        {"ma_the_bhyt": "DN4010000000000"},
        {"ma_the_bhyt": "1111111111"},
        {"ma_the_bhyt": "chưa có thẻ"},
        {"ma_bn": "không có"},
    ],
)
def test_fillers_join_nobody(kit, junk) -> None:
    data = kit.apply(kit.claim(xml1=junk)).data
    assert not re.search(b"TOKEN_(CCCD|BHXH|BN)", data)


def test_a_kind_is_part_of_the_token(kit) -> None:
    same = kit.apply(kit.claim(xml1={"so_cccd": "001101000123", "ma_bn": "001101000123"})).data
    assert first(same, "TOKEN_CCCD") != first(same, "TOKEN_BN")


def test_staff_are_joined_across_fields_and_spellings(kit) -> None:
    claim = kit.claim(
        xml2=[{"ma_bac_si": "001234/HNO-CCHN"}],
        xml3=[{"ma_bac_si": "001234 / hno - cchn", "nguoi_thuc_hien": "001234/HNO-CCHN(NV7);9"}],
        xml7={"ma_bs": "001234/HNO-CCHN"},
    )
    data = kit.apply(claim).data.decode()
    found = re.findall("<(?:MA_BAC_SI|NGUOI_THUC_HIEN|MA_BS)>([^<]*)<", data)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_an_encounter_without_a_link_id_still_gets_its_own_token(kit) -> None:
    one, two = (kit.claim(xml1={"ma_lk": None, "gioi_tinh": sex}) for sex in "12")
    assert first(kit.apply(one).data, "MA_LK") == first(kit.apply(one).data, "MA_LK")
    assert first(kit.apply(one).data, "MA_LK") != first(kit.apply(two).data, "MA_LK")


STAY = {"ngay_vao": "202606300830", "ngay_ra": "202607041015", "ngay_ttoan": "202607041100"}


def test_intervals_weekdays_and_times_of_day_stay_true(kit) -> None:
    data = kit.apply(kit.claim(xml1={**STAY, "ma_the_bhyt": CARD})).data
    start, end = days(first(data, "NGAY_VAO")), days(first(data, "NGAY_RA"))
    assert (end - start).days == 4
    assert start.weekday() == dt.date(2026, 6, 30).weekday()
    assert str(first(data, "NGAY_VAO"))[8:] == "0830"
    offset = (start - dt.date(2026, 6, 30)).days
    assert offset % 7 == 0
    assert 7 <= abs(offset) <= 182


def test_two_visits_of_one_person_move_together_over_the_end_of_a_year(kit) -> None:
    one = kit.claim(xml1={"ma_lk": "1", "ma_the_bhyt": CARD, "ngay_vao": "202512310800"})
    two = kit.claim(xml1={"ma_lk": "2", "ma_the_bhyt": CARD, "ngay_vao": "202602280800"})
    gap = days(first(kit.apply(two).data, "NGAY_VAO")) - days(
        first(kit.apply(one).data, "NGAY_VAO")
    )
    assert gap.days == 59


def offset(kit, **tables) -> int:
    data = kit.apply(kit.claim(**tables)).data
    return (days(first(data, "NGAY_VAO")) - dt.date(2026, 8, 1)).days


@pytest.mark.parametrize(
    "paper",
    [
        {"xml7": {"ma_me": "0000012345"}},
        {"xml9": {"ma_bhxh_nnd": "0000012345"}},
        {"xml9": {"ma_the_nnd": CARD, "so_cccd_nnd": "001101000123"}},
        {"xml7": {"ma_cha": "0000054321"}, "xml9": {"ma_the_nnd": CARD}},
    ],
)
def test_mother_and_newborn_move_together(kit, paper) -> None:
    mother = {"ma_lk": "1", "ngay_sinh": "199001010000", "so_cccd": "001190000123"}
    mine = offset(kit, xml1={**mother, "ma_the_bhyt": CARD})
    baby = {"ma_lk": "2", "ngay_sinh": "202607310000", "ma_the_bhyt": "TE1010000099999"}
    assert offset(kit, xml1=baby, **paper) == mine
    grown = {**baby, "ngay_sinh": "202401010000"}
    assert offset(kit, xml1=grown, **paper) == offset(kit, xml1=grown) != mine


def test_without_a_card_the_document_of_the_mother_carries_the_shift(kit) -> None:
    mother = {"ma_lk": "1", "ngay_sinh": "199001010000", "so_cccd": "001101000123"}
    baby = {"ma_lk": "2", "ngay_sinh": "202607310000"}
    paper = {"so_cccd_nnd": "001101000123"}
    assert offset(kit, xml1=baby, xml9=paper) == offset(kit, xml1=mother)


def test_no_anchor_of_the_true_year_is_left(kit) -> None:
    claim = kit.claim(
        xml1={
            **STAY,
            "gt_the_tu": "20260101",
            "gt_the_den": "20261231",
            "nam_qt": 2026,
            "thang_qt": 7,
            "ngay_mien_cct": "20260101",
            "nam_nam_lien_tuc": "20210101",
            "giay_chuyen_tuyen": "GT2026/77",
            "ma_hsba": "26.001234",
        },
        xml2=[{"tt_thau": "45/QD;G1;N2;2026", "so_dang_ky": "VD-26001-26"}],
    )
    result = kit.apply(claim)
    assert first(result.data, "THE_CON_HAN") == "1"
    text = result.data.decode()
    moved = first(result.data, "NGAY_VAO") or ""
    assert "2026" not in text.replace(moved[:4], "") or moved.startswith("2026")
    assert first(result.data, "NAM_QT") == (first(result.data, "NGAY_TTOAN") or "")[:4]
    assert first(result.data, "THANG_QT") == (first(result.data, "NGAY_TTOAN") or "")[4:6]
    for anchor in ("20260101", "20261231", "20210101", "GT2026", "26001"):
        assert anchor not in text


@pytest.mark.parametrize(
    ("begin", "end", "flag"),
    [
        ("20260101", "20261231", "1"),
        ("20250101;20260801", "20251231;20261231", "1"),
        ("20250101", "20260731", "0"),
        ("", "20261231", None),
        ("20260101", "", None),
        ("x", "y", None),
    ],
)
def test_the_card_is_judged_on_the_first_day(kit, begin, end, flag) -> None:
    claim = kit.claim(xml1={"gt_the_tu": begin or None, "gt_the_den": end or None})
    assert first(kit.apply(claim).data, "THE_CON_HAN") == flag


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("202608010000", "D00"),
        ("202607040000", "D28"),
        ("202607030000", "M01"),
        ("202606010000", "M02"),
        ("202408020000", "M23"),
        ("202408010000", "Y02-04"),
        ("202108010000", "Y05-09"),
        ("202108020000", "Y02-04"),
        ("193608020000", "Y85-89"),
        ("193608010000", "Y90+"),
        ("191001010000", "Y90+"),
        ("198600000000", "Y40-44"),
        ("198608000000", "Y40-44"),
        ("202500000000", ""),
        ("202608000000", ""),
        ("202600000000", ""),
        ("202608020000", ""),
        ("180001010000", ""),
        ("000101010000", ""),
    ],
)
def test_age_bands(born, band) -> None:
    assert age_band(LocalTime.parse(born), dt.date(2026, 8, 1)) == band


def test_two_recipients_purposes_or_keys_share_nothing(kit) -> None:
    claim = kit.claim(
        xml1={"ma_the_bhyt": CARD, "so_cccd": "001101000123", "ma_bn": "7"},
        xml2=[{"ma_bac_si": "001234/HNO-CCHN"}],
    )
    variants = [
        kit.apply(claim),
        kit.apply(claim, recipient="kho tỉnh"),
        kit.apply(claim, purpose="nghiên cứu"),
        kit.apply(claim, key=deid.Key.from_bytes(bytes(range(1, 33)))),
        kit.apply(claim, key=deid.Key.from_bytes(bytes(range(32)), "B")),
    ]
    found = [set(re.findall("[A-Z][A-Z2-7]{26}", v.data.decode())) for v in variants]
    assert all(len(tokens) == 5 for tokens in found)
    assert len(set().union(*found)) == 25
    assert len({v.name for v in variants}) == 5


def test_a_change_of_key_can_be_followed_only_with_both_keys(kit) -> None:
    new = deid.Key.from_bytes(bytes(range(1, 33)), "B")
    claims = [
        kit.claim(xml1={"ma_lk": str(n), "ma_the_bhyt": CARD, "ma_bn": str(n)}) for n in range(3)
    ]
    changes = list(deid.crosswalk(claims, old=kit.key, new=new, **kit.names))
    before, after = kit.apply(claims).data.decode(), kit.apply(claims, key=new).data.decode()
    for change in changes:
        before = before.replace(change.old, change.new)
    pattern = "<(MA_LK|TOKEN_[A-Z]+)>([A-Z2-7]*)<"
    assert sorted(re.findall(pattern, before)) == sorted(re.findall(pattern, after))
    assert len(changes) == 3 + 3 + 1
