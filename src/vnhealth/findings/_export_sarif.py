"""SARIF 2.1.0 (OASIS), the format of code-scanning tools, written result by result."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, TextIO
from urllib.parse import quote

from vnhealth.findings._catalogue import catalogue
from vnhealth.findings._checked import CheckedFile, Run
from vnhealth.findings._finding import Finding, Severity

__all__ = ["write_sarif"]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def write_sarif(files: Iterable[CheckedFile], stream: TextIO, run: Run) -> None:
    """One run. Places are logical locations (encounter, table, row, field), as XML parts are
    base64 and have no lines; the rules used follow the results, so that nothing is held back.
    """
    rules: dict[str, int] = {}
    unreadable: list[dict[str, Any]] = []
    stream.write(f'{{\n "$schema": "{SCHEMA}",\n "version": "2.1.0",\n "runs": [{{\n  "results": [')
    between = "\n   "
    for file in files:
        where = _uri(file.path)
        if not file.readable:
            unreadable += [_notification(f, where, run) for f in file.findings]
        for finding in file.findings:
            stream.write(between + _dump(_result(finding, where, run, rules)))
            between = ",\n   "
        for finding in file.suppressed:
            result = _result(finding, where, run, rules) | {"suppressions": [_why(finding, run)]}
            stream.write(between + _dump(result))
            between = ",\n   "
    invocation: dict[str, Any] = {"executionSuccessful": not unreadable}
    if unreadable:
        invocation["toolExecutionNotifications"] = unreadable
    driver: dict[str, Any] = {"name": "vnhealth"}
    if run.version:
        driver["version"] = run.version
    driver |= {
        "language": run.lang,
        "rules": [_rule(code, run) for code in rules],
    }
    stream.write('\n  ],\n  "columnKind": "unicodeCodePoints",\n  "tool": {"driver": ')
    stream.write(_dump(driver))
    stream.write(f'}},\n  "invocations": [{_dump(invocation)}]\n }}]\n}}\n')


_dump = json.JSONEncoder(ensure_ascii=False).encode


def _uri(path: str) -> str:
    """A relative reference, or a file URI for an absolute path."""
    text = path.replace("\\", "/") if "\\" in path else path
    if _DRIVE.match(path):
        return "file:///" + quote(text, errors="surrogateescape")
    if PurePath(text).is_absolute():
        return "file://" + quote(text, errors="surrogateescape")
    name = "stdin" if path == "-" else text.removeprefix("./")
    return quote(name, errors="surrogateescape")


def _result(finding: Finding, where: str, run: Run, rules: dict[str, int]) -> dict[str, Any]:
    place = {
        "encounter": finding.encounter,
        "table": finding.table,
        "row": finding.row,
        "tag": finding.tag,
    }
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": where}}}
    logical = _logical(finding)
    if logical:
        location["logicalLocations"] = [logical]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rules.setdefault(finding.code, len(rules)),
        "level": LEVELS[finding.severity],
        "message": {"text": finding.text(run.lang, values=run.values)},
        "locations": [location],
        "partialFingerprints": {"vnhealthPlace/v1": _fingerprint(finding)},
        "properties": {name: value for name, value in place.items() if value is not None},
    }
    if run.baseline is not None and run.baseline.compared:
        result["baselineState"] = "new"
    return result


def _logical(finding: Finding) -> dict[str, Any] | None:
    steps = [] if finding.encounter is None else [f"HOSO[{finding.encounter}]"]
    if finding.table:
        steps.append(finding.table if finding.row is None else f"{finding.table}[{finding.row}]")
    if finding.tag:
        steps.append(finding.tag)
    if not steps:
        return None
    return {"name": steps[-1], "fullyQualifiedName": "/".join(steps), "kind": "element"}


def _fingerprint(finding: Finding) -> str:
    """Of the place alone, which names nobody."""
    place = (finding.code, finding.encounter, finding.table, finding.row, finding.tag)
    return hashlib.sha256(_dump(place).encode()).hexdigest()[:32]


def _why(finding: Finding, run: Run) -> dict[str, Any]:
    one = run.suppressions.match(finding) if run.suppressions is not None else None
    reason = {"justification": one.reason} if one is not None else {}
    return {"kind": "external", "status": "accepted", **reason}


def _rule(code: str, run: Run) -> dict[str, Any]:
    info = catalogue.info(code)
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": info.message(run.lang, {})},
        "defaultConfiguration": {"level": LEVELS[Severity(info.severity)]},
        "properties": {"confidence": info.confidence, "basis": info.basis},
    }
    hint = info.hint(run.lang, {})
    if hint:
        rule["help"] = {"text": hint}
    return rule


def _notification(finding: Finding, where: str, run: Run) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": finding.text(run.lang)},
        "descriptor": {"id": finding.code},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": where}}}],
    }
