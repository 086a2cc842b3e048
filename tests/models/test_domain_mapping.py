"""The mapping is complete: every path has a model, a converter and a field."""

from __future__ import annotations

from dataclasses import fields

import pytest

from vnhealth import models, spec
from vnhealth.models import VOCABULARIES, code_of, meaning_of
from vnhealth.models._mapping import CARD, LINES, header_tables, layout, paths
from vnhealth.spec import Family

ROOTS = {
    "patient": models.Patient,
    "coverage": models.Coverage,
    "encounter": models.Encounter,
    "facility": models.Facility,
    "totals": models.ClaimTotals,
    "order": models.OrderLine,
    "service": models.OrderLine,
    "supply": models.OrderLine,
    "result": models.LabResult,
    "note": models.ClinicalNote,
}
LINE_ROOTS = {
    "XML2": {"order"},
    "XML3": {"order", "service", "supply"},
    "XML4": {"result"},
    "XML5": {"note"},
}
EPISODE_ROOTS = {"patient", "coverage", "encounter", "facility", "totals"}
DERIVED = {"kind", "wire", "related_service_name"}

LINKS = [
    (family, name, link)
    for family in Family
    for name in (*header_tables(family), *LINES)
    for link in layout(family, name)
]


def test_every_mapped_field_has_a_model_attribute_and_a_converter() -> None:
    used = {link.field.domain for _, _, link in LINKS if link.field.domain}
    assert used == set(paths())
    for path in used:
        root, attr = path.split(".")
        assert attr in {f.name for f in fields(ROOTS[root])}, path


def test_every_model_attribute_is_fed_by_some_field() -> None:
    fed = {(ROOTS[p.split(".")[0]], p.split(".")[1]) for p in paths()}
    for model in set(ROOTS.values()):
        lacking = {f.name for f in fields(model)} - {a for m, a in fed if m is model} - DERIVED
        assert lacking == set(), model.__name__


def test_a_table_speaks_only_of_what_it_can_know() -> None:
    for _, name, link in LINKS:
        allowed = EPISODE_ROOTS | LINE_ROOTS.get(name, set())
        assert not link.root or link.root in allowed, f"{name}.{link.field.tag}"
        if name in LINES:
            own = LINE_ROOTS[name] | {"encounter"}
            assert not link.root or link.root in own, f"{name}.{link.field.tag}"


def test_only_cards_go_without_a_converter() -> None:
    for _, _, link in LINKS:
        if link.root:
            assert (link.converter is None) == (paths()[link.field.domain] == CARD)


# The lists of these two fields grew after the 4210 family ended.
LATER = {("outcome", "6"), ("outcome", "7"), ("outcome", "8"), ("scope", "3")}


def test_every_code_of_the_standards_has_a_meaning() -> None:
    lacking = {
        (family.value, vocabulary, code)
        for family, _, link in LINKS
        for how, _, vocabulary in [paths().get(link.field.domain, "").partition(" ")]
        if how == "meaning"
        for version in spec.code_set_versions(link.field.code_set)
        for code in version.codes
        if meaning_of(vocabulary, family, code) is None
    }
    assert lacking == {("4210", vocabulary, code) for vocabulary, code in LATER}


@pytest.mark.parametrize("vocabulary", sorted(VOCABULARIES))
def test_every_meaning_has_a_code(vocabulary: str) -> None:
    for meaning in VOCABULARIES[vocabulary]:
        held = [code_of(vocabulary, family, meaning) for family in Family]
        assert any(held), meaning
        for family, code in zip(Family, held, strict=True):
            assert code is None or meaning_of(vocabulary, family, code) is meaning


def test_same_meaning_finds_the_code_of_the_other_family() -> None:
    assert models.same_meaning("payment_method", "1", "4210", "130") == "2"
    assert models.same_meaning("payment_method", "2", "4210", "130") == ""
    assert models.same_meaning("sex", "9", "4210", "130") == ""
