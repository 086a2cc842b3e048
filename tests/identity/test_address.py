"""Addresses to codes: old and new, short and unmarked, and no guess where names leave a choice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.identity import admin_import, names
from vnhealth.identity.address import parse
from vnhealth.identity.admin_units import REFORM, AdminUnit, AdminUnits

EVE = dt.date(2025, 6, 30)
OFFICIAL = Path(__file__).resolve().parents[3] / "shared/data/admin_units_2024-06-11.xlsx"
_LAST = {"valid_to": EVE}
_SINCE = {"valid_from": REFORM}


def _units() -> AdminUnits:
    found = AdminUnits.builtin()
    found.extend(
        [
            AdminUnit("901", "Mẫu", "quận", "district", "79", **_LAST),
            AdminUnit("902", "1", "quận", "district", "79", **_LAST),
            AdminUnit("903", "Thử Đông", "huyện", "district", "77", **_LAST),
            AdminUnit("90001", "Phương Liễu", "phường", "commune", "901", **_LAST),
            AdminUnit("90002", "5", "phường", "commune", "902", **_LAST),
            AdminUnit("90003", "Suối Thử", "xã", "commune", "903", **_LAST),
            AdminUnit("90004", "Suối Thư", "xã", "commune", "903", **_LAST),
            AdminUnit("90005", "Ninh Bình", "phường", "commune", "901", **_LAST),
            AdminUnit("90011", "Liễu Mới", "phường", "commune", "79", **_SINCE),
            AdminUnit("90012", "Bến Thử", "phường", "commune", "79", **_SINCE),
            AdminUnit("90013", "Suối Lớn", "xã", "commune", "79", **_SINCE),
        ]
    )
    for old, new in (
        ("90001", "90011"),
        ("90002", "90011"),
        ("90002", "90012"),
        ("90003", "90013"),
    ):
        found.add_heir("commune", old, new)
    return found


UNITS = _units()


@pytest.mark.parametrize(
    ("text", "codes", "rest"),
    [
        ("12 Lê Mẫu, Phường 5, Quận 1, Thành phố Hồ Chí Minh", "79 902 90002", "12 Lê Mẫu"),
        ("12 Lê Mẫu, P.5, Q.1, TP.HCM", "79 902 90002", "12 Lê Mẫu"),
        ("12 Lê Mẫu, P05, Q1, tp hcm, Việt Nam", "79 902 90002", "12 Lê Mẫu"),
        ("12 Lê Mẫu P5 Q1 Sài Gòn", "79 902 90002", "12 Lê Mẫu"),
        ("to 3, phuong lieu, quan mau, ho chi minh", "79 901 90001", "to 3"),
        ("Tổ 3, Phương Liễu, Mẫu, Hồ Chí Minh", "79 901 90001", "Tổ 3"),
        ("Phường Ninh Bình, Quận Mẫu, TP HCM", "79 901 90005", ""),
        ("Xã Suối Thử, Huyện Thử Đông, Tỉnh Bà Rịa - Vũng Tàu", "77 903 90003", ""),
        ("Xã Suối Thư, Thử Đông, Bà Rịa Vũng Tàu", "77 903 90004", ""),
        ("ấp 2, Suối Thử, Bà Rịa - Vũng Tàu", "77 903 90003", "ấp 2"),
        ("Tổ 1, Quận Mẫu, TP. Hồ Chí Minh", "79 901 ", "Tổ 1"),
        ("Hà Nội", "01  ", ""),
        ("không rõ", "  ", "không rõ"),
        ("", "  ", ""),
    ],
)
def test_before_the_reform(text: str, codes: str, rest: str) -> None:
    found = parse(text, UNITS, EVE)
    assert list(found.codes().values()) == codes.split(" ")
    assert found.rest == rest


@pytest.mark.parametrize(
    ("text", "codes", "notes"),
    [
        ("Tổ 1, Phường Bến Thử, Thành phố Hồ Chí Minh", "79  90012", set()),
        ("Tổ 1 phuong ben thu ho chi minh", "79  90012", {"NO_COMMA"}),
        ("P. Phương Liễu, Q. Mẫu, TP. Hồ Chí Minh", "79  90011", {"OLD_COMMUNE"}),
        ("Xã Suối Thử, Thử Đông, Bà Rịa - Vũng Tàu", "79  90013", {"OLD_PROVINCE", "OLD_COMMUNE"}),
        ("Phường 5, Quận 1, TP. Hồ Chí Minh", "79  ", {"SPLIT", "OLD_COMMUNE"}),
        ("Xã Suối Thư, Thử Đông, Bà Rịa - Vũng Tàu", "79  ", {"NO_HEIR"}),
        ("Xã Mẫu, tỉnh Hà Giang", "08  ", {"OLD_PROVINCE", "NO_COMMUNE"}),
    ],
)
def test_since_the_reform(text: str, codes: str, notes: set[str]) -> None:
    found = parse(text, UNITS, dt.date(2026, 3, 2))
    assert list(found.codes().values()) == codes.split(" ")
    assert notes <= set(found.notes)


def test_a_divided_commune_gives_the_choice_and_the_old_unit() -> None:
    found = parse("Phường 5, Quận 1, TP. Hồ Chí Minh", UNITS, dt.date(2026, 3, 2))
    assert found.commune is None
    assert [unit.code for unit in found.candidates] == ["90011", "90012"]
    assert found.former.code == "90002"
    assert found.confidence <= 0.5


def test_without_marks_two_communes_are_a_choice_and_not_a_guess() -> None:
    found = parse("xa suoi thu, huyen thu dong, ba ria vung tau", UNITS, EVE)
    assert found.commune is None
    assert {unit.code for unit in found.candidates} == {"90003", "90004"}
    assert "AMBIGUOUS" in found.notes


def test_what_is_less_exact_is_less_sure() -> None:
    exact = parse("Phường Bến Thử, Thành phố Hồ Chí Minh", UNITS, REFORM)
    unmarked = parse("phuong ben thu, thanh pho ho chi minh", UNITS, REFORM)
    one_letter = parse("Phường Bến Thứa, Thành phố Hồ Chí Minh", UNITS, REFORM)
    assert exact.confidence == 1.0
    assert 1.0 > unmarked.confidence > one_letter.confidence > 0
    assert one_letter.commune.code == "90012"
    assert "LETTER_OFF" in one_letter.notes


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(
    ["P.", "Q1", ",", "TP.HCM", "Hà Nội", "xã", "Suối Thử", "-", "Việt Nam", "12", "thị", "\u0301"]
), max_size=10).map(" ".join)), st.sampled_from([EVE, REFORM]))  # fmt: skip
def test_any_text_is_read_without_error_and_stays_silent(text: str, on: dt.date) -> None:
    found = parse(text, UNITS, on)
    assert 0.0 <= found.confidence <= 1.0
    assert found.commune is None or found.candidates == ()
    assert len(text) < 8 or text not in repr(found)


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official list of June 2024 is not here")
def test_every_commune_of_the_official_list_is_found_again() -> None:
    units = AdminUnits.builtin()
    admin_import.read_old(OFFICIAL, units)
    hits: Counter[str] = Counter()
    communes = units.on(EVE, "commune")[::7]
    for commune in communes:
        district = units.resolve(commune.parent, EVE, "district")
        province = units.resolve(district.parent, EVE)
        full = f"Thôn 2, {commune.full_name}, {district.full_name}, {province.full_name}"
        bare = f"Thôn 2, {commune.name}, {district.name}, {province.name}"
        forms = {"full": full, "no comma": full.replace(",", ""), "bare": bare}
        forms["no marks"] = ", ".join(names.skeleton(part) for part in full.split(","))
        for form, text in forms.items():
            found = parse(text, units, EVE)
            hits[form] += found.commune is commune
            if form != "bare" and found.commune is not None:
                assert found.commune is commune
    assert hits["full"] == hits["no comma"] == len(communes)
    assert hits["no marks"] > 0.99 * len(communes)
    assert hits["bare"] > 0.95 * len(communes)
