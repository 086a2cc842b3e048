"""``vnhealth check``: what is wrong in these files, before a gateway says so."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import Exit, Settings, err, parse_day, progress, say
from vnhealth.errors import VnHealthError
from vnhealth.findings import catalogue

KEY_VARIABLE = "VNHEALTH_BASELINE_KEY"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    paths: Annotated[
        list[str], typer.Argument(help="Tệp, thư mục, mẫu tên hoặc - / files, folders, globs or -.")
    ],
    format: Annotated[
        str, typer.Option("--format", help="human | json | sarif | junit | xlsx | html")
    ] = "human",
    out: Annotated[Path | None, typer.Option(help="Ghi kết quả vào tệp / output file.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Hiện giá trị / show values.")] = False,
    by: Annotated[
        str, typer.Option(help="Gom theo / group by: auto | file | encounter | cause")
    ] = "auto",
    lang: Annotated[str | None, typer.Option(help="vi | en")] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Không tiến độ, không tổng kết / no progress, no summary."),
    ] = False,
    edition: Annotated[str, typer.Option(help="auto | 4210 | 130 | 4750 | 3176 | 1931")] = "auto",
    on: Annotated[str | None, typer.Option(help="Ngày áp dụng / rules of this day.")] = None,
    sent_at: Annotated[
        str | None,
        typer.Option(help="Lúc gửi, thêm luật thời hạn / adds deadlines: 2026-08-01T09:30"),
    ] = None,
    rules: Annotated[
        list[str] | None, typer.Option("--rules", help="Chỉ các mã này / only these codes.")
    ] = None,
    disable: Annotated[
        list[str] | None, typer.Option("--disable", help="Bỏ mã này / leave this code out.")
    ] = None,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="Thêm luật của dự thảo / add rules of drafts.")
    ] = False,
    fail_on: Annotated[str, typer.Option(help="error | warning | info")] = "error",
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
    pack: Annotated[
        Path | None, typer.Option("--pack", help="Gói danh mục / catalogues (VNHEALTH_CATALOGS).")
    ] = None,
    suppress: Annotated[
        Path | None, typer.Option(help="Tệp TOML các phát hiện được bỏ qua / suppressions.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Chỉ nêu phát hiện mới so với tệp này / only what is new.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Ghi baseline sau khi kiểm tra / write a baseline.")
    ] = None,
    baseline_key: Annotated[
        Path | None, typer.Option(envvar=KEY_VARIABLE, help="Tệp khoá của baseline / its key.")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Đề xuất sửa không mất dữ liệu / propose repairs.")
    ] = False,
    fix_out: Annotated[
        Path | None, typer.Option(help="Ghi bản sửa vào thư mục này / write repaired copies.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Sửa ngay trong tệp / repair the files.")
    ] = False,
    fix_nfc: Annotated[
        bool, typer.Option("--fix-nfc", help="Sửa cả chữ về Unicode NFC / normalise to NFC.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "--workers",
            min=0,
            max=256,
            help="Số tiến trình, 0 = tự chọn / processes, 0 = chosen.",
        ),
    ] = 0,
) -> int:
    """Kiểm tra tệp XML trước khi gửi. / Check XML files before sending them."""
    from vnhealth.cli import _check_out, _check_run
    from vnhealth.cli._check_file import Options
    from vnhealth.findings import Run, Severity, Suppressions
    from vnhealth.spec import Edition

    if lang is not None:
        if lang not in ("vi", "en"):
            raise typer.BadParameter("--lang vi|en")
        Settings.lang = lang
    Settings.quiet = Settings.quiet or quiet
    if format not in _check_out.FORMATS or fail_on not in list(Severity):
        formats = "|".join(_check_out.FORMATS)
        raise typer.BadParameter(f"--format {formats}, --fail-on error|warning|info")
    if by not in _check_out.GROUPS:
        raise typer.BadParameter("--by " + "|".join(_check_out.GROUPS))
    if format == "xlsx" and out is None:
        raise typer.BadParameter("--format xlsx --out FILE.xlsx")
    if fix_out and in_place:
        raise typer.BadParameter("--fix-out | --in-place")
    fix = fix or fix_out is not None or in_place or fix_nfc
    now = dt.datetime.now(dt.UTC)
    today = now.astimezone().date()
    held = _check_run.inputs(paths)
    baselines = _Baselines(baseline, write_baseline, baseline_key)
    options = Options(
        lang=Settings.lang,
        edition=None if edition == "auto" else Edition.parse(edition).value,
        on=parse_day(on),
        sent_at=_moment(sent_at),
        trust=_readable(trust, "--trust"),
        pack=_readable(pack, "--pack"),
        values=values,
        drafts=drafts,
        disabled=_codes(disable) | _others(rules),
        only=_codes(rules) if rules else None,
        places=baselines.prints is not None,
        fix=fix,
        nfc=fix_nfc,
        now=now,
    )
    suppressions = Suppressions.load(suppress, today=today) if suppress else None
    run = Run(
        lang=Settings.lang,
        values=values,
        day=today,
        version=_version(),
        fail_on=Severity(fail_on),
        repairing=fix,
        suppressions=suppressions,
        baseline=baselines.comparison,
    )
    if fix:
        _refuse_targets(held, fix_out, in_place)
    count = _check_out.Count(run.fail_on)
    screen = _check_run.Screen(suppressions, baselines.comparison, baselines.prints)
    total = max(1, sum(one.size for one in held) >> 10)
    with progress(say("Kiểm tra (KB)", "Checking (KB)"), total) as advance:
        done = 0

        def step(size: int) -> None:
            nonlocal done
            done += size
            advance(done >> 10, total)

        files = _check_run.checked_files(
            held,
            options,
            screen,
            jobs=_check_run.jobs_for(held, jobs),
            target=lambda one: one.target(fix_out, in_place),
            step=step,
        )
        many = len(held) > _check_out.FEW_FILES
        _check_out.write(count.through(files), format, out, by, many, run)
    baselines.save()
    if format == "human" and out is None:
        if not Settings.quiet:
            sys.stdout.write("".join(f"{line}\n" for line in count.lines(run)))
            sys.stdout.flush()
    elif not Settings.quiet and (out is not None or suppressions is not None):
        err.print("\n".join(count.lines(run)), markup=False)
    if count.unreadable:
        return Exit.UNREADABLE
    return Exit.FINDINGS if count.failed else Exit.OK


def _version() -> str:
    from vnhealth import __version__

    return __version__


def _moment(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--sent-at yyyy-mm-ddThh:mm") from None


def _readable(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise typer.BadParameter(f"{option} {path.name}")
    return path


def _codes(given: list[str] | None) -> frozenset[str]:
    """Exact codes; one that nobody knows is an error of usage."""
    return frozenset(catalogue.info(code.strip().upper()).code for code in given or ())


def _others(wanted: list[str] | None) -> frozenset[str]:
    """The rules that need not run when only some codes are wanted."""
    if not wanted:
        return frozenset()
    from vnhealth.rules import registry

    return frozenset(registry()) - _codes(wanted)


class _Baselines:
    """The baseline to compare with, the one to write, and the key of both."""

    def __init__(self, old: Path | None, new: Path | None, key: Path | None) -> None:
        from vnhealth.findings import Baseline, Comparison, Fingerprints

        self.prints: Fingerprints | None = None
        self.comparison: Comparison | None = None
        self._new = new
        if old is None and new is None:
            return
        held = Baseline.load(old) if old is not None else None
        path = key or Path(f"{old or new}.key")
        if held is None and not path.exists():
            self.prints = Fingerprints(os.urandom(32))
            self._write_key(path)
        else:
            self.prints = Fingerprints.from_file(path)
        if held is not None:
            held.require(self.prints)
        if new is not None and key is None and Path(f"{new}.key") != path:
            self._write_key(Path(f"{new}.key"))
        self.comparison = Comparison(held, self.prints.key_id)

    def _write_key(self, path: Path) -> None:
        assert self.prints is not None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self.prints.write(path)
        except OSError as error:
            reason = error.strerror or ""
            raise VnHealthError("ERR-CHECK-08", path=path.name, reason=reason) from None

    def save(self) -> None:
        """Write the baseline that was asked for."""
        if self._new is None or self.comparison is None:
            return
        try:
            self._new.write_text(self.comparison.now.to_json(), "utf-8")
        except OSError as error:
            reason = error.strerror or ""
            raise VnHealthError("ERR-CHECK-08", path=self._new.name, reason=reason) from None


def _refuse_targets(held: list, fix_out: Path | None, in_place: bool) -> None:  # type: ignore[type-arg]
    """Before anything is written: no two files to one place, none onto itself, no stream."""
    if fix_out is None and not in_place:
        return
    seen: set[str] = set()
    for one in held:
        target = one.target(fix_out, in_place)
        if one.path == "-" and in_place:
            raise VnHealthError("ERR-CHECK-06", name=one.name)
        if not in_place and os.path.realpath(target) == os.path.realpath(one.path):
            raise VnHealthError("ERR-CHECK-06", name=one.name)
        if target in seen:
            raise VnHealthError("ERR-CHECK-05", name=one.name)
        seen.add(target)
