"""The maps of the conversion are whole and name only what exists."""

from __future__ import annotations

import csv
import inspect
from pathlib import Path

import pytest

import vnhealth
from vnhealth import spec
from vnhealth.codecs import convert
from vnhealth.codecs._convert_job import METHODS
from vnhealth.codecs._convert_plan import NO_RULE, OPTIONAL, hops
from vnhealth.codecs._loss import Loss
from vnhealth.findings import catalogue
from vnhealth.models import VOCABULARIES, code_of, same_meaning
from vnhealth.spec import Edition

DATA = Path(vnhealth.__file__).parent / "codecs" / "data"


def read(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


MAP, STEPS, RECODES = read("map_4210"), read("map_130"), read("recode")


def test_every_field_of_4210_is_mapped() -> None:
    mapped = {(r["table_4210"], r["tag_4210"]) for r in MAP if r["tag_4210"]}
    assert mapped == {(n, f.tag) for n in spec.tables("4210") for f in spec.table("4210", n)}


def test_the_map_names_only_fields_that_exist() -> None:
    for row in MAP:
        if row["tag_130"]:
            assert row["tag_130"] in spec.table("3176", row["table_130"])
    for row in STEPS:
        for name in row["tables"].split():
            assert row["tag"] in spec.table(row["from"], name), row
            assert not row["to_tag"] or row["to_tag"] in spec.table(row["to"], name), row


def test_a_target_field_has_one_rule_each_way() -> None:
    for way, table, tag in (("up", "table_130", "tag_130"), ("down", "table_4210", "tag_4210")):
        fed = [(r[table], r[tag]) for r in MAP if r[way] not in ("", "drop", "carried") and r[tag]]
        assert len(fed) == len(set(fed))
    steps = [
        (r["from"], r["to"], name, r["to_tag"])
        for r in STEPS
        for name in r["tables"].split()
        if r["to_tag"]
    ]
    assert len(steps) == len(set(steps))


def test_methods_exist_and_each_is_used() -> None:
    named = {r[way].split()[0] for r in MAP for way in ("up", "down") if r[way]}
    named |= {r["method"].split()[0] for r in STEPS}
    assert named - {*NO_RULE, "carried"} == set(METHODS)
    assert set(OPTIONAL.values()) <= set(convert.ConvertOptions.__slots__)


def test_words_after_a_method_fit_its_parameters() -> None:
    calls = [r[way] for r in MAP for way in ("up", "down")] + [r["method"] for r in STEPS]
    for call in calls:
        name, *words = call.split() or [""]
        if name in METHODS:
            inspect.signature(METHODS[name]).bind(None, *words)


def test_notes_come_in_both_languages() -> None:
    for row, pairs in (
        *((r, (("up_vi", "up_en"), ("down_vi", "down_en"))) for r in MAP),
        *((r, (("note_vi", "note_en"),)) for r in (*STEPS, *RECODES)),
    ):
        for vi, en in pairs:
            assert bool(row[vi]) == bool(row[en])


CODE_SETS = {
    ("ma_lydo_vvien", "4210"): ["ma_lydo_vvien_4210"],
    ("ma_lydo_vvien", "130"): ["ma_doituong_kcb_3276"],
    ("ma_doituong_kcb", "130"): ["ma_doituong_kcb_3276", "ma_doituong_kcb_824"],
    ("ma_doituong_kcb", "4210"): ["ma_lydo_vvien_4210"],
    ("ma_xu_tri", "130"): ["ma_xu_tri_130"],
    ("ma_xu_tri", "4750"): ["ma_xu_tri_4750"],
    ("nhom_doi_tuong", "4750"): ["nhom_doi_tuong_4750"],
    ("nhom_doi_tuong", "3176"): ["nhom_doi_tuong_3176"],
    ("phacdo_dtri_lao", "3176"): ["phacdo_dtri_lao_3176"],
    ("ket_qua_dtri", "4750"): ["ket_qua_dtri"],
    ("ket_qua_dtri", "130"): ["ket_qua_dtri"],
}


def known(name: str, side: str) -> set[str]:
    if name in VOCABULARIES:
        return {code for m in VOCABULARIES[name] if (code := code_of(name, side, m))}
    return {
        code
        for version in CODE_SETS.get((name, side), [])
        for held in spec.code_set_versions(version)
        if held.version == version
        for code in held.codes
    }


def test_recoded_codes_exist_on_both_sides() -> None:
    for row in RECODES:
        for side, code in ((row["from"], row["code"]), (row["to"], row["becomes"])):
            if code and not set(code) & set("*?="):
                assert code in known(row["name"], side), row


def test_only_what_has_no_code_of_the_same_meaning_is_recoded() -> None:
    for row in RECODES:
        if row["name"] in VOCABULARIES:
            assert same_meaning(row["name"], row["code"], row["from"], row["to"]) == "", row


@pytest.mark.parametrize("loss", Loss)
def test_every_kind_of_loss_has_a_text(loss: Loss) -> None:
    info = catalogue.info(loss.value)
    assert info.message_vi
    assert info.message_en


def test_the_steps_between_editions() -> None:
    assert hops(Edition.QD3176, Edition.QD1931) == ()
    assert [h.target for h in hops(Edition.QD1931, Edition.QD130)] == [
        Edition.QD4750,
        Edition.QD130,
    ]
    assert [h.target for h in hops(Edition.QD4210, Edition.QD1931)] == [Edition.QD1931]
    assert hops(Edition.QD4210, Edition.QD4210) == ()
