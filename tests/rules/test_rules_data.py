"""The rule data holds together: codes, texts, guards, fields and predicates."""

import json
import re
import string

import pytest

from vnhealth import rules, spec
from vnhealth.errors import SpecError
from vnhealth.findings import Severity, catalogue
from vnhealth.rules import _load, _registry
from vnhealth.rules._gates import CLAIM_GATES, GATES

REGISTRY = rules.registry()
OWN = {"BHYT-CLAIM-020", "BHYT-CLAIM-090", "BHYT-CLAIM-099"}
"""Said by the engine itself."""
CHECKED = {
    *_registry.ROW_CHECKS,
    *_registry.CLAIM_CHECKS,
    *_registry.DOCUMENT_CHECKS,
    *_registry.DEADLINES,
    *_registry.CATALOGUE,
}


def test_each_code_has_data_texts_and_one_predicate():
    held = {info.code for info in catalogue if info.source == "rules"}
    assert held == set(REGISTRY)
    fields = {code for code in REGISTRY if code.startswith("BHYT-FLD-")}
    assert set(REGISTRY) == CHECKED | OWN | fields
    assert not CHECKED & (OWN | fields)


def test_no_code_stands_in_two_modules():
    total = sum(
        len(checks)
        for checks in (
            _registry.ROW_CHECKS,
            _registry.CLAIM_CHECKS,
            _registry.DOCUMENT_CHECKS,
            _registry.DEADLINES,
            _registry.CATALOGUE,
        )
    )
    assert total == len(CHECKED)


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_rule_is_complete(code):
    rule = REGISTRY[code]
    info = rule.info
    assert re.fullmatch(r"BHYT-(FLD|FMT|CLAIM|ICD|CAT|XML\d+)-\d{2,3}", code)
    assert all((info.message_vi, info.message_en, info.hint_vi, info.hint_en, info.basis))
    assert info.message_vi != info.message_en
    assert rule.editions
    assert all(other in REGISTRY for other in rule.implies)
    assert code not in rule.implies
    assert info.confidence in {"official", "gateway", "practice", "draft", "own"}
    if info.confidence in {"practice", "draft"}:
        assert Severity(info.severity) is not Severity.ERROR
    assert rule.draft is (info.confidence == "draft")
    names = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (info.message_vi, info.message_en)
    ]
    differing = names[0] ^ names[1]
    assert differing <= {"title_vi", "title_en"}


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_rule_names_tables_and_fields_that_its_editions_have(code):
    rule = REGISTRY[code]
    for edition in rule.editions:
        held = [name for name in rule.tables if name in spec.tables(edition)]
        assert not rule.tables or held or code in {"BHYT-CLAIM-023"}
    known = {
        field.tag
        for edition in rule.editions
        for name in spec.tables(edition)
        for field in spec.table(edition, name)
    } | {"SOLUONGHOSO"}
    assert set(rule.tags) <= known


def test_tables_of_exceptions_copies_and_catalogue_fields_exist():
    for (table, tag), exceptions in _load.field_exceptions().items():
        assert any(
            table in spec.tables(edition) and tag in spec.table(edition, table)
            for edition in spec.Edition
        ), (table, tag)
        assert all(one.code in REGISTRY for one in exceptions)
    union = {
        table: {field.tag for field in spec.record_fields("130", table)}
        for table in spec.tables("3176")
    }
    for row in _load.rows("copies"):
        assert row["tag"] in union[row["table"]]
        assert row["source"] in union["XML1"]
    for row in _load.rows("catalogue_fields"):
        assert row["tag"] in union[row["table"]]
    for row in _load.rows("code_ranges"):
        assert row["set"] in spec.code_sets()


def test_gates_name_rules_and_fields_of_their_table():
    for gate in GATES:
        union = {field.attr for field in spec.record_fields("130", gate.table)}
        assert set(gate.attrs) <= {*union, ""}
        assert gate.codes <= set(_registry.ROW_CHECKS)
        assert all(gate.table in REGISTRY[code].tables for code in gate.codes)
    for claim_gate in CLAIM_GATES:
        assert claim_gate.codes <= set(_registry.CLAIM_CHECKS)


def test_export_is_json_with_the_documented_keys():
    rows = json.loads(json.dumps(rules.export(), ensure_ascii=False))
    assert len(rows) == len(REGISTRY)
    wanted = {
        "code",
        "tables",
        "tags",
        "editions",
        "valid_from",
        "valid_to",
        "severity",
        "basis",
        "confidence",
        "message_vi",
        "message_en",
    }
    assert all(wanted <= row.keys() for row in rows)
    assert [row["code"] for row in rows] == list(REGISTRY)


def test_explain_gives_hints_examples_and_refuses_strangers():
    told = rules.explain("BHYT-CLAIM-111")
    assert told["source_id"] == "S11"
    assert told["implies"] == ["BHYT-CLAIM-103"]
    assert told["example_fail"]
    with pytest.raises(SpecError):
        rules.explain("BHYT-XML9-999")


def test_every_rule_of_the_source_is_covered():
    """L, S, K, D, C and F rules that are not judged are named here with the reason."""
    wanted = (
        *(f"L{n:02d}" for n in (*range(1, 5), *range(10, 34))),
        *(f"S{n:02d}" for n in range(1, 13)),
        *(f"K{n:02d}" for n in range(1, 16)),
        *(f"D{n:02d}" for n in range(1, 22)),
        *(f"C{n:02d}" for n in range(1, 16)),
        *(f"F{n:02d}" for n in range(1, 13)),
    )
    covered = {name for rule in REGISTRY.values() for name in rule.source_id.split()}
    assert set(wanted) <= covered
