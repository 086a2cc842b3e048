"""``vnhealth demo``: one hospital day end to end against a freshly started sandbox."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vnhealth.cli._common import Exit, Settings, out, progress, say

if TYPE_CHECKING:
    from vnhealth.cli._day import DayResult

STEPS_PER_CASE = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option("--out", help="Thư mục kết quả / output.")] = Path(
        "demo-out"
    ),
    encounters: Annotated[int, typer.Option(min=1, help="Mỗi cơ sở / per facility.")] = 40,
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
) -> None:
    """Một ngày bệnh viện từ đầu đến cuối. / One hospital day end to end."""
    from vnhealth.cli._day import HospitalDay

    started = time.monotonic()
    day = HospitalDay(folder, encounters=encounters, seed=seed)
    total = 2 * encounters * STEPS_PER_CASE
    with progress(say("Một ngày bệnh viện", "A hospital day"), total) as advance:
        for step in day.run(advance):
            text = step.text_vi if Settings.lang == "vi" else step.text_en
            out.print(f"[bold]{step.number}.[/bold] ", end="")
            out.print(text, markup=False)
            if step.number == REFUSED_AFTER:
                _refused(day.result)
    _table(day.result)
    report = folder / "bao-cao.html"
    report.write_text(render(day.result), "utf-8")
    (folder / "ca.pem").write_bytes(day.authority.certificate_pem)
    (folder / "doi-soat.json").write_text(_counts(day.result) + "\n", "utf-8")
    out.print(
        say(
            f"Xong trong {time.monotonic() - started:.0f} giây. Báo cáo: {report}",
            f"Done in {time.monotonic() - started:.0f} s. Report: {report}",
        ),
        markup=False,
    )
    raise typer.Exit(Exit.OK if day.result.balanced else Exit.FINDINGS)


REFUSED_AFTER = 5
"""The step after which the refused case is shown."""

GATES = {
    "vss": ("Cổng BHYT", "Insurance"),
    "province": ("Kho của tỉnh", "Province"),
    "national_deid": ("Kho quốc gia", "National (de-id)"),
}


def _refused(result: DayResult) -> None:
    if not result.refused:
        return
    name = result.refused_key
    out.print(say(f"   Hồ sơ bị từ chối ({name}):", f"   Refused case ({name}):"), markup=False)
    for finding in result.refused.at_least("error"):
        text = finding.text(Settings.lang, values=True)
        out.print(f"   - {finding.code} {finding.path}: {text}", markup=False)
        hint = finding.hint(Settings.lang)
        if hint:
            out.print(f"     {say('Cách sửa', 'Repair')}: {hint}", markup=False)


def _rows(result: DayResult) -> list[tuple[str, ...]]:
    position = 0 if Settings.lang == "vi" else 1
    return [
        (
            GATES[gate][position],
            c.facility,
            c.kind,
            str(c.received),
            str(c.replaced),
            str(c.sent),
            str(c.accepted),
            str(c.refused),
            str(c.pending),
            "✓" if c.balanced else "✗",
        )
        for gate, c in result.counts
    ]


HEADS_VI = "Cổng|Cơ sở|Loại|Nhận|Thay thế|Đã gửi|Chấp nhận|Từ chối|Chờ|Cân"
HEADS_EN = "Gateway|Facility|Kind|Received|Replaced|Sent|Accepted|Refused|Pending|Balanced"


def _heads() -> list[str]:
    return say(HEADS_VI, HEADS_EN).split("|")


def _table(result: DayResult) -> None:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for index, head in enumerate(_heads()):
        table.add_column(head, justify="left" if index < 3 else "right", no_wrap=index > 0)
    for row in _rows(result):
        table.add_row(*row)
    out.print(table)


def _counts(result: DayResult) -> str:
    rows = [
        {
            "gateway": gate,
            "facility": c.facility,
            "kind": c.kind,
            "day": c.day.isoformat(),
            "received": c.received,
            "replaced": c.replaced,
            "sent": c.sent,
            "accepted": c.accepted,
            "refused": c.refused,
            "pending": c.pending,
            "balanced": c.balanced,
        }
        for gate, c in result.counts
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def render(result: DayResult) -> str:
    """The HTML report: one file, no outside asset, no value of any record."""
    from jinja2 import Environment

    text = (files("vnhealth.cli") / "templates" / "demo.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    visits = sorted(result.visits.items())
    return environment.from_string(text).render(
        result=result,
        lang=Settings.lang,
        heads=_heads(),
        rows=_rows(result),
        visits=visits,
        most=max((n for _, n in visits), default=1),
        findings=[
            (f.code, f.path, f.text(Settings.lang, values=True), f.hint(Settings.lang), f.basis)
            for f in result.refused.at_least("error")
        ],
    )
