"""JUnit XML, as build servers read it: a suite per file, a case per encounter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TextIO

from vnhealth.findings._checked import CheckedFile, Run
from vnhealth.findings._finding import Finding

__all__ = ["write_junit"]

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(files: Iterable[CheckedFile], stream: TextIO, run: Run) -> None:
    """A case fails when it holds a finding of the severity that fails the run; an unreadable file
    is an error. Lesser findings stand in the output of their case. What was suppressed is a case of
    its own that is skipped, with the reason.
    """
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="vnhealth">\n')
    for file in files:
        _suite(file, stream, run)
    stream.write("</testsuites>\n")


def _attribute(text: str) -> str:
    marked = _text(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{marked}"'


def _text(text: str) -> str:
    shown = _FORBIDDEN.sub("\ufffd", text).replace("&", "&amp;").replace("<", "&lt;")
    return shown.replace(">", "&gt;").replace("\r", "&#13;")


def _cases(file: CheckedFile) -> Iterator[tuple[int | None, list[Finding]]]:
    """The document and then each encounter, those without findings too."""
    groups = groupby(file.findings, key=lambda f: f.encounter)
    group = next(groups, None)
    for index in (None, *range(file.encounters)):
        if group is not None and group[0] == index:
            yield index, list(group[1])
            group = next(groups, None)
        else:
            yield index, []
    while group is not None:
        yield group[0], list(group[1])
        group = next(groups, None)


def _suite(file: CheckedFile, stream: TextIO, run: Run) -> None:
    tests = failures = 0
    for _, findings in _cases(file):
        tests += 1
        failures += file.readable and any(f.severity.rank >= run.fail_on.rank for f in findings)
    reasons = _reasons(file, run)
    errors = 0 if file.readable else 1
    stream.write(
        f'<testsuite name={_attribute(file.path)} tests="{tests + len(reasons)}" '
        f'failures="{failures}" errors="{errors}" skipped="{len(reasons)}">\n'
    )
    for index, findings in _cases(file):
        name = (
            run.say("tệp", "file") if index is None else f"{run.say('hồ sơ', 'encounter')} {index}"
        )
        stream.write(f"<testcase classname={_attribute(file.path)} name={_attribute(name)}")
        if not findings:
            stream.write("/>\n")
            continue
        stream.write(">\n")
        bad = [f for f in findings if f.severity.rank >= run.fail_on.rank]
        rest = [f for f in findings if f.severity.rank < run.fail_on.rank]
        if bad:
            element = "failure" if file.readable else "error"
            message = ", ".join(f"{code} ×{n}" for code, n in Counter(f.code for f in bad).items())
            stream.write(
                f"<{element} type={_attribute(bad[0].code)} message={_attribute(message)}>"
            )
            stream.write("\n".join(_text(_line(f, run)) for f in bad))
            stream.write(f"</{element}>\n")
        if rest:
            stream.write("<system-out>")
            stream.write("\n".join(_text(_line(f, run)) for f in rest))
            stream.write("</system-out>\n")
        stream.write("</testcase>\n")
    for code, (count, reason) in reasons.items():
        name = f"{run.say('loại trừ', 'suppressed')} {code} ×{count}"
        stream.write(f"<testcase classname={_attribute(file.path)} name={_attribute(name)}>")
        stream.write(f"<skipped message={_attribute(reason)}/></testcase>\n")
    stream.write("</testsuite>\n")


def _line(f: Finding, run: Run) -> str:
    where = f" {f.path}" if f.path else ""
    return f"{f.severity.value} {f.code}{where}: {f.text(run.lang, values=run.values)}"


def _reasons(file: CheckedFile, run: Run) -> dict[str, tuple[int, str]]:
    """Suppressed findings of a file by code: how many, and the reason."""
    found: dict[str, tuple[int, str]] = {}
    for finding in file.suppressed:
        one = run.suppressions.match(finding) if run.suppressions is not None else None
        count = found.get(finding.code, (0, ""))[0] + 1
        found[finding.code] = (count, one.reason if one is not None else "")
    return found
