"""What the identifier modules do beyond the vectors."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from vnhealth.errors import IdentityError
from vnhealth.findings import catalogue
from vnhealth.identity import (
    bhyt_card,
    bhyt_temp,
    cccd,
    icd10,
    kinds,
    licence,
    opaque_key,
    phone,
    prescription,
    so_cccd_field,
)
from vnhealth.identity._lists import card_groups, province_successor, provinces, read


def test_all_warnings_are_told_the_conflict_with_the_record_first() -> None:
    found = cccd.parse("003201000123", {"sex": "2", "dob": "19010101"})
    assert found.codes == ("SEX_MISMATCH", "BIRTH_YEAR_MISMATCH", "REGION_UNKNOWN")
    assert found.details == {"region": "003", "sex": "1", "birth_year": "2001"}


@pytest.mark.parametrize(
    ("as_of", "codes"),
    [
        ("2060-01-01", ("OK",)),
        ("20600101", ("OK",)),
        (dt.date(2060, 1, 1), ("OK",)),
        (dt.datetime(2059, 12, 31, 23, 59), ("BIRTH_YEAR_IN_FUTURE",)),
        ("not a date", ("BIRTH_YEAR_IN_FUTURE",)),
        (None, ("BIRTH_YEAR_IN_FUTURE",)),
    ],
)
def test_the_clock_comes_from_the_context(as_of: object, codes: tuple[str, ...]) -> None:
    assert cccd.parse("046260000017", {"as_of": as_of}).codes == codes


@pytest.mark.parametrize(
    ("kind", "text", "suggestion"),
    [
        ("cccd", "79003000123", "079003000123"),
        ("cccd", "0010010O0123", "001001000123"),
        ("cccd", "00100100012", ""),
        ("cccd", "1001000123", ""),
        ("cmnd", "07123456", "007123456"),
        ("bhxh", "000012345", "0000012345"),
        ("facility5", "1901", "01901"),
        ("facility5", "3901", ""),
        ("bhyt_card", "ĐN4010000012345", "DN4010000012345"),
        ("bhyt_card", "DN401000001234I", "DN4010000012341"),
        ("bhyt_card", "DN4010000012345-01053", "DN4010000012345"),
        ("bhyt_card", "79003000123", ""),
        ("bhyt_temp", "TEI010000012345", "TE1010000012345"),
        ("passport", "Z00O0019", "Z0000019"),
        ("phone", "900000001", "0900000001"),
        ("icd10", "080.0", "O80.0"),
        ("icd10", "A0O.1", "A00.1"),
        ("dvkt", "1.1.1778", "01.0001.1778"),
        ("dvkt", "0100011778", "01.0001.1778"),
        ("ma_khoa", "K1", "K01"),
        ("ma_may", "hh.1.01901.sn1", "HH.1.01901.sn1"),
        ("ma_ky_thuat_tt23", "01.0009", "1.9"),
    ],
)
def test_suggestions(kind: str, text: str, suggestion: str) -> None:
    found = kinds.check(kind, text)
    assert found.outcome == "no"
    assert found.suggestion == suggestion


@pytest.mark.parametrize(
    ("group", "on", "printed", "level", "percent", "by"),
    [
        ("CN", dt.date(2025, 12, 31), "3", "3", 95, "group"),
        ("CN", dt.date(2026, 1, 1), "3", "2", 100, "group"),
        ("LH", dt.date(2025, 12, 31), "4", "4", 80, "group"),
        ("LH", dt.date(2026, 1, 1), "4", "2", 100, "group"),
        ("DN", dt.date(2026, 1, 1), "", "4", 80, "group"),
        ("TE", dt.date(2026, 1, 1), "1", "1", 100, "group"),
        ("DQ", dt.date(2026, 1, 1), "4", "4", 80, "printed"),
        ("ZZ", dt.date(2026, 1, 1), "3", "3", 95, "printed"),
    ],
)
def test_the_benefit_follows_from_group_and_date(
    group: str, on: dt.date, printed: str, level: str, percent: int, by: str
) -> None:
    found = bhyt_card.benefit(group, on, printed)
    assert found is not None
    assert (found.level, found.percent, found.by) == (level, percent, by)


def test_the_benefit_of_an_unknown_group_without_a_printed_level_is_not_known() -> None:
    assert bhyt_card.benefit("DQ", dt.date(2026, 1, 1)) is None
    assert "benefit_level" not in bhyt_card.parse("0000012345").details


def test_level_5_pays_outside_the_scope_and_level_1_has_no_ratio_limits() -> None:
    army = bhyt_card.benefit("QN", dt.date(2026, 1, 1))
    child = bhyt_card.benefit("TE", dt.date(2026, 1, 1))
    assert army is not None
    assert child is not None
    assert army.outside_scope
    assert not child.outside_scope
    assert not child.ratio_limits


def test_a_level_that_the_group_gets_only_later_is_not_called_superseded() -> None:
    assert bhyt_card.parse("CN2010000012345", {"on": "20251231"}).codes == ("LEVEL_NOT_OF_GROUP",)
    assert bhyt_card.parse("CN3010000012345", {"on": "20260101"}).codes == ("LEVEL_SUPERSEDED",)


def test_cards_with_the_special_expiry_rule() -> None:
    special = {code for code, group in card_groups().items() if group.special_expiry}
    assert special == {"QN", "HC", "LS", "XK", "CY", "CA"}
    assert bhyt_card.parse("QN5970000012345").details["special_expiry"] == "yes"


def test_a_personal_number_as_card_keeps_the_warnings_and_refusals_of_its_kind() -> None:
    assert bhyt_card.parse("003001000123").codes == ("REGION_UNKNOWN", "ID12")
    assert bhyt_card.parse("000001000123").codes == ("REGION_ZERO",)
    assert bhyt_card.parse("001001000123", {"sex": "2"}).codes == ("SEX_MISMATCH", "ID12")


def test_several_warnings_on_one_card() -> None:
    assert bhyt_card.parse("ZZ4030000012345").codes == ("GROUP_UNKNOWN", "PROVINCE_UNKNOWN")


@pytest.mark.parametrize(
    ("matinh", "on", "code"),
    [
        ("08", "20250630", "PROVINCE_NOT_RESIDENCE"),
        ("08", "20250701", "OK"),
        ("02", "20260801", "OK"),
        ("79", "20260801", "PROVINCE_NOT_RESIDENCE"),
    ],
)
def test_a_temporary_card_follows_its_province_through_the_mergers(
    matinh: str, on: str, code: str
) -> None:
    found = bhyt_temp.parse("TE1020000012345", {"matinh": matinh, "on": on})
    assert found.codes == (code,)
    assert found.details["facility"] == "02000"


def test_generated_prescription_codes_are_valid_and_never_repeat() -> None:
    used: set[str] = set()
    rng = random.Random(20261122)
    codes = [prescription.generate("01901", "C", rng, used) for _ in range(500)]
    assert len(set(codes)) == 500
    assert used == set(codes)
    assert all(prescription.parse(code, {"ma_cskcb": "01901"}).codes == ("OK",) for code in codes)


def test_the_generator_goes_on_after_a_collision_and_claims_in_one_step() -> None:
    first = prescription.generate("01901", "C", random.Random(1), set())
    asked: list[str] = []

    def claim(code: str) -> bool:
        asked.append(code)
        return code != first

    second = prescription.generate("01901", "C", random.Random(1), claim)
    assert asked == [first, second]
    assert second != first


def test_the_generator_gives_up_instead_of_repeating_and_refuses_bad_parts() -> None:
    with pytest.raises(IdentityError) as caught:
        prescription.generate("01901", "C", random.Random(1), lambda code: False)
    assert caught.value.code == "ID-NO_FREE_CODE"
    for facility, type_ in (("1901", "C"), ("01901", "X"), ("0190/", "C")):
        with pytest.raises(IdentityError):
            prescription.generate(facility, type_, random.Random(1), set())


def test_practitioner_fields() -> None:
    text = "999990/BYT-CCHN; 999991/HNO-GPHN.C.01901 ;999992/CM-CCHN(NV 07);(NV08);;Chờ cấp"
    plain, lent, supervised, internal, wrong = licence.parse_practitioners(text)
    assert plain.licence is not None
    assert (plain.licence.normalized, plain.lent_to, plain.internal) == ("999990/BYT-CCHN", "", "")
    assert lent.lent_to == "01901"
    assert lent.licence is not None
    assert lent.licence.details["issuer"] == "HNO"
    assert supervised.internal == "NV 07"
    assert supervised.licence is not None
    assert supervised.licence.is_valid
    assert (internal.licence, internal.internal) == (None, "NV08")
    assert wrong.licence is not None
    assert wrong.licence.code == "NO_SLASH"
    assert "NV08" not in repr(internal)
    assert licence.parse_practitioners("") == ()


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", True),
        ("001001000123", True),
        ("007123456", True),
        ("Z0000019", True),
        ("z0000019", False),
        ("001 001 000 123", False),
        ("AB1234567", False),
        ("\u0661" * 9, False),
        ("007123456\n", False),
    ],
)
def test_what_the_gateway_accepts_of_so_cccd(text: str, accepted: bool) -> None:
    assert so_cccd_field.gateway_accepts(text) is accepted


def test_so_cccd_applies_the_rules_of_the_personal_number() -> None:
    assert so_cccd_field.parse("003001000123").codes == ("REGION_UNKNOWN", "CCCD")
    assert so_cccd_field.parse("000001000123").code == "REGION_ZERO"
    assert so_cccd_field.parse("001001000123", {"sex": "2"}).codes == ("SEX_MISMATCH", "CCCD")


def test_keys_may_be_longer_where_a_table_allows_it() -> None:
    long_key = "K" * 150
    assert opaque_key.parse(long_key).codes == ("TOO_LONG",)
    assert opaque_key.parse(long_key, {"size": 200}).codes == ("OK",)


def test_an_old_landline_of_the_south_is_marked() -> None:
    assert phone.parse("0838000000").details["once_landline"] == "yes"
    assert "once_landline" not in phone.parse("0900000001").details


@pytest.mark.parametrize("row", read("phone_prefixes_2018"), ids=lambda row: row["old"])
def test_each_old_mobile_prefix_becomes_a_mobile(row: dict[str, str]) -> None:
    found = phone.parse(row["old"] + "0000001")
    assert found.normalized == "+84" + row["new"][1:] + "0000001"
    assert phone.parse(found.normalized).codes == ("MOBILE",)


def test_icd10_lists_of_4469_are_complete() -> None:
    lists = icd10.lists_4469()
    assert lists.codes is not None
    assert len(lists.codes) == 12_137
    by_effect = {
        effect: sum(effect in {rule.effect for rule in rules} for rules in lists.rules.values())
        for effect in ("NOT_AS_MAIN", "FEMALE_ONLY", "MALE_ONLY")
    }
    assert by_effect == {"NOT_AS_MAIN": 853, "FEMALE_ONLY": 767, "MALE_ONLY": 102}
    aged = [
        [rule for rule in rules if rule.effect == "AGE_LIMIT"] for rules in lists.rules.values()
    ]
    assert sum(map(bool, aged)) == sum((337, 4, 4, 6, 150, 233, 2, 505, 84, 12))
    assert max(map(len, aged)) == 1


def test_icd10_says_how_far_it_looked() -> None:
    assert icd10.parse("A00.0").details == {"checked": "shape"}
    assert icd10.parse("A00.0", {"cat": "4469"}).details["checked"] == "list"
    assert icd10.parse("W01", {"cat": "tt06", "role": "sub"}).details["checked"] == "rules"
    unknown = icd10.parse("B99.9", {"out": "20260701"})
    assert (unknown.codes, unknown.details["checked"]) == (("OK",), "shape")
    assert icd10.parse("A06.5†").details["mark"] == "dagger"


def test_icd10_with_a_list_of_the_caller() -> None:
    rules = {"B999": (icd10.Icd10Rule("NOT_AS_MAIN"),)}
    lists = icd10.Icd10Lists("tt06", frozenset({"B99", "B999"}), rules, frozenset({"B99"}))
    assert icd10.parse("B99.9", lists=lists).codes == ("NOT_AS_MAIN",)
    assert icd10.parse("B99", lists=lists).codes == ("NOT_MOST_SPECIFIC",)
    assert icd10.parse("A00", lists=lists).codes == ("UNKNOWN_CODE",)


def test_a_refused_icd10_code_keeps_its_form_but_validate_raises() -> None:
    assert icd10.parse("G01*", {"cat": "4469"}).normalized == "G01"
    with pytest.raises(IdentityError) as caught:
        icd10.validate("G01*", {"cat": "4469"})
    assert caught.value.code == "ID-NOT_AS_MAIN"


def test_the_63_provinces_lead_to_the_34() -> None:
    assert len(provinces()) == 63
    successors = {province_successor(code) for code in provinces()}
    assert len(successors) == 34
    assert successors < set(provinces())
    assert province_successor("03") == ""


def test_benefit_levels_of_groups_do_not_overlap() -> None:
    assert len(card_groups()) == 80
    known = [g for g in card_groups().values() if g.level_on(dt.date(2026, 11, 22))]
    assert len(known) == 54
    for group in {row["group"] for row in read("bhyt_group_levels")}:
        rows = [row for row in read("bhyt_group_levels") if row["group"] == group]
        if len(rows) > 1:
            assert [row["valid_to"] for row in rows] == ["2025-12-31", ""]


def test_the_reasons_have_both_languages_and_a_confidence() -> None:
    own = [info for info in catalogue if info.source == "identity"]
    assert len(own) > 100
    for info in own:
        assert info.code.startswith("ID-")
        assert info.message_vi
        assert info.message_en
        assert info.severity in ("error", "warning", "info")
        assert bool(info.hint_vi) == bool(info.hint_en)
        assert info.confidence in ("official", "gateway", "practice", "draft", "own")
