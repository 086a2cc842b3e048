"""What holds for every identifier kind on any text."""

from __future__ import annotations

import pickle
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth.errors import IdentityError
from vnhealth.identity import (
    bhxh,
    bhyt_card,
    bhyt_temp,
    cccd,
    cmnd,
    facility5,
    facility_gln13,
    icd10,
    kinds,
    licence,
    opaque_key,
    passport,
    phone,
    prescription,
    so_cccd_field,
)
from vnhealth.identity._base import Checked

MODULES: dict[str, Any] = {
    module.KIND: module
    for module in (
        bhxh,
        bhyt_card,
        bhyt_temp,
        cccd,
        cmnd,
        facility5,
        facility_gln13,
        icd10,
        licence,
        opaque_key,
        passport,
        phone,
        prescription,
        so_cccd_field,
    )
}
CATALOGUE_KINDS = (
    "dvkt",
    "ma_giuong",
    "ma_khoa",
    "ma_ky_thuat_tt23",
    "ma_may",
    "ma_thuoc",
    "so_dang_ky",
    "tt_thau",
)
KINDS = (*MODULES, *CATALOGUE_KINDS)
GOOD = {
    "bhxh": "0000012345",
    "bhyt_card": "DN4010000012345",
    "bhyt_temp": "TE1010000012345",
    "cccd": "001101000123",
    "cmnd": "007123456",
    "facility5": "01901",
    "facility_gln13": "8934285071993",
    "icd10": "A00.0",
    "licence": "999990/BYT-CCHN",
    "opaque_key": "00000_2026_01",
    "passport": "B0000019",
    "phone": "0900000001",
    "prescription": "00000abc1234-C",
    "so_cccd_field": "Z0000019",
    "dvkt": "01.0001.1778_GT",
    "ma_giuong": "H001;T012",
    "ma_khoa": "K16.1",
    "ma_ky_thuat_tt23": "BS_1.390",
    "ma_may": "HH.1.01901.SN 1;2",
    "ma_thuoc": "40.30+40.155",
    "so_dang_ky": "VD-99999-26",
    "tt_thau": "57/QĐ-TTMS;G1;N1;2022",
}
JUNK = st.sampled_from(
    [" ", "\u00a0", "\u200b", "-", "\u2013", ".", "'", '"', "0", "O", "l", ";", "Đ", "\u0661"],
) | st.sampled_from(
    [
        "",
        "\uff11",
        "ß",
        "ſ",
        "ı",
        "E+5",
        "\n",
        "\ufeff",
        "\x00",
        "\ud800",
        "²",
        "ﬁ",
        "+",
        "/",
        "(",
        "8",
    ]
)


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> str:
    text = GOOD[kind]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 1))
        text = text[:at] + draw(JUNK) + text[at + cut :]
    return text.lower() if draw(st.booleans()) else text


def texts(kind: str) -> st.SearchStrategy[str]:
    anything = st.text(st.characters(), max_size=24)
    digits = st.text("0123456789 .-", max_size=18)
    return st.one_of(damaged(kind), damaged(kind), anything, digits)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_text_gives_a_result_and_reading_the_result_again_changes_nothing(
    kind: str, data: st.DataObject
) -> None:
    text = data.draw(texts(kind))
    found = kinds.check(kind, text)
    assert found.outcome in ("yes", "warn", "no")
    assert found.codes
    assert all(found.codes)
    if not found.is_valid:
        assert not found.normalized
        return
    again = kinds.check(kind, found.normalized)
    assert again.is_valid
    assert again.normalized == found.normalized


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_suggestion_is_a_valid_value_and_is_not_applied(kind: str, data: st.DataObject) -> None:
    found = kinds.check(kind, data.draw(texts(kind)))
    if found.suggestion:
        assert found.outcome == "no"
        assert not found.normalized
        assert kinds.check(kind, found.suggestion).is_valid


@pytest.mark.parametrize("kind", MODULES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_normalize_and_format(kind: str, data: st.DataObject) -> None:
    module = MODULES[kind]
    text = data.draw(texts(kind))
    normal, shown = module.normalize(text), module.format(text)
    assert module.normalize(normal) == normal
    if module.is_valid(text):
        assert module.validate(text) == normal
        assert module.parse(shown).normalized == normal
    else:
        assert normal == shown == text
        with pytest.raises(IdentityError):
            module.validate(text)


@pytest.mark.parametrize(
    "kind", ["bhxh", "bhyt_card", "cccd", "cmnd", "facility5", "facility_gln13", "passport"]
)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_character_is_ever_added(kind: str, data: st.DataObject) -> None:
    text = data.draw(texts(kind))
    source = iter(unicodedata.normalize("NFKC", text).upper())
    assert all(char in source for char in kinds.check(kind, text).normalized)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [1001000123, 1001000123.0, True, None, b"001001000123", ["1"]])
def test_only_text_is_an_identifier(kind: str, value: Any) -> None:
    with pytest.raises(IdentityError) as caught:
        kinds.check(kind, value)
    assert caught.value.code == "ID-NOT_TEXT"
    assert "1001000123" not in str(caught.value) + caught.value.message("vi")


def shown_by(found: Checked) -> str:
    return repr(found) + str(found) + f"{found}" + "".join(found.messages() + found.messages("en"))


@pytest.mark.parametrize("kind", KINDS)
def test_neither_results_nor_errors_show_the_value(kind: str) -> None:
    good = kinds.check(kind, GOOD[kind])
    assert good.is_valid
    secrets = [GOOD[kind], good.normalized]
    assert not any(secret in shown_by(good) for secret in secrets)
    bad = GOOD[kind] + "731;" + GOOD[kind]
    found = kinds.check(kind, bad)
    assert not any(secret in shown_by(found) for secret in (bad, GOOD[kind]))


@pytest.mark.parametrize("kind", MODULES)
def test_an_error_of_validate_shows_the_reason_but_not_the_value(kind: str) -> None:
    bad = "73190" + GOOD[kind] + ";\t\u0661" + "9" * 120
    with pytest.raises(IdentityError) as caught:
        MODULES[kind].validate(bad)
    error = caught.value
    words = str(error) + repr(error) + error.message("vi") + error.hint("vi") + str(error.params)
    assert error.code.startswith("ID-")
    assert GOOD[kind] not in words
    assert "73190" not in words


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_frozen_and_travel_between_processes(kind: str) -> None:
    found = kinds.check(kind, GOOD[kind])
    with pytest.raises(AttributeError):
        found.normalized = "1"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(kinds.check(kind, GOOD[kind]))
    assert found.to_dict()["normalized"] == found.normalized
    assert set(found.to_dict()) == {"kind", "normalized", "valid", "codes", "suggestion"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(IdentityError) as caught:
        kinds.check("shoe_size", "42")
    assert caught.value.code == "ID-KIND"


def test_every_kind_has_names_in_both_languages() -> None:
    for kind in kinds.KINDS:
        found = kinds.texts(kind)
        assert found["name_vi"] != kind
        assert found["shape_en"] != kind
