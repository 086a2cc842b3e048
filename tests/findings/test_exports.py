"""JSON, SARIF and JUnit: pinned structure, valid, nothing personal unless asked for."""

from __future__ import annotations

import io
import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from vnhealth.findings import (
    Baseline,
    CheckedFile,
    Comparison,
    Finding,
    Findings,
    Run,
    Severity,
    write_json,
    write_junit,
    write_sarif,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "check"
WRITERS = {"json": write_json, "sarif": write_sarif, "junit": write_junit}
NAMES = {"json": "check.json", "sarif": "check.sarif", "junit": "check.junit.xml"}


def written(name: str, files: list[CheckedFile], run: Run) -> str:
    stream = io.StringIO()
    WRITERS[name](files, stream, run)
    return stream.getvalue()


def without_sentences(value: Any) -> Any:
    """Sentences of the catalogue may be reworded; they are held elsewhere."""
    if isinstance(value, dict):
        words = ("message", "hint", "basis", "text")
        return {
            k: "…" if k in words and isinstance(v, str) else without_sentences(v)
            for k, v in value.items()
        }
    return [without_sentences(v) for v in value] if isinstance(value, list) else value


def only_structure(name: str, text: str) -> str:
    if name == "junit":
        return re.sub(r"((?:error|warning|info) [A-Z]+-[^:]*: )[^<]*(?=<)", r"\1…", text)
    return json.dumps(without_sentences(json.loads(text)), ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", WRITERS)
def test_golden(name: str, checked: list[CheckedFile], run: Run) -> None:
    text = only_structure(name, written(name, checked, run))
    path = GOLDEN / NAMES[name]
    if os.environ.get("VNHEALTH_WRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_values_are_masked_unless_asked_for(
    name: str, lang: str, checked: list[CheckedFile], run: Run, secret: str
) -> None:
    run.lang = lang
    masked = written(name, checked, run)
    assert "001099012345" not in masked
    assert "12x" not in masked
    run.values = True
    assert "001099012345" in written(name, checked, run)


def sarif_run(files: list[CheckedFile], run: Run) -> dict[str, Any]:
    held = json.loads(written("sarif", files, run))
    assert held["version"] == "2.1.0"
    assert held["$schema"].endswith("sarif-schema-2.1.0.json")
    (one,) = held["runs"]
    return one  # type: ignore[no-any-return]


def test_sarif_keeps_the_essentials_of_the_standard(checked: list[CheckedFile], run: Run) -> None:
    one = sarif_run(checked, run)
    driver = one["tool"]["driver"]
    assert driver["name"] == "vnhealth"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    expected = sum(len(f.findings) + len(f.suppressed) for f in checked)
    assert len(one["results"]) == expected
    for result in one["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%/._~:+-]+", uri), uri
        assert urlsplit(uri).fragment == ""
        for logical in location.get("logicalLocations", []):
            assert logical["fullyQualifiedName"].endswith(logical["name"])
        for suppression in result.get("suppressions", []):
            assert suppression["kind"] in {"inSource", "external"}
            assert suppression["status"] == "accepted"
            assert suppression["justification"] == "bộ xuất cũ"
        assert all(re.fullmatch("[0-9a-f]{32}", p) for p in result["partialFingerprints"].values())
    (invocation,) = one["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["descriptor"]["id"] == "ERR-XML-02"


def test_sarif_of_readable_files_says_the_run_was_a_success(run: Run) -> None:
    one = sarif_run([CheckedFile(path="a.xml")], run)
    assert one["invocations"] == [{"executionSuccessful": True}]
    assert one["results"] == []
    assert "baselineState" not in json.dumps(one)


def test_sarif_marks_what_is_new_since_the_baseline(checked: list[CheckedFile], run: Run) -> None:
    run.baseline = Comparison(Baseline("0" * 16), "0" * 16)
    states = {r["baselineState"] for r in sarif_run(checked, run)["results"]}
    assert states == {"new"}


def test_paths_of_windows_and_of_this_machine_become_uris(run: Run) -> None:
    found = Findings([Finding("BHYT-DOC-10", Severity.WARNING)])

    def uri(path: str) -> str:
        (result,) = sarif_run([CheckedFile(path=path, findings=found)], run)["results"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        return str(location["uri"])

    assert uri("C:\\ho so\\a.xml") == "file:///C%3A/ho%20so/a.xml"
    assert uri("/du lieu/a.xml") == "file:///du%20lieu/a.xml"
    assert uri("./a.xml") == "a.xml"
    assert uri("-") == "stdin"


def test_junit_counts_agree_with_its_cases(checked: list[CheckedFile], run: Run) -> None:
    root = ET.fromstring(written("junit", checked, run))
    suites = root.findall("testsuite")
    assert [s.get("name") for s in suites] == [f.path for f in checked]
    for suite in suites:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        for attribute, element in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{element}"))
    assert [len(s.findall("testcase")) for s in suites] == [1 + 3 + 1, 1 + 1, 1]
    assert [s.get("failures") for s in suites] == ["2", "0", "0"]
    assert suites[2].get("errors") == "1"
    run.fail_on = Severity.INFO
    strict = ET.fromstring(written("junit", checked, run))
    assert strict.find("testsuite").get("failures") == "3"  # type: ignore[union-attr]


def test_junit_survives_what_xml_forbids(run: Run) -> None:
    run.values = True
    bad = Finding(
        "BHYT-VAL-01", Severity.ERROR, 0, "XML3", 0, "STT", values={"value": "a\x00\x1b]]>\ud800"}
    )
    text = written(
        "junit", [CheckedFile(path='a"<>\n.xml', encounters=1, findings=Findings([bad]))], run
    )
    root = ET.fromstring(text)
    assert root[0].get("name") == 'a"<>\n.xml'
    assert "a\ufffd\ufffd]]>\ufffd" in "".join(root.itertext())


def test_findings_export_themselves() -> None:
    found = Findings([Finding("BHYT-VAL-01", Severity.ERROR, 4, "XML3", 0, "STT")])
    sarif = json.loads(found.to_sarif("en", path="x.xml"))
    assert sarif["runs"][0]["results"][0]["properties"] == {
        "encounter": 4,
        "table": "XML3",
        "row": 0,
        "tag": "STT",
    }
    assert 'failures="1"' in found.to_junit()
    assert "x.xml" in found.to_html("en", path="x.xml")
    assert json.loads(found.to_json())[0]["code"] == "BHYT-VAL-01"


def test_json_adds_keys_only_for_what_was_asked(checked: list[CheckedFile]) -> None:
    plain = json.loads(written("json", checked, Run()))
    assert plain.keys() == {"version", "files"}
    assert plain["files"][0].keys() == {
        "path",
        "edition",
        "amended_by",
        "encounters",
        "tables",
        "signature",
        "signature_trusted",
        "findings",
    }
    assert plain["files"][0]["findings"][1].keys() == {
        "code",
        "severity",
        "encounter",
        "table",
        "row",
        "tag",
        "message",
        "hint",
        "basis",
        "confidence",
    }
    compared = Run(baseline=Comparison(Baseline("0" * 16), "0" * 16), repairing=True)
    more = json.loads(written("json", checked, compared))
    assert more["baseline"] == {"known": 0, "gone": 0}
    assert more["files"][0]["known"] == 2
    assert more["files"][0]["repairs"] == []
