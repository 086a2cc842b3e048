"""The JSON document of ``vnhealth check``, version 1, written file by file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from vnhealth.findings._checked import CheckedFile, Run
from vnhealth.findings._finding import Finding

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
        out = finding.to_dict(run.lang, values=run.values)
        if run.suppressions is not None and (one := run.suppressions.match(finding)):
            out["suppressed_by"] = {"reason": one.reason, "expires": one.expires.isoformat()}
        stream.write(between + _dump(out))
        between, end = ",\n        ", "\n      "
    stream.write(end)
