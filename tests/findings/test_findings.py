"""Findings and the catalogue: permanent codes, two languages, nothing personal."""

from __future__ import annotations

import pickle
import re
import string

import pytest

from vnhealth import errors
from vnhealth.findings import CodeInfo, Finding, Findings, Severity, catalogue

ALL = list(catalogue)
VALUE = "Nguyễn Văn Giả 001099012345"


@pytest.mark.parametrize("info", ALL, ids=lambda i: i.code)
def test_every_code_speaks_both_languages(info: CodeInfo) -> None:
    assert info.message_vi.strip()
    assert info.message_en.strip()
    assert info.message_vi != info.message_en
    assert info.severity in list(Severity)
    assert info.confidence in {"official", "gateway", "practice", "draft", "own"}


@pytest.mark.parametrize("info", ALL, ids=lambda i: i.code)
def test_both_texts_use_the_same_placeholders(info: CodeInfo) -> None:
    def places(text: str) -> set[str]:
        names = (name for _, name, _, _ in string.Formatter().parse(text) if name)
        return {name.lower().removesuffix("_vi").removesuffix("_en") for name in names}

    assert places(info.message_vi) == places(info.message_en)


def test_a_finding_masks_values_unless_asked() -> None:
    f = Finding("BHYT-VAL-01", Severity.ERROR, 0, "XML1", 0, "HO_TEN", values={"value": VALUE})
    shown = f"{f!r} {f.message} {f.message_en} {f.to_dict()} {Findings([f])!r}"
    assert VALUE not in shown
    assert VALUE in f.text("vi", values=True)
    assert f.to_dict(values=True)["values"] == {"value": VALUE}


def test_findings_are_sorted_filtered_and_counted() -> None:
    def make(severity: Severity, table: str, row: int) -> Finding:
        return Finding("BHYT-VAL-01", severity, 0, table, row, "STT")

    found = Findings(
        [
            make(Severity.INFO, "XML10", 0),
            make(Severity.ERROR, "XML2", 1),
            make(Severity.WARNING, "XML2", 0),
        ]
    )
    assert [f.path for f in found] == ["XML2[0].STT", "XML2[1].STT", "XML10[0].STT"]
    assert [f.severity.value for f in found.at_least("warning")] == ["warning", "error"]
    assert found.counts() == {"info": 1, "warning": 1, "error": 1}
    assert not found.ok
    assert found.of_table("XML10").ok
    with pytest.raises(errors.ConformanceError) as caught:
        found.raise_for_findings()
    assert len(caught.value.findings) == 1


def test_order_does_not_depend_on_the_order_of_arrival() -> None:
    items = [
        Finding("BHYT-VAL-01", Severity.ERROR, e, "XML3", r, "STT") for e in (1, 0) for r in (2, 0)
    ]
    assert Findings(items) == Findings(reversed(items))


@pytest.mark.parametrize(
    "error",
    [
        errors.UnsafeXml(what="DTD"),
        errors.ConformanceError(findings=Findings([Finding("BHYT-VAL-01", Severity.ERROR)])),
        errors.SpecError("ERR-SPEC-01", name="XML99"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_survive_pickling(error: errors.VnHealthError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, str(again)) == (type(error), error.code, str(error))


def test_every_error_class_has_a_code_of_the_catalogue() -> None:
    for name in errors.__all__:
        assert getattr(errors, name).default_code in catalogue


def test_codes_are_well_formed() -> None:
    for info in ALL:
        assert (
            re.fullmatch(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+", info.code) or info.source == "identity"
        ), info.code
