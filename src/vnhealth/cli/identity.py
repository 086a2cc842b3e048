"""``vnhealth identity``: numbers, names, duplicate people and the quality of a list."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vnhealth.cli._common import (
    Exit,
    Settings,
    err,
    out,
    parse_day,
    print_json,
    progress,
    say,
    show_error,
)
from vnhealth.errors import IdentityError

app = typer.Typer(
    help="Số định danh, họ tên, người trùng. / Identifiers, names, duplicate people, quality.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_OUTCOMES = {
    "yes": ("hợp lệ", "valid"),
    "warn": ("cần xem", "look at it"),
    "no": ("sai", "invalid"),
}
_Format = Annotated[str, typer.Option("--format", help="human | json")]


def _formats(format: str) -> None:
    if format not in ("human", "json"):
        raise typer.BadParameter("--format human|json")


def _context(given: object) -> dict[str, str] | None:
    """Read a context as in the vector files: ``name=value|name=value``, an object, or nothing."""
    if given is None or given == "":
        return None
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in given.items() if value is not None}
    if not isinstance(given, str) or any("=" not in part for part in given.split("|")):
        raise typer.BadParameter("context: name=value|name=value")
    return dict(part.split("=", 1) for part in given.split("|"))


@app.command("kinds")
def list_kinds(format: _Format = "human") -> None:
    """Các loại mã kiểm tra được. / The kinds that can be checked."""
    from vnhealth.identity import kinds

    _formats(format)
    if format == "json":
        print_json([kinds.texts(kind) for kind in kinds.KINDS])
        return
    for kind in kinds.KINDS:
        said = kinds.texts(kind)
        name, shape = said[f"name_{Settings.lang}"], said[f"shape_{Settings.lang}"]
        out.print(f"{kind:18} {name}: {shape}", markup=False)


@app.command()
def check(
    kind: Annotated[str, typer.Argument(help="cccd, bhyt_card, phone … (identity kinds)")],
    value: Annotated[str | None, typer.Argument(help="Giá trị / value.")] = None,
    context: Annotated[
        str | None, typer.Option(help="Ngữ cảnh / context: sex=1|dob=19010305|as_of=2026-11-22")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help='JSON lines {"value", "context"} → JSON lines.')
    ] = False,
    format: _Format = "human",
) -> None:
    """Kiểm tra một mã hoặc nhiều mã từ stdin. / Check one value, or many from stdin."""
    from vnhealth.identity import kinds

    _formats(format)
    kinds.parser(kind)
    if stdin:
        raise typer.Exit(_check_lines(kind))
    if value is None:
        raise typer.BadParameter("VALUE | --stdin")
    found = kinds.check(kind, value, _context(context))
    if format == "json":
        print_json(found.to_dict())
    else:
        word = _OUTCOMES[found.outcome][Settings.lang != "vi"]
        shown = f" {found.normalized}" if found.normalized else ""
        out.print(f"{word}{shown}", markup=False)
        for code, message in zip(found.codes, found.messages(Settings.lang), strict=True):
            out.print(f"  {message} [{code}]", markup=False)
        if found.suggestion:
            out.print(say("  Có thể là: ", "  Perhaps: ") + found.suggestion, markup=False)
    if not found.is_valid:
        raise typer.Exit(Exit.FINDINGS)


def _check_lines(kind: str) -> int:
    """Answer each line of stdin with one line, in order; unreadable lines end the run."""
    from vnhealth.identity import kinds

    worst = Exit.OK
    source = sys.stdin.buffer if hasattr(sys.stdin, "buffer") else sys.stdin
    for number, raw in enumerate(source, 1):
        try:
            line = raw.decode("utf-8") if isinstance(raw, bytes) else raw
            if not line.strip():
                continue
            asked = json.loads(line)
            context = _context(asked.get("context"))
            found = kinds.check(str(asked.get("kind") or kind), asked["value"], context)
        except (ValueError, KeyError, AttributeError, typer.BadParameter) as error:
            if isinstance(error, IdentityError):
                show_error(error)
            else:
                show_error(IdentityError("ID-STDIN_LINE", line=number))
            return Exit.UNREADABLE
        answer = json.dumps(found.to_dict(), ensure_ascii=False)
        try:
            sys.stdout.write(answer + "\n")
        except UnicodeEncodeError:
            sys.stdout.write(json.dumps(found.to_dict()) + "\n")
        sys.stdout.flush()
        if not found.is_valid:
            worst = Exit.FINDINGS
    return worst


@app.command()
def name(
    text: Annotated[str, typer.Argument(help="Họ tên / name.")],
    format: _Format = "human",
) -> None:
    """Các dạng của một họ tên. / The forms of a name."""
    from vnhealth.identity import names

    _formats(format)
    found = names.read(text)
    if format == "json":
        print_json(
            {
                "display": found.display,
                "key": found.key,
                "skeleton": found.skeleton,
                "flags": list(found.flags),
                "notes": list(found.notes),
                "suggestion": names.parse(text).suggestion,
            }
        )
        return
    rows = (
        (say("Hiển thị", "Display"), found.display),
        (say("Khoá so sánh", "Key"), found.key),
        (say("Không dấu", "Skeleton"), found.skeleton),
        (say("Nhận xét", "Flags"), " ".join((*found.flags, *found.notes))),
    )
    for label, shown in rows:
        out.print(f"{label.ljust(14)}{shown}", markup=False)


@app.command()
def match(
    left: Annotated[Path, typer.Argument(metavar="A.csv")],
    right: Annotated[Path | None, typer.Argument(metavar="[B.csv]")] = None,
    scope: Annotated[str, typer.Option(help="facility | province | nation")] = "facility",
    matcher: Annotated[str, typer.Option(help="ladder | splink")] = "ladder",
    report: Annotated[Path | None, typer.Option(help="Báo cáo HTML / HTML report.")] = None,
    format: _Format = "human",
) -> None:
    """Tìm người trùng giữa hai danh sách, hoặc trong một danh sách.

    / Find the same people in two lists, or in one. Columns: name, dob, sex, cccd, old, bhxh, phone,
    ward, optionally id; or the tags of table 1.
    """
    from vnhealth.cli._people_files import UnreadableFile, people
    from vnhealth.cli._people_match import Comparison, compare_lists

    _formats(format)
    if scope not in ("facility", "province", "nation", "national"):
        raise typer.BadParameter("--scope facility|province|nation")
    if matcher not in ("ladder", "splink"):
        raise typer.BadParameter("--matcher ladder|splink")
    try:
        first = people(left)
        second = people(right) if right is not None else None
    except UnreadableFile as error:
        _unreadable(error.path, error.cause)
        raise typer.Exit(Exit.UNREADABLE) from None
    label, total = say("Đối chiếu", "Comparing"), len(first)
    with progress(label, total) as advance:
        found: Comparison = compare_lists(first, second, scope, matcher, advance)
    if report is not None:
        from vnhealth.cli._people_html import match_page

        _write(report, match_page(found, left.name, right.name if right else None))
    if format == "json":
        print_json(found.to_dict())
        return
    matches, reviews = found.count("match"), found.count("review")
    text = say(
        f"{matches} cặp là một người, {reviews} cặp cần xem "
        f"({len(first)} và {len(second or first)} bản ghi).",
        f"{matches} pairs are one person, {reviews} to review "
        f"({len(first)} and {len(second or first)} records).",
    )
    out.print(text, markup=False)
    for pair in found.pairs[:20]:
        word = say(*{"match": ("gộp", "match"), "review": ("xem", "review")}[pair.outcome])
        reason = pair.reasons(Settings.lang)[0]
        out.print(f"  {pair.first:>6} {pair.second:>6}  {word:6} {reason}", markup=False)
    if len(found.pairs) > 20:
        out.print(say("  … thêm --report hoặc --format json", "  … use --report or --format json"))


def _unreadable(path: Path, cause: Any) -> None:
    err.print(f"{path}: ", end="", markup=False)
    show_error(cause)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        raise typer.BadParameter(f"{path}") from None
    err.print(say(f"Đã ghi {path}", f"Wrote {path}"), markup=False)


@app.command()
def quality(
    paths: Annotated[list[Path], typer.Argument(help="CSV, XML, thư mục / files or folders.")],
    as_of: Annotated[str | None, typer.Option(help="yyyy-mm-dd")] = None,
    fresh_days: Annotated[int, typer.Option(min=0, help="Ngưỡng “sống” / limit of live.")] = 30,
    report: Annotated[Path | None, typer.Option(help="Báo cáo HTML / HTML report.")] = None,
    format: _Format = "human",
) -> None:
    """Đúng, đủ, sạch, sống theo đợt và cơ sở. / Four quality measures, by facility."""
    from vnhealth.cli._people_files import UnreadableFile, rows_of
    from vnhealth.identity import data_quality

    _formats(format)
    day = parse_day(as_of) or dt.datetime.now(dt.UTC).astimezone().date()
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        _unreadable(missing, IdentityError("ID-CSV_UNREADABLE"))
        raise typer.Exit(Exit.UNREADABLE)
    try:
        rows = list(rows_of(paths, data_quality.columns()))
    except UnreadableFile as error:
        _unreadable(error.path, error.cause)
        raise typer.Exit(Exit.UNREADABLE) from None
    with progress(say("Đo chất lượng", "Measuring"), len(rows)) as advance:
        found = data_quality.measure(rows, as_of=day, fresh_days=fresh_days, progress=advance)
    if report is not None:
        from vnhealth.cli._people_html import quality_page

        _write(report, quality_page(found))
    if format == "json":
        print_json(found.to_dict())
        return
    heads = say("cơ sở,hồ sơ,người,đúng,đủ,sạch,sống", "facility,rows,people,đúng,đủ,sạch,sống")
    out.print("".join(head.rjust(9) for head in heads.split(",")), markup=False)
    for one in (*found.facilities, found.batch):
        shares = (one.correct, one.complete, one.clean, one.live)
        cells = [one.facility or say("cả đợt", "batch"), str(one.rows), str(one.people)]
        cells += ["-" if share is None else f"{share:.1%}" for share in shares]
        out.print("".join(cell.rjust(9) for cell in cells), markup=False)


@app.command()
def bench(
    part: Annotated[
        list[str] | None, typer.Option(help="legacy | ladder | splink | validators | index")
    ] = None,
    people: Annotated[int, typer.Option(min=10, help="Số người / people.")] = 17_000,
    size: Annotated[
        list[int] | None, typer.Option(min=10, help="Cỡ chỉ mục / index sizes.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 20261122,
    format: _Format = "human",
) -> None:
    """Đo các con số của phần định danh trên máy này. / Measure the figures of this layer here."""
    from vnhealth.identity import figures, index_report

    _formats(format)
    parts = part or list(figures.PARTS)
    if not set(parts) <= set(figures.PARTS):
        raise typer.BadParameter("--part " + "|".join(figures.PARTS))
    sizes = size or list(index_report.SIZES)
    total = sum(sizes) if "index" in parts else 0
    with progress(say("Đo", "Measuring"), total + len(parts)) as advance:
        found = figures.gather(
            parts,
            seed=seed,
            people=people,
            sizes=sizes,
            progress=lambda _part, done, _total: advance(done),
        )
    if format == "json":
        print_json(found)
        return
    for line in figures.lines(found, Settings.lang):
        out.print(line, markup=False)
