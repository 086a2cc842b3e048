"""What a check prints: tables for people, and documents for machines."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import TextIO

from vnhealth.errors import VnHealthError
from vnhealth.findings import (
    Cause,
    CheckedFile,
    Finding,
    Run,
    Severity,
    Tally,
    causes_table,
    findings_table,
    write_json,
    write_junit,
    write_sarif,
)

__all__ = ["FORMATS", "GROUPS", "Count", "write"]

FORMATS = ("human", "json", "sarif", "junit", "xlsx", "html")
GROUPS = ("auto", "file", "encounter", "cause")
FEW_FILES = 20
"""Up to so many files are shown one by one."""

SHOWN = 200
"""Findings of one file that are shown to people; the rest is counted."""

_COLOURS = {"error": "31", "warning": "33", "info": "36", "dim": "2", "good": "32", "bold": "1"}


class Count:
    """Counts what passes: files, encounters, findings by severity, the worst status."""

    def __init__(self, fail_on: Severity) -> None:
        self.fail_on = fail_on
        self.files = self.encounters = self.unreadable = self.suppressed = 0
        self.failed = False
        self.repairs = self.written = 0
        self.refused: dict[str, int] = {}
        self.levels = {severity: 0 for severity in Severity}

    def through(self, files: Iterable[CheckedFile]) -> Iterator[CheckedFile]:
        """The same files, counted."""
        for file in files:
            self.files += 1
            self.encounters += file.encounters
            self.unreadable += not file.readable
            self.suppressed += len(file.suppressed)
            for finding in file.findings:
                self.levels[finding.severity] += 1
            self._repairs(file)
            yield file
        worst = max((s.rank for s, n in self.levels.items() if n), default=-1)
        self.failed = worst >= self.fail_on.rank

    def _repairs(self, file: CheckedFile) -> None:
        self.repairs += len(file.repairs)
        self.written += file.fix == "written"
        if file.fix not in ("", "clean", "proposed", "written"):
            self.refused[file.fix] = self.refused.get(file.fix, 0) + 1

    def lines(self, run: Run) -> Iterator[str]:
        """The summary of a run."""
        say = run.say
        levels = {s: self.levels[s] for s in reversed(Severity)}
        names = ("lỗi", "cảnh báo", "ghi chú") if run.lang == "vi" else ("error", "warning", "info")
        counts = ", ".join(f"{n} {name}" for name, n in zip(names, levels.values(), strict=True))
        yield say(
            f"{self.files} tệp, {self.encounters} hồ sơ: {counts}.",
            f"{self.files} files, {self.encounters} encounters: {counts}.",
        )
        if run.suppressions is not None:
            for one in run.suppressions:
                if one in run.suppressions.expired:
                    yield say(
                        f"Loại trừ {one.code} đã hết hạn ngày {one.expires:%d/%m/%Y}: {one.reason}",
                        f"The suppression of {one.code} ended on {one.expires}: {one.reason}",
                    )
                elif n := run.suppressions.used[one]:
                    yield say(
                        f"Loại trừ {n}× {one.code} đến {one.expires:%d/%m/%Y}: {one.reason}",
                        f"Suppressed {n}× {one.code} until {one.expires}: {one.reason}",
                    )
                else:
                    yield say(
                        f"Loại trừ {one.code} không dùng tới.",
                        f"The suppression of {one.code} took nothing.",
                    )
        if run.baseline is not None and run.baseline.compared:
            known, gone = run.baseline.known, run.baseline.gone
            yield say(
                f"So với baseline: {known} phát hiện đã biết, {gone} không còn.",
                f"Against the baseline: {known} findings known, {gone} gone.",
            )
        if run.repairing:
            yield say(
                f"Sửa được {self.repairs} chỗ; đã ghi {self.written} tệp.",
                f"{self.repairs} repairs; {self.written} files written.",
            )
            for reason, n in sorted(self.refused.items()):
                yield say(
                    f"Không sửa {n} tệp: {REFUSED[reason][0]}.",
                    f"{n} files not repaired: {REFUSED[reason][1]}.",
                )


REFUSED = {
    "signed": ("đã ký, sửa sẽ làm hỏng chữ ký", "signed; a repair would break the signature"),
    "archive": ("tệp nén", "an archive"),
    "unreadable": ("không đọc được", "unreadable"),
    "malformed": ("không phải XML hợp lệ", "not well-formed"),
    "batch": ("một HOSO chứa nhiều đợt điều trị", "one HOSO holds several episodes"),
    "large": ("quá lớn", "too large"),
    "loss": ("sẽ đổi giá trị", "a value would change"),
}


def write(
    files: Iterable[CheckedFile], format_: str, out: Path | None, group: str, many: bool, run: Run
) -> None:
    """Write the files in a format to a file or stdout. ``many`` decides how people are served."""
    if format_ == "xlsx":
        reports = _reports("excel")
        assert out is not None
        with _replaced(out) as path:
            reports.write_xlsx(files, path, run)
        return
    writers: dict[str, Callable[[Iterable[CheckedFile], TextIO, Run], None]] = {
        "json": write_json,
        "sarif": write_sarif,
        "junit": write_junit,
    }
    if format_ == "html":
        writers["html"] = _reports("cli").write_html
    if group == "auto":
        group = "cause" if many else "file"
    writer = writers.get(format_) or (lambda held, stream, r: _people(held, stream, group, r))
    if out is None:
        writer(files, _stdout(), run)
        return
    with (
        _replaced(out) as path,
        path.open("w", encoding="utf-8", errors="replace", newline="\n") as stream,
    ):
        writer(files, stream, run)


def _reports(extra: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    try:
        from vnhealth import reports

        reports.require(extra)
    except ImportError:
        raise VnHealthError("ERR-CHECK-07", format=extra, extra=extra) from None
    return reports


def _stdout() -> TextIO:
    """Standard output, able to show any character."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    return sys.stdout


@contextmanager
def _replaced(out: Path) -> Iterator[Path]:
    """A file beside ``out`` that takes its place when all went well."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=".vnhealth-", suffix=out.suffix)
        os.close(descriptor)
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        yield Path(name)
        Path(name).chmod(0o644)
        os.replace(name, out)
    finally:
        Path(name).unlink(missing_ok=True)


def _unwritable(out: Path, error: OSError) -> VnHealthError:
    return VnHealthError("ERR-CHECK-08", path=out.name, reason=error.strerror or "")


def _paint(stream: TextIO) -> Callable[[str, str], str]:
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return lambda text, _: text
    return lambda text, style: f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if style else text


def _people(files: Iterable[CheckedFile], stream: TextIO, group: str, run: Run) -> None:
    paint = _paint(stream)
    width = min(shutil.get_terminal_size((100, 24)).columns, 160)
    if group == "cause":
        tally, fields, names = Tally(keep=5, fields=False), Tally(keep=0), []
        for number, file in enumerate(files):
            for finding in file.findings:
                tally.add(finding, number)
                fields.add(finding, number)
            names.append(file.path)
            _about_repairs(file, stream, run)

        def example(cause: Cause) -> str:
            number, finding = cause.places[0]
            place = (
                finding.path if finding.encounter is None else f"{finding.encounter}:{finding.path}"
            )
            held = [
                c for c in fields.causes() if (c.code, c.severity) == (cause.code, cause.severity)
            ]
            more = [f"{c.path} {c.count}×" for c in held[:4] if c.path]
            if len(held) > 4:
                more.append(f"+{len(held) - 4}")
            first = f"{run.say('ví dụ', 'for example')} {names[number]} {place}".rstrip()
            return "; ".join([first, *more] if len(held) > 1 else [first])

        table = causes_table(tally.causes(), run.lang, width=width, paint=paint, example=example)
        stream.write(table + "\n" if table else "")
        return
    for file in files:
        edition = file.edition or "?"
        if file.amended_by:
            edition += f" ({file.amended_by})"
        stream.write(
            f"{paint(file.path, 'bold')}  {run.say('chuẩn', 'edition')} {edition}, "
            f"{file.encounters} {run.say('hồ sơ', 'encounters')}\n"
        )
        _about_repairs(file, stream, run)
        if not len(file.findings):
            stream.write(
                f"  {paint(run.say('Không có phát hiện nào.', 'Nothing found.'), 'good')}\n"
            )
            continue
        _findings(file, stream, group, run, width, paint)


def _findings(
    file: CheckedFile,
    stream: TextIO,
    group: str,
    run: Run,
    width: int,
    paint: Callable[[str, str], str],
) -> None:
    def shown(held: Iterable[Finding], where: Callable[[Finding], str]) -> None:
        table = findings_table(
            held, run.lang, values=run.values, width=width, where=where, paint=paint
        )
        stream.write(table + "\n")

    some = islice(iter(file.findings), SHOWN)
    if group == "encounter":
        for index, held in groupby(some, key=lambda f: f.encounter):
            name = (
                run.say("tệp", "file")
                if index is None
                else f"{run.say('hồ sơ', 'encounter')} {index}"
            )
            link = file.links[index] if index is not None and index < len(file.links) else None
            head = f"{name} {link}" if link else name
            stream.write(f"  {paint(head, 'bold')}\n")
            shown(held, lambda f: f.path)
    else:
        shown(some, file.where)
    more = len(file.findings) - SHOWN
    if more > 0:
        stream.write(
            run.say(
                f"  … còn {more} phát hiện; xem theo nguyên nhân bằng --by cause.\n",
                f"  … {more} more; --by cause shows them by cause.\n",
            )
        )


def _about_repairs(file: CheckedFile, stream: TextIO, run: Run) -> None:
    if not file.repairs:
        return
    head = (
        run.say(f"đã sửa, ghi vào {file.fixed_to}", f"repaired, written to {file.fixed_to}")
        if file.fix == "written"
        else run.say("sửa được (chưa ghi)", "can be repaired (not written)")
    )
    stream.write(f"  {file.path}: {head}\n")
    for repair in islice(file.repairs, SHOWN):
        place = ".".join(str(p) for p in (repair["table"], repair["tag"]) if p)
        if repair["row"] is not None:
            place = place.replace(str(repair["table"]), f"{repair['table']}[{repair['row']}]", 1)
        if repair["encounter"] is not None and file.encounters > 1:
            place = f"{repair['encounter']}:{place}"
        change = ""
        if repair.get("before") is not None:
            change = f": “{repair['before']}” → “{repair['after']}”"
        stream.write(f"    + {repair['code']} {place} {repair['message']}{change}\n")
    more = len(file.repairs) - SHOWN
    if more > 0:
        stream.write(run.say(f"    … còn {more} chỗ sửa.\n", f"    … {more} more.\n"))
