"""What holds for any text: no crash, stable normalisation, silence about values, known codes."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import IdentityError
from vnhealth.findings import catalogue
from vnhealth.identity import (
    bhyt_qr,
    birth_date,
    cccd_qr,
    kinds,
    legacy,
    legacy_report,
    mrz,
    names,
)
from vnhealth.identity._base import CATALOGUE_PREFIX

MODULES = {
    "name": names,
    "legacy_encoding": legacy,
    "birth_date": birth_date,
    "mrz_td1": mrz,
    "cccd_qr": cccd_qr,
    "bhyt_qr": bhyt_qr,
}
KINDS = [*MODULES, "mrz_td3"]
VECTORS = Path(__file__).parent / "vectors"


def _raws() -> list[str]:
    found = []
    for kind in MODULES:
        with (VECTORS / f"vectors_{kind}.csv").open(encoding="utf-8", newline="") as file:
            found += [row["raw"].replace("\\n", "\n") for row in csv.DictReader(file)]
    return found


RAWS = _raws()
_LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạếềểễệổộứỳỵĂÂĐ Nn"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a vector with a few characters replaced, dropped or put in."""
    text = list(draw(st.sampled_from(RAWS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from(["", "0", "O", "<", "|", "$", "\u0301", "\u200b", "?", "é", "٣", " "])
        )
    return "".join(text)


ANY_TEXT = st.one_of(st.text(), damaged(), st.text(alphabet="0123456789/-.: TZ+"))


@pytest.mark.parametrize("kind", KINDS)
@given(text=ANY_TEXT)
def test_any_text_gets_a_known_code_and_stays_out_of_the_repr(kind: str, text: str) -> None:
    found = kinds.check(kind, text)
    assert found.codes
    assert all(CATALOGUE_PREFIX + code in catalogue for code in found.codes)
    assert (found.outcome == "no") == (not found.is_valid)
    if len(text) > 5 and text not in f"<Checked {kind} ":
        assert text not in repr(found)
    if found.is_valid and len(found.normalized) > 5:
        assert found.normalized not in repr(found)


@pytest.mark.parametrize("kind", MODULES)
@given(text=ANY_TEXT)
def test_normalising_twice_changes_nothing(kind: str, text: str) -> None:
    once = MODULES[kind].normalize(text)
    assert MODULES[kind].normalize(once) == once


@pytest.mark.parametrize("kind", MODULES)
@given(text=ANY_TEXT)
def test_the_error_of_validate_does_not_show_the_value(kind: str, text: str) -> None:
    found = MODULES[kind].parse(text)
    if found.code == "IS_TD3_PASSPORT":  # `mrz.validate` takes both zones and says what fails
        found = mrz.parse_td3(text)
    if found.is_valid:
        assert MODULES[kind].validate(text) == found.normalized
        return
    with pytest.raises(IdentityError) as caught:
        MODULES[kind].validate(text)
    error = caught.value
    assert error.code == CATALOGUE_PREFIX + found.code
    if len(text.strip()) > 20:
        shown = f"{error!s} {error!r} {error.message('vi')} {error.params}"
        assert text not in shown
        assert text.strip() not in shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [190103050000, 1.5, None, b"abc"])
def test_what_is_not_text_is_refused(kind: str, value: object) -> None:
    with pytest.raises(IdentityError, match="ID-NOT_TEXT"):
        kinds.parser(kind)(value, None)  # type: ignore[arg-type]


@given(text=st.one_of(st.text(), damaged()))
def test_forms_of_a_name_are_stable(text: str) -> None:
    shown, key, skeleton = names.display(text), names.key(text), names.skeleton(text)
    assert names.display(shown) == shown
    assert names.key(shown) == key == names.key(key)
    assert names.skeleton(shown) == skeleton == names.skeleton(skeleton)
    assert names.skeleton(names.sorted_skeleton(text)) == names.sorted_skeleton(text)
    assert len(names.initials(text)) >= len(skeleton.split())
    assert text not in repr(names.read(text)) or len(text) < 6


@given(text=st.text(alphabet=_LETTERS))
@pytest.mark.parametrize("encoding", ["tcvn3", "vni", "cp1258", "utf8", "utf8bom", "utf16le"])
def test_what_an_encoding_holds_comes_back(encoding: str, text: str) -> None:
    assert legacy.decode(legacy.encode(text, encoding), encoding) == text


@given(text=st.text(alphabet=_LETTERS, min_size=1))
def test_format_of_bytes_and_parse_are_inverse(text: str) -> None:
    for encoding in ("tcvn3", "vni"):
        again = legacy.parse(legacy.format(text, {"enc": encoding}), {"enc": encoding})
        assert again.normalized == text


@pytest.mark.parametrize("out", ["vn", "iso"])
@given(
    digits=st.dates().map(lambda d: d.strftime("%Y%m%d").rjust(8, "0")),
    cut=st.sampled_from([4, 6, 8]),
)
def test_birth_dates_survive_being_written(out: str, digits: str, cut: int) -> None:
    found = birth_date.parse(digits[:cut].ljust(8, "0"), {"form": "xml8"})
    if found.is_valid:
        written = birth_date.format(found.normalized, {"out": out})
        assert birth_date.parse(written).normalized == found.normalized
        for form, size in (("xml12", 12), ("xml8", 8)):
            wire = birth_date.format(found.normalized, {"out": form})
            assert len(wire) == size
            assert birth_date.parse(wire, {"form": form}).normalized == found.normalized
        assert birth_date.read(digits[:cut].ljust(8, "0"), {"form": "xml8"}) is not None


@pytest.mark.parametrize("module", [cccd_qr, bhyt_qr, mrz], ids=lambda m: m.__name__.split(".")[-1])
@given(text=damaged())
def test_scans_written_again_read_the_same(module: object, text: str) -> None:
    found = module.parse(text)  # type: ignore[attr-defined]
    if found.is_valid:
        again = module.parse(module.format(text))  # type: ignore[attr-defined]
        assert again.normalized == found.normalized
        assert again.codes == found.codes


def test_the_forms_of_a_passport_zone() -> None:
    first = "P<VNMNGUYEN<<VAN<THU" + "<" * 24
    body = "Z0000001<8VNM0103059M3103050"
    own = "001001000123<<"
    second = body + own + mrz.check_digit(own)
    second += mrz.check_digit(second[0:10] + second[13:20] + second[21:43])
    found = mrz.parse_td3(f"{first}\n{second}")
    assert (found.outcome, found.codes) == ("yes", ("OK",))
    assert found.details["dob"] == "1901-03-05"
    assert found.details["optional"] == "001001000123"
    for at in (0, 13, 21, 30, 43):
        other = "1" if second[at] != "1" else "2"
        assert mrz.parse_td3(f"{first}\n{second[:at]}{other}{second[at + 1 :]}").outcome == "no"


def test_figures_of_legacy_decoding_on_ten_thousand_names() -> None:
    figures = legacy_report.measure(10_000)
    assert figures.declared_tcvn3 == figures.declared_vni == 1.0
    for share in (
        figures.detected_tcvn3_bytes,
        figures.detected_vni_bytes,
        figures.detected_tcvn3_text,
        figures.detected_vni_text,
    ):
        assert share >= 0.99
    assert figures.false_bytes <= 1e-4
    assert figures.false_text <= 1e-4


def test_generated_names_are_repeatable_and_differ_by_seed() -> None:
    made = [list(legacy_report.generate_names(50, random.Random(seed))) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("Nguye\u0302\u0303n", ("NFD",)),
        ("Nguyê\u0303n Thử", ("HALF_COMPOSED",)),
        ("\u00d0ỗ Thử", ("LOOKALIKE_LETTERS",)),
        ("Nguyễn V\u0430n", ("LOOKALIKE_LETTERS",)),
        ("\ufeffMẫu", ("INVISIBLE",)),
        (" Mẫu\u00a0Thử", ("SPACING",)),
        ("H’Hen Mẫu", ("MINORITY_FORM",)),
        ("Y Mẫu Niê", ("MINORITY_FORM",)),
        ("Nguyễn Thị Y Vân", ()),
        ("Trần Thị Mẫu", ()),
    ],
)
def test_notes_say_how_a_name_was_written(text: str, notes: tuple[str, ...]) -> None:
    assert names.read(text).notes == notes


def test_look_alike_letters_are_suggested_never_applied() -> None:
    found = names.parse("Nguyễn V\u0430n")
    assert found.normalized == "Nguyễn V\u0430n"
    assert found.suggestion == "Nguyễn Van"


@pytest.mark.parametrize(
    "text", ["Võ Danh", "Võ Danh Nam", "Khổng Tên", "VO DANH NAM", "Bùi Công Bá"]
)
def test_real_names_are_not_taken_for_unknown_patients(text: str) -> None:
    assert "ANONYMOUS" not in names.read(text).flags
    assert "NEWBORN_PREFIX" not in names.read(text).flags


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("NGUYÔN V\u00a1N THö", "NGUYỄN VĂN THỬ"),
        ("Lª ThÞ ¸nh", "Lê Thị Ánh"),
        ("¸nh s¸ng", "ánh sáng"),
        ("BÖnh viÖn ¸nh s¸ng", "Bệnh viện ánh sáng"),
    ],
)
def test_capitals_that_tcvn3_lost_come_back_only_where_neighbours_show_them(
    shown: str, name: str
) -> None:
    assert legacy.decode(shown, "tcvn3", name=True) == name
    assert legacy.decode(shown, "tcvn3", capitals=True) == name.upper()


@pytest.mark.parametrize(
    "text", ["José Müller", "Chloé", "Hélène Lê", "Lü Wei", "Zoë", "René Trần"]
)
def test_foreign_names_in_unicode_are_left_alone(text: str) -> None:
    assert legacy.suspect(text) == ""
    assert legacy.repaired(text) == text


@given(st.one_of(st.text(max_size=14), st.sampled_from(RAWS), damaged()))
def test_the_short_ways_of_long_lists_say_what_the_full_ones_say(text: str) -> None:
    read = names.read(text)
    key, skeleton, unknown, newborn = names.comparable(text)
    assert (key, skeleton) == (read.key, read.skeleton)
    if read.flags[0] not in ("LOST_LETTERS", "LEGACY_BYTES", "MOJIBAKE", "EMPTY"):
        assert unknown == ("ANONYMOUS" in read.flags)
        assert newborn == ("NEWBORN_PREFIX" in read.flags)
    born = birth_date.parse(text)
    digits = born.details.get("digits", "")
    year, month, day = birth_date.known_parts(text)
    assert year == digits[:4]
    if "MAYBE_YEAR_ONLY" in born.codes or digits[4:6] in ("", "00"):
        assert (month, day) == ("", "")
    else:
        assert (month, day or "00") == (digits[4:6], digits[6:8])


def test_a_facility_that_is_no_facility_code_is_written_as_it_was_read() -> None:
    scan = "DN4010000012345|4de1baab75|1901|1||1-901|01/01/2026|-||||||00|$"
    assert bhyt_qr.parse(bhyt_qr.format(scan)).normalized == bhyt_qr.parse(scan).normalized


def test_a_bad_passport_zone_is_refused_for_what_is_wrong_with_it() -> None:
    zone = "\n".join(["0" * 44] * 2)
    assert mrz.parse(zone).code == "IS_TD3_PASSPORT"
    with pytest.raises(IdentityError) as caught:
        mrz.validate(zone)
    assert caught.value.code == CATALOGUE_PREFIX + "DOCUMENT_TYPE"
