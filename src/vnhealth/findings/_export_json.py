"""The JSON document of ``vnhealth check``, version 1, written file by file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TextIO

from vnhealth.findings._checked import CheckedFile, Run
from vnhealth.findings._finding import Finding, Severity

__all__ = ["write_json"]


def write_json(files: Iterable[CheckedFile], stream: TextIO, run: Run) -> None:
    """``{"version": 1, "files": [...]}``, one finding a line; nothing is held back in memory.

    What was suppressed, known or repaired is added only when a run asked for it.
    """
    stream.write('{\n  "version": 1,\n  "files": [')
    between = "\n"
    for file in files:
        stream.write(between)
        _file(file, stream, run)
        between = ",\n"
    stream.write("\n  ]")
    if run.suppressions is not None:
        stream.write(f',\n  "suppressions": {_dump(run.suppressions.to_dict())}')
    if run.baseline is not None and run.baseline.compared:
        stream.write(f',\n  "baseline": {_dump(run.baseline.to_dict())}')
    stream.write("\n}\n")


_dump = json.JSONEncoder(ensure_ascii=False).encode


def _file(file: CheckedFile, stream: TextIO, run: Run) -> None:
    about: dict[str, Any] = {
        "path": file.path,
        "edition": file.edition,
        "amended_by": file.amended_by,
        "encounters": file.encounters,
        "tables": dict(file.tables),
        "signature": file.signature,
        "signature_trusted": file.signature_trusted,
    }
    if run.baseline is not None and run.baseline.compared:
        about["known"] = file.known
    if run.repairing:
        about |= {"fix": file.fix, "fixed_to": file.fixed_to, "repairs": list(file.repairs)}
    stream.write("    {\n")
    for name, value in about.items():
        stream.write(f"      {_dump(name)}: {_dump(value)},\n")
    if run.suppressions is not None:
        stream.write('      "suppressed": [')
        _findings(file.suppressed, stream, run)
        stream.write("],\n")
    stream.write('      "findings": [')
    _findings(file.findings, stream, run)
    stream.write("]\n    }")


def _findings(findings: Iterable[Finding], stream: TextIO, run: Run) -> None:
    between, end = "\n        ", ""
    for finding in findings:
        one = run.suppressions.match(finding) if run.suppressions is not None else None
        if one is None and not run.values:
            line = _masked(finding, run.lang)
        else:
            out = finding.to_dict(run.lang, values=run.values)
            if one is not None:
                out["suppressed_by"] = {"reason": one.reason, "expires": one.expires.isoformat()}
            line = _dump(out)
        stream.write(between + line)
        between, end = ",\n        ", "\n      "
    stream.write(end)


def _masked(f: Finding, lang: str) -> str:
    """A finding without values: all but its place is made once for all findings alike."""
    alike = f.code, f.severity, f.table, f.tag, tuple(f.params.items()), tuple(f.values), lang
    before, between, after = _around_place(*alike)
    return f"{before}{_number(f.encounter)}{between}{_number(f.row)}{after}"


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


@lru_cache(maxsize=4096)
def _around_place(
    code: str,
    severity: Severity,
    table: str | None,
    tag: str | None,
    params: tuple[tuple[str, str], ...],
    values: tuple[str, ...],
    lang: str,
) -> tuple[str, str, str]:
    """The JSON text of a finding before its encounter, between it and the row, and behind that."""
    alike = Finding(code, severity, None, table, None, tag, dict(params), dict.fromkeys(values, ""))
    items = [f"{_dump(name)}: {_dump(value)}" for name, value in alike.to_dict(lang).items()]
    encounter, row = items.index('"encounter": null'), items.index('"row": null')
    return (
        "{" + ", ".join([*items[:encounter], '"encounter": ']),
        ", " + ", ".join([*items[encounter + 1 : row], '"row": ']),
        ", " + ", ".join(items[row + 1 :]) + "}",
    )
