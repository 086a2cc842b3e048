"""The policy speaks of every field, agrees with the receiving contract, and refuses to be weak."""

from __future__ import annotations

import csv
import hashlib
from importlib.resources import files

import pytest

from vnhealth import deid, spec
from vnhealth.deid import Policy
from vnhealth.deid._policy import ENVELOPE
from vnhealth.deid._tables import forms, withheld
from vnhealth.errors import DeidError
from vnhealth.findings import catalogue
from vnhealth.protocol import deid_contract

SOURCE = (files("vnhealth.deid") / "data" / "policy_linked.csv").read_bytes()
LINKED = Policy.load("linked")
REVIEWED = "0b1ef0d5c6774296492fc1b30697410a754af1620f9be0c0ed4c2f06673f263f"
"""Hash of the policy as last reviewed: any change of any row is a decision, to be made on purpose
(the hash stands in every manifest, so stores see it too)."""
FIELDS = [row for row in LINKED if row.table != ENVELOPE]


def changed(old: str, new: str) -> bytes:
    text = SOURCE.decode()
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


def test_every_field_of_every_edition_has_a_row_and_every_row_a_field() -> None:
    known = set()
    for edition in spec.Edition:
        family = spec.edition_info(edition).family
        for table in spec.tables(edition):
            known.update((family.value, table, f.tag) for f in spec.table(edition, table))
    assert {(r.family, r.table, r.tag) for r in FIELDS} == known
    assert len(FIELDS) == 596


def test_rows_stand_in_the_order_of_the_specification() -> None:
    for family, edition in (("4210", "4210"), ("130", "3176")):
        for table in spec.tables(edition):
            tags = [r.tag for r in FIELDS if (r.family, r.table) == (family, table)]
            assert tags == [f.tag for f in spec.record_fields(family, table)]


def test_the_hash_is_that_of_the_bytes() -> None:
    assert LINKED.sha256 == hashlib.sha256(SOURCE).hexdigest() == REVIEWED
    assert Policy.from_bytes(SOURCE + b"\n").sha256 != LINKED.sha256


def outputs() -> set[tuple[str, str, str]]:
    """(family, table, tag) of all that the policy writes."""
    found = set()
    for row in FIELDS:
        if row.sent:
            level = "HOSO" if row.params.get("at") == "record" else row.table
            found.add((row.family, level, row.out))
            if "level" in row.params:
                found.add((row.family, row.table, row.params["level"]))
    return found


def test_the_contract_has_a_place_for_everything_that_is_sent() -> None:
    allowed = deid_contract.allowed_fields()
    assert [o for o in outputs() if o[2] not in allowed.get(o[1], {})] == []


def test_everything_the_contract_takes_is_made() -> None:
    made = {(table, tag) for _, table, tag in outputs()}
    asked = {
        (table, tag)
        for table, tags in deid_contract.allowed_fields().items()
        for tag in tags
        if table != "HEADER"
    }
    assert asked == made


def test_what_is_not_sent_has_no_place_in_the_contract() -> None:
    allowed = deid_contract.allowed_fields()
    for row in FIELDS:
        if row.params.get("sent") == "no" and row.family == "130":
            assert row.out not in allowed.get(row.table, {}) or row.tag == "MA_LK", row.place


def test_forms_are_exactly_the_shapes_of_the_contract() -> None:
    allowed = deid_contract.allowed_fields()
    for row in FIELDS:
        if not row.sent:
            continue
        level = "HOSO" if row.params.get("at") == "record" else row.table
        shape = allowed[level][row.out]
        name = "token" if row.effective is deid.Action.TOKEN else row.params["form"]
        assert shape.name == name, row.place
        assert forms()[name] is shape.pattern


def test_the_kept_back_list_holds_the_codes_of_hiv() -> None:
    mine = withheld("hiv", "icd")
    codes = [
        "B20",
        "B21",
        "B22",
        "B23",
        "B24",
        "F02.4",
        "O98.7",
        "R75",
        "Z11.4",
        "Z20.6",
        "Z21",
        "Z71.7",
    ]
    assert all(mine.effect(code) == "encounter" for code in codes)
    assert set(deid_contract.withheld_prefixes()) == set(codes)


NAMES = ["Nguyễn Văn An", "NGUYEN VAN AN", "Lan", "LAN", "HOA", "Y Bhăm", "TRANG", "Minh", "MINH"]
NUMBERS = ["001099000123", "DN4010123456789", "0123456789", "0912345678", "19990718", "912345678"]


@pytest.mark.parametrize("form", sorted(set(forms()) - {"token", "policy", "minute", "day"}))
def test_no_form_takes_a_name_or_a_personal_number(form: str) -> None:
    pattern = forms()[form]
    assert not [text for text in NAMES if pattern.fullmatch(text)]
    short = NUMBERS if form not in ("money", "amount") else NUMBERS[:-1]
    assert not [text for text in short if pattern.fullmatch(text)]


def test_closed_lists_hold_no_given_name() -> None:
    """But for chemical signs and a test that happen to be syllables too."""
    from vnhealth.deid._values import without_diacritics

    data = files("vnhealth.deid") / "data" / "words.csv"
    words = {row["word"] for row in csv.DictReader(data.read_text("utf-8").splitlines())}
    table = files("vnhealth.identity") / "data" / "name_syllables.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    given = {without_diacritics(r["syllable"]).upper() for r in rows if "given" in r["roles"]}
    assert {w for w in words if w.isupper()} & given <= {"NA", "CA", "BE", "SA"}


def test_direct_identifiers_and_free_text_never_keep_a_value() -> None:
    quiet = {"drop", "token", "scrub", "suppress", "age_band"}
    for row in FIELDS:
        if row.sensitivity in ("direct identifier", "free text", "staff identifier"):
            assert row.effective.value in quiet, row.place


def test_the_register_of_hiv_is_withheld_as_a_whole() -> None:
    rows = [r for r in FIELDS if r.table == "XML6" and r.tag != "DU_PHONG"]
    assert {r.action.value for r in rows} == {"withhold"}


def test_every_action_is_known_and_used_or_tested_elsewhere() -> None:
    used = {row.action for row in LINKED} | {row.effective for row in FIELDS}
    assert used == set(deid.Action)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("130,XML1,HO_TEN,direct identifier,drop", "130,XML1,HO_TEN,direct identifier,keep", "04"),
        ("130,XML1,HO_TEN,direct identifier,drop", "130,XML1,HO_TEN,clinical,keep", "04"),
        ("130,XML1,HO_TEN,direct identifier,drop", "130,XML1,HO_TEN,direct identifier,hash", "04"),
        ("130,XML1,HO_TEN,direct identifier", "130,XML1,HO_TEN,harmless", "04"),
        ("130,XML1,HO_TEN,direct", "130,XML1,HO_TENN,direct", "05"),
        ("130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit", "130,XML1,GIOI_TINH,quasi-identifier,keep,", "04"),
        ("130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit", "130,XML1,GIOI_TINH,quasi-identifier,keep,form=text", "04"),
        ("130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit", "130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit form=digit", "04"),
        ("130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit", "130,XML1,GIOI_TINH,quasi-identifier,keep,form=digit to=<b>", "04"),
        ("130,XML1,NHOM_MAU,clinical,generalise,by=blood", "130,XML1,NHOM_MAU,clinical,generalise,by=none", "04"),
        ("130,XML1,MA_LK,linkage key,token,kind=episode at=record to=MA_LK", "130,XML1,MA_LK,linkage key,drop,", "04"),
        ("130,XML1,T_THUOC,cost,round,digits=3", "130,XML1,T_THUOC,cost,round,digits=x", "04"),
        ("130,XML15,NGAYKD_HIV,sensitive,withhold,of=hiv else=shift", "130,XML15,NGAYKD_HIV,sensitive,withhold,of=lao else=shift", "04"),
        ("*,ENVELOPE,(encounter),sensitive,withhold", "*,ENVELOPE,(visit),sensitive,withhold", "04"),
        ("family,table,tag,class,action", "family,table,tag,action,class", "04"),
        ("130,XML1,HO_TEN,direct", "130,XML1,HO_TEN,clinical,drop,,x\n130,XML1,HO_TEN,direct", "04"),
    ],
)  # fmt: skip
def test_a_weak_or_broken_policy_is_refused(old: str, new: str, code: str) -> None:
    with pytest.raises(DeidError) as caught:
        Policy.from_bytes(changed(old, new))
    assert caught.value.code == f"ERR-DEID-{code}"
    assert caught.value.message("vi")


def test_a_missing_row_is_refused() -> None:
    lines = SOURCE.decode().splitlines()
    without = [line for line in lines if not line.startswith("130,XML15,BDDT_ARV,")]
    with pytest.raises(DeidError, match="lacks 1 fields"):
        Policy.from_bytes("\n".join(without).encode())


def test_bytes_that_are_no_policy_are_refused() -> None:
    for data in (b"", b"\xff\xfe", b"a,b\n1,2\n", SOURCE[: len(SOURCE) // 2]):
        with pytest.raises(DeidError):
            Policy.from_bytes(data)


def test_an_unknown_policy_is_refused() -> None:
    for name in ("../x", "x", "policy_linked"):
        with pytest.raises(DeidError) as caught:
            Policy.load(name)
        assert caught.value.code == "ERR-DEID-02"


def test_an_adapted_copy_is_taken_and_named(tmp_path, kit) -> None:
    path = tmp_path / "tinh.csv"
    path.write_bytes(
        changed(
            "130,XML1,NHOM_MAU,clinical,generalise,by=blood form=blood",
            "130,XML1,NHOM_MAU,clinical,drop,",
        )
    )
    policy = Policy.from_file(path)
    claim = kit.claim(xml1={"nhom_mau": "AB+"})
    mine, ours = kit.apply(claim, policy=policy), kit.apply(claim)
    assert b"NHOM_MAU" in ours.data
    assert b"NHOM_MAU" not in mine.data
    assert mine.manifest.policy == "tinh"
    assert mine.manifest.policy_sha256 == policy.sha256 != ours.manifest.policy_sha256
    assert policy.sha256.encode() in mine.data
    with pytest.raises(DeidError):
        Policy.from_file(tmp_path / "none.csv")


def test_labels_are_four_words_with_a_meaning_in_both_languages() -> None:
    words = [label.value for label in deid.Label]
    assert words == ["identified", "pseudonymised", "de-identified", "aggregate"]
    for label in deid.Label:
        assert label.name_vi
        assert label.meaning("vi") != label.meaning("en")


def test_the_forbidden_word_stands_nowhere() -> None:
    word = "anony" + "mous"
    folder = files("vnhealth.deid")
    texts = [p.read_text("utf-8") for p in folder.iterdir() if p.is_file()]
    texts += [p.read_text("utf-8") for p in (folder / "data").iterdir()]
    texts += [str(info) for info in catalogue if "DEID" in info.code]
    assert not any(word in text.lower() or "ẩn danh" in text.lower() for text in texts)


def test_reasons_and_sources_are_given_in_all_lists() -> None:
    data = files("vnhealth.deid") / "data"
    for name in ("withheld", "rare_icd"):
        for row in csv.DictReader((data / f"{name}.csv").read_text("utf-8").splitlines()):
            assert row["source"]
            assert row["confidence"] in {"official", "gateway", "practice", "draft", "own"}
