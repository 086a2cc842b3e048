"""``vnhealth deid text`` and ``vnhealth deid text-eval``: scrub free text, measure the scrubber."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli._common import Exit, err, out, print_json, progress, say

if TYPE_CHECKING:
    from vnhealth.deid.text import Mode, Recogniser, Scrubber
    from vnhealth.deid.text._evaluation import Figures

__all__ = ["register"]

_STEP = 64
"""The bar moves once for so many lines."""


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``vnhealth deid``."""
    app.command("text")(text)
    app.command("text-eval")(text_eval)


def text(
    source: Annotated[
        Path, typer.Option("--in", help='JSONL: {"id", "text", "known": {...}} mỗi dòng / a line.')
    ],
    target: Annotated[
        Path, typer.Option("--out", help='JSONL: {"id", "text", "spans"} mỗi dòng / a line.')
    ],
    mode: Annotated[str, typer.Option(help="tags | surrogates")] = "tags",
    roster: Annotated[
        Path | None, typer.Option(help='JSON {"names": [...]}: nhân viên cơ sở / staff.')
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="JSONL: số lượng đã bỏ theo loại / counts by kind.")
    ] = None,
    review: Annotated[
        str,
        typer.Option(
            help="underthesea | module:function: chỉ đánh dấu trong --report / only marks."
        ),
    ] = "",
) -> None:
    """Bỏ thông tin định danh trong văn bản tự do. / Take what names people out of free text.

    ``known``: names, addresses, ids, phones, dates của cùng hồ sơ / of the same record.
    """
    if mode not in ("tags", "surrogates"):
        raise typer.BadParameter("tags | surrogates", param_hint="--mode")
    shared, second = _roster(roster), _recogniser(review, report)
    chosen: Mode = "surrogates" if mode == "surrogates" else "tags"
    bad, whole = 0, source.stat().st_size
    counts = _Output(report)
    with _Output(target) as written, counts, progress(source.name, whole) as step:
        for number, place, line in _lines(source):
            if number % _STEP == 0:
                step(place, whole)
            if not line.strip():
                continue
            done = _scrub_line(line, chosen, shared, second)
            if done is None:
                bad += 1
                continue
            written.write(done[0])
            counts.write(done[1])
        if bad:
            written.drop()
            counts.drop()
    if bad:
        words = say(
            f"{bad} dòng không đọc được, không ghi gì vào {target}.",
            f"{bad} lines could not be read; nothing was written to {target}.",
        )
        err.print(words, markup=False)
        raise typer.Exit(Exit.UNREADABLE)


def _roster(path: Path | None) -> Scrubber | None:
    from vnhealth.deid.text import Known, Scrubber

    if path is None:
        return None
    try:
        known = json.loads(path.read_bytes())
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise typer.BadParameter('{"names": [...]}', param_hint="--roster")
    return Scrubber(Known.from_dict(known))


def _recogniser(name: str, report: Path | None) -> Recogniser | None:
    """The second opinion by its name; its marks go into the report and nowhere else."""
    from vnhealth.deid.text._review import recogniser

    if not name:
        return None
    if report is None:
        raise typer.BadParameter("--report", param_hint="--review")
    try:
        found = recogniser(name)
        tuple(found(""))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--review") from None
    return found


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number of each line, bytes read so far, and the line."""
    place = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place += len(line)
            yield number, place, line


def _scrub_line(
    line: bytes, mode: Mode, roster: Scrubber | None, review: Recogniser | None
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The scrubbed record and its report, or None for a line that is no record."""
    from vnhealth.deid.text import Known, Scrubber

    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return None
    known = record.get("known") or {}
    if not isinstance(known, dict):
        return None
    scrubber = Scrubber(Known.from_dict(known), mode=mode, roster=roster, review=review)
    done = scrubber.scrub(record["text"])
    spans = [span.to_dict() for span in done.spans]
    counts = {"id": record.get("id"), **done.report()}
    if review is not None:
        counts["places"] = [list(place) for place in done.review]
    return {"id": record.get("id"), "text": done.text, "spans": spans}, counts


class _Output:
    """Lines of JSON in a file that appears when all is done, or not at all."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept = True

    def __enter__(self) -> _Output:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, self._name = tempfile.mkstemp(dir=self._path.parent, prefix=".vnhealth-")
            self._file = os.fdopen(handle, "w", encoding="utf-8", newline="\n")
        return self

    def write(self, row: dict[str, Any]) -> None:
        """Add a line."""
        if self._path is not None and self._kept:
            # a lone surrogate cannot be written as UTF-8; JSON can say it in ASCII
            text = json.dumps(row, ensure_ascii=False)
            if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
                text = json.dumps(row)
            self._file.write(text + "\n")

    def drop(self) -> None:
        """Write nothing after all."""
        self._kept = False

    def __exit__(self, kind: object, *_: object) -> None:
        if self._path is None:
            return
        self._file.close()
        if kind is None and self._kept:
            os.replace(self._name, self._path)
        else:
            Path(self._name).unlink()


def text_eval(
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
    people: Annotated[int, typer.Option(min=1, help="Số người giả / invented people.")] = 200,
    titles: Annotated[
        Path | None, typer.Option(help="Tên danh mục, mỗi dòng một tên / catalogue titles.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Đo bộ lọc văn bản, kèm khoảng tin cậy. / Measure the text scrubber, with intervals."""
    from vnhealth.deid.text._evaluation import evaluate

    lines = titles.read_text("utf-8").splitlines() if titles else ()
    found = evaluate(seed, people=people, titles=lines, clock=time.process_time)
    if format == "json":
        print_json(_content(found))
    else:
        _print(found)
    raise typer.Exit(Exit.FINDINGS if found.missed else Exit.OK)


def _content(found: Figures) -> dict[str, Any]:
    from vnhealth.deid.text._evaluation import TARGETS

    rows = [found.sum(name) for name in TARGETS] + list(found.figures.values())
    figures = {
        figure.name: {
            "hits": figure.hits,
            "total": figure.total,
            "share": round(figure.share, 5),
            "interval": [round(limit, 5) for limit in figure.interval()],
            "target": TARGETS.get(figure.name),
        }
        for figure in rows
        if figure.total
    }
    return {
        "seed": found.seed,
        "figures": figures,
        "megabytes_per_second": round(found.megabytes or 0.0, 3),
        "missed": list(found.missed),
    }


def _print(found: Figures) -> None:
    words = say(
        "Đo trên văn bản tự soạn, không phải bệnh án thật; nhóm held-out không dùng khi xây luật.",
        "Measured on our own texts, not on real notes; no rule was made from the held-out ones.",
    )
    out.print(f"{words} seed={found.seed}", markup=False)
    for name, row in _content(found)["figures"].items():
        low, high = row["interval"]
        target = f"  ≥ {row['target']:.1%}" if row["target"] else ""
        out.print(
            f"{name:46} {row['share']:8.2%}  [{low:.2%}, {high:.2%}]  "
            f"{row['hits']}/{row['total']}{target}",
            markup=False,
        )
    out.print(f"{'MB/s':46} {found.megabytes or 0:8.2f}  ≥ 0.5", markup=False)
    for name in found.missed:
        out.print(say(f"Chưa đạt: {name}", f"Missed: {name}"), markup=False)
