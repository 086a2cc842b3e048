"""``vnhealth catalogs``: install official lists, look codes up by day, compare editions."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli._common import (
    Exit,
    Settings,
    out,
    parse_day,
    print_json,
    progress,
    say,
    show_error,
)
from vnhealth.errors import CatalogError
from vnhealth.findings import Findings

if TYPE_CHECKING:
    from vnhealth import catalogs

app = typer.Typer(
    help="Danh mục dùng chung theo ngày. / Code lists by day.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PackOption = Annotated[
    Path | None,
    typer.Option("--pack", help="Tệp gói danh mục / pack file (VNHEALTH_CATALOGS)."),
]
FormatOption = Annotated[str, typer.Option("--format", help="human | json")]
_SHOWN = 40


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _pack(path: Path | None) -> catalogs.Pack:
    from vnhealth import catalogs

    if path is not None and not path.is_file():
        raise CatalogError("ERR-CAT-06", path=path.name, reason=say("không có tệp", "no such file"))
    return catalogs.installed_pack(path) or catalogs.Pack(None)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Tệp gốc / official file: .xlsx, .xlsm, .csv")],
    layout: Annotated[str, typer.Option("--as", help="icd10-2020, form03 … (catalogs layouts)")],
    name: Annotated[str | None, typer.Option(help="Tên bản cài / name of the edition.")] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="yyyy-mm-dd")] = None,
    valid_to: Annotated[str | None, typer.Option("--to", help="yyyy-mm-dd")] = None,
    complete: Annotated[str | None, typer.Option(help="yes | no")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Thay bản cùng tên.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="CSV các dòng bị từ chối.")] = None,
    pack: PackOption = None,
    format: FormatOption = "human",
) -> None:
    """Cài một danh mục từ tệp chính thức. / Install a list from its official file."""
    from vnhealth import catalogs

    if complete not in (None, "yes", "no"):
        raise typer.BadParameter("--complete yes|no")
    code = Exit.OK
    try:
        with progress(say("Đọc", "Reading"), None) as advance:
            report = catalogs.import_file(
                file,
                layout,
                pack=pack,
                name=name,
                valid_from=parse_day(valid_from),
                valid_to=parse_day(valid_to),
                complete=None if complete is None else complete == "yes",
                replace_existing=replace,
                imported=_today(),
                progress=advance,
            )
    except catalogs.Refused as refused:
        if refused.report is None:
            raise
        report, code = refused.report, Exit.FINDINGS
        if "CAT-25" in refused.findings.codes:
            code = Exit.UNREADABLE
    except CatalogError as error:
        if error.code != "ERR-CAT-06":
            raise
        show_error(error)
        raise typer.Exit(Exit.UNREADABLE) from None
    if rejects is not None:
        _write_rejects(rejects, report)
    if format == "json":
        print_json(report.to_dict(Settings.lang))
    else:
        _show_report(report, rejects)
    raise typer.Exit(code)


def _write_rejects(path: Path, report: catalogs.ImportReport) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sheet", "row", "column", "reason", "code"])
        for one in report.rejects:
            writer.writerow(
                [_inert(one.sheet), one.row, one.column, one.finding, _inert(one.value)]
            )


def _inert(text: str) -> str:
    """A text that a spreadsheet program does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _show_report(report: catalogs.ImportReport, rejects: Path | None) -> None:
    outcome = (
        say("đã cài", "installed")
        if report.installed
        else say("đã có sẵn, không đổi", "already there, unchanged")
        if report.unchanged
        else say("KHÔNG cài", "NOT installed")
    )
    out.print(f"{report.name}: {outcome}", markup=False)
    for one in report.sheets:
        out.print(
            say(
                f"  {one.sheet}: đọc {one.read}, lấy {one.kept}, gộp {one.merged}, "
                f"bỏ qua {one.skipped}, từ chối {one.rejected}",
                f"  {one.sheet}: read {one.read}, kept {one.kept}, merged {one.merged}, "
                f"skipped {one.skipped}, rejected {one.rejected}",
            ),
            markup=False,
        )
    for system, count in report.entries.items():
        codes = report.codes[system]
        out.print(
            say(
                f"  {system}: {count} dòng, {codes} mã khác nhau",
                f"  {system}: {count} rows, {codes} codes",
            ),
            markup=False,
        )
    _show_findings(report.findings)
    if report.rejects and rejects is None:
        hint = say(
            "Ghi các dòng bị từ chối bằng --rejects TỆP.csv.", "List them: --rejects FILE.csv."
        )
        out.print(f"  {hint}", markup=False)


def _show_findings(findings: Findings) -> None:
    for f in findings:
        hint = f" {f.hint(Settings.lang)}" if f.severity.rank == 2 else ""
        out.print(f"  {f.severity.value:7} {f.code}: {f.text(Settings.lang)}{hint}", markup=False)


@app.command()
def layouts(format: FormatOption = "human") -> None:
    """Các kiểu tệp cài được. / The layouts that can be imported."""
    from vnhealth import catalogs

    found = catalogs.layouts()
    if format == "json":
        print_json(
            [
                {
                    "layout": one.name,
                    "systems": list(one.systems),
                    "title_vi": one.title_vi,
                    "title_en": one.title_en,
                    "decision": one.decision,
                    "appendix": one.appendix,
                    "confidence": one.confidence,
                    "note": one.note,
                }
                for one in found
            ]
        )
        return
    for one in found:
        title = one.title_vi if Settings.lang == "vi" else one.title_en
        out.print(f"{one.name:14} {title}; {one.decision} ({one.confidence})", markup=False)


@app.command("list")
def list_(
    all_sets: Annotated[
        bool, typer.Option("--all", help="Cả bộ mã có sẵn / built-in too.")
    ] = False,
    pack: PackOption = None,
    format: FormatOption = "human",
) -> None:
    """Các danh mục đã cài. / The lists that are installed."""
    from vnhealth import catalogs

    held = _pack(pack)
    if all_sets:
        _list_all(held, format)
        return
    if format == "json":
        print_json(
            {
                "pack": str(held.path) if held.path else None,
                "installed": [one.to_dict() for one in held.installed],
            }
        )
        return
    where = held.path or catalogs.default_path()
    out.print(f"{say('Gói danh mục', 'Pack')}: {where}", markup=False)
    if not held.installed:
        out.print(say("Chưa cài danh mục nào.", "Nothing is installed."), markup=False)
    for one in held.installed:
        out.print(f"{one.name}  {one.file}  {one.imported}", markup=False)
        for source in one.systems:
            out.print(f"  {_about(source)}", markup=False)


def _about(source: catalogs.Source) -> str:
    days = f"{source.valid_from or '…'} – {source.valid_to or '…'}"
    known = {
        "yes": say("đầy đủ", "complete"),
        "partial": say("không đầy đủ", "partial"),
    }[source.complete]
    return f"{source.system}: {source.entries}; {days}; {known}; {source.decision}"


def _list_all(held: catalogs.Pack, format: str) -> None:
    from vnhealth import catalogs

    found = catalogs.sets(held)
    if format == "json":
        print_json(
            [
                {
                    "set": one.name,
                    "kind": one.kind,
                    "title_vi": one.title_vi,
                    "title_en": one.title_en,
                    "sources": [
                        {
                            "name": s.name,
                            "valid_from": s.valid_from and s.valid_from.isoformat(),
                            "valid_to": s.valid_to and s.valid_to.isoformat(),
                            "complete": s.complete,
                            "entries": s.entries,
                            "decision": s.decision,
                            "confidence": s.confidence,
                        }
                        for s in one.sources
                    ],
                }
                for one in found
            ]
        )
        return
    for one in found:
        title = one.title_vi if Settings.lang == "vi" else one.title_en
        out.print(one.name if title == one.name else f"{one.name}: {title}", markup=False)
        for source in one.sources:
            out.print(f"  {source.name}: {_about(source)}", markup=False)
        if not one.sources:
            out.print(f"  {say('chưa cài', 'not installed')}", markup=False)


@app.command()
def resolve(
    set: Annotated[str, typer.Argument(help="icd10, commune, ma_loai_kcb …")],
    code: Annotated[str, typer.Argument(help="J18.9")],
    on: Annotated[str | None, typer.Option("--on", help="yyyy-mm-dd")] = None,
    pack: PackOption = None,
    format: FormatOption = "human",
) -> None:
    """Nghĩa của một mã vào một ngày. / What a code means on a day."""
    day = parse_day(on) or _today()
    found = _pack(pack).resolve(set, code, on=day)
    if format == "json":
        body = found.to_dict() if found.found else found.to_dict(Settings.lang)
        print_json({"version": 1, "on": day.isoformat(), **body})
    elif found.found:
        _show_entry(found)
    else:
        out.print(f"{set} {code}: {found.text(Settings.lang)} [{found.code}]", markup=False)
    raise typer.Exit(Exit.OK if found.found else Exit.FINDINGS)


def _show_entry(found: catalogs.Entry) -> None:
    out.print(f"{found.code}  {found.name_vi or found.name_en}", markup=False)
    out.print(f"  {_about(found.source)}", markup=False)
    if found.valid_from or found.valid_to:
        out.print(
            f"  {say('áp dụng', 'valid')} {found.valid_from or '…'} – {found.valid_to or '…'}",
            markup=False,
        )
    for effect in found.effects:
        out.print(f"  {effect.effect} ({effect.list})", markup=False)
    for other in found.other_meanings:
        days = f"{other.valid_from or '…'} – {other.valid_to or '…'}"
        out.print(
            f"  {say('vào thời gian khác', 'at other times')}: {other.name_vi} ({days})",
            markup=False,
        )
    if found.alternatives:
        more = say("dòng khác cùng mã", "other rows of the code")
        out.print(f"  + {found.alternatives} {more}", markup=False)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="icd10-2020")],
    new: Annotated[str, typer.Argument(help="icd10-2026")],
    pack: PackOption = None,
    format: FormatOption = "human",
) -> None:
    """Khác nhau giữa hai bản. / What differs between two editions."""
    from vnhealth import catalogs

    found = catalogs.diff(old, new, _pack(pack))
    if format == "json":
        print_json([change.to_dict() for change in found])
        return
    counts: dict[str, int] = {}
    for change in found:
        counts[change.kind] = counts.get(change.kind, 0) + 1
        if counts[change.kind] <= _SHOWN:
            text = " → ".join(part for part in (change.before, change.after) if part)
            out.print(f"{change.kind:8} {change.set} {change.code}  {text}", markup=False)
    summary: dict[str, Any] = counts or {say("khác nhau", "differences"): 0}
    out.print(", ".join(f"{kind}: {count}" for kind, count in summary.items()), markup=False)


@app.command()
def verify(pack: PackOption = None, format: FormatOption = "human") -> None:
    """Đối chiếu gói danh mục với lúc nhập: số dòng, giá trị băm. / Row counts and hashes."""
    held = _pack(pack)
    found = held.verify()
    if format == "json":
        print_json(
            {
                "ok": found.ok,
                "installed": [one.to_dict() for one in held.installed],
                "findings": found.to_list(Settings.lang),
            }
        )
    else:
        for one in held.installed:
            rows = sum(source.entries for source in one.systems)
            out.print(f"{one.name}  {rows}  {one.content_sha256}", markup=False)
        _show_findings(found)
        ok = say("Không có sai khác.", "Nothing differs.")
        out.print(ok if found.ok else say("Có sai khác.", "There are differences."), markup=False)
    raise typer.Exit(Exit.OK if found.ok else Exit.FINDINGS)
