"""``vnhealth check``: what is wrong in these files, before a gateway says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from vnhealth.cli._common import (
    Exit,
    Settings,
    exit_code,
    out,
    parse_day,
    print_json,
    say,
    tracked,
)
from vnhealth.errors import CodecError, VnHealthError
from vnhealth.findings import Finding, Findings, Severity

STREAM_FROM = 96 * 1024 * 1024
"""Files from this size on are read encounter by encounter."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    paths: Annotated[list[str], typer.Argument(help="Tệp, thư mục hoặc - / files, folders or -.")],
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
    values: Annotated[bool, typer.Option("--values", help="Hiện giá trị / show values.")] = False,
    edition: Annotated[str, typer.Option(help="auto | 4210 | 130 | 4750 | 3176")] = "auto",
    on: Annotated[str | None, typer.Option(help="Ngày áp dụng / rules of this day.")] = None,
    fail_on: Annotated[str, typer.Option(help="error | warning | info")] = "error",
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
) -> None:
    """Kiểm tra tệp XML trước khi gửi. / Check XML files before sending them."""
    if format not in ("human", "json") or fail_on not in list(Severity):
        raise typer.BadParameter("--format human|json, --fail-on error|warning|info")
    options = Options(
        edition=None if edition == "auto" else edition,
        on=parse_day(on),
        trust=trust,
        values=values,
    )
    files = list(_files(paths))
    results, worst = [], Exit.OK
    for path in tracked(files, say("Kiểm tra", "Checking"), len(files)):
        result, findings, code = check_file(path, options)
        if code is Exit.OK and findings.at_least(fail_on):
            code = Exit.FINDINGS
        worst = max(worst, code)
        results.append(result)
        if format == "human":
            _show(result, findings, values)
    if format == "json":
        print_json({"version": 1, "files": results})
    elif not Settings.quiet:
        _summary(results)
    raise typer.Exit(worst)


def _files(paths: list[str]) -> Iterator[str]:
    for path in paths:
        if path != "-" and Path(path).is_dir():
            found = sorted(p for p in Path(path).rglob("*") if p.suffix.lower() in (".xml", ".zip"))
            yield from (str(p) for p in found)
        else:
            yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How files are checked."""

    edition: str | None = None
    on: date | None = None
    trust: Path | None = None
    values: bool = False


def check_file(path: str, options: Options) -> tuple[dict[str, Any], Findings, Exit]:
    """The JSON object of one file, its findings, and 0 or the exit status of what went wrong."""
    from vnhealth import bhyt

    result: dict[str, Any] = {
        "path": path,
        "edition": None,
        "amended_by": None,
        "encounters": 0,
        "tables": {},
        "signature": "missing",
        "signature_trusted": False,
        "findings": [],
    }
    try:
        if path != "-" and Path(path).is_file() and Path(path).stat().st_size >= STREAM_FROM:
            findings = _stream(path, options, result)
        else:
            source = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
            document = bhyt.read(source)
            findings = bhyt.check(document, edition=options.edition, on=options.on)
            result["edition"] = document.edition.value if document.edition else None
            result["amended_by"] = document.amended_by.value if document.amended_by else None
            result["encounters"] = len(document)
            result["tables"] = document.counts()
            status, trusted, about = _signature(document, source, options.trust)
            result["signature"], result["signature_trusted"] = status, trusted
            findings = findings + about
    except OSError as error:
        known = CodecError("ERR-XML-06", path=Path(path).name, reason=error.strerror or "")
        return _unreadable(result, known)
    except VnHealthError as error:
        return _unreadable(result, error)
    result["findings"] = [f.to_dict(Settings.lang, values=options.values) for f in findings]
    return result, findings, Exit.OK


def _unreadable(
    result: dict[str, Any], error: VnHealthError
) -> tuple[dict[str, Any], Findings, Exit]:
    result["findings"] = [
        {
            "code": error.code,
            "severity": "error",
            "encounter": None,
            "table": None,
            "row": None,
            "tag": None,
            "message": error.message(Settings.lang),
            "hint": error.hint(Settings.lang),
            "basis": "",
        }
    ]
    return result, Findings(), exit_code(error)


def _stream(path: str, options: Options, result: dict[str, Any]) -> Findings:
    from vnhealth import bhyt

    found: list[Finding] = []
    counts: dict[str, int] = {}
    encounters = 0
    for claim in tracked(bhyt.iter_encounters(path), say("Hồ sơ", "Encounters"), None):
        if not encounters:
            first = claim.edition()
            result["edition"] = "3176" if first.value == "1931" else first.value
            result["amended_by"] = "1931" if first.value == "1931" else None
        for finding in bhyt.check(claim, edition=options.edition, on=options.on):
            found.append(replace(finding, encounter=encounters))
        for name, n in claim.counts().items():
            counts[name] = counts.get(name, 0) + n
        encounters += 1
    result["encounters"], result["tables"] = encounters, counts
    return Findings(found)


def _signature(document: Any, source: bytes, trust: Path | None) -> tuple[str, bool, Findings]:
    if document.signature != "present":
        return "missing", False, Findings()
    from vnhealth import signing

    store = signing.TrustStore([trust.read_bytes()]) if trust else None
    report = signing.verify(source, trust=store, at=datetime.now(UTC))
    return report.status.value, report.trusted, report.findings


def _show(result: dict[str, Any], findings: Findings, values: bool) -> None:
    name = escape(result["path"])
    edition = result["edition"] or "?"
    head = f"[bold]{name}[/bold]  {say('chuẩn', 'edition')} {edition}, "
    head += f"{result['encounters']} {say('hồ sơ', 'encounters')}"
    out.print(head)
    if not findings and result["findings"]:
        item = result["findings"][0]
        out.print(f"  [red]{item['code']}[/red] {escape(item['message'])} {escape(item['hint'])}")
        return
    if not findings:
        out.print(f"  [green]{say('Không có phát hiện nào.', 'Nothing found.')}[/green]")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in (say("mức", "level"), say("mã", "code"), say("vị trí", "where"), ""):
        table.add_column(heading, no_wrap=heading != "", overflow="fold")
    colours = {"error": "red", "warning": "yellow", "info": "cyan"}
    for f in findings:
        where = (
            f.path if f.encounter is None or result["encounters"] < 2 else f"{f.encounter}:{f.path}"
        )
        text = (
            f"{f.text(Settings.lang, values=values)} ({f.basis})"
            if f.basis
            else f.text(Settings.lang)
        )
        colour = colours[f.severity.value]
        table.add_row(f"[{colour}]{f.severity.value}[/]", f.code, escape(where), escape(text))
    out.print(table)


def _summary(results: list[dict[str, Any]]) -> None:
    levels = [item["severity"] for result in results for item in result["findings"]]
    counts = ", ".join(f"{levels.count(s.value)} {s.value}" for s in reversed(Severity))
    encounters = sum(r["encounters"] for r in results)
    text = say(
        f"{len(results)} tệp, {encounters} hồ sơ: {counts}.",
        f"{len(results)} files, {encounters} encounters: {counts}.",
    )
    out.print(text)
