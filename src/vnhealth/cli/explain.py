"""``vnhealth explain CODE``: all that is known of a permanent code."""

from __future__ import annotations

from typing import Annotated

import typer

from vnhealth.cli._common import Settings, out, print_json, say
from vnhealth.findings import CodeInfo, catalogue


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    code: Annotated[str, typer.Argument(help="Ví dụ / for example BHYT-VAL-05.")],
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Giải thích một mã phát hiện hoặc mã lỗi. / Explain a finding or error code."""
    info = catalogue.info(code.upper())
    if format == "json":
        names = [name for name in CodeInfo.__dataclass_fields__]
        print_json({name: getattr(info, name) for name in names})
        return
    lang = Settings.lang
    rows = [
        (say("Mã", "Code"), info.code),
        (say("Mức", "Severity"), info.severity),
        (say("Nội dung", "Message"), info.message(lang, {})),
        (say("Cách sửa", "Repair"), info.hint(lang, {})),
        (say("Căn cứ", "Basis"), info.basis or "-"),
        (say("Độ tin cậy", "Confidence"), info.confidence),
        (say("Ví dụ sai", "Failing example"), info.example_fail or "-"),
        (say("Ví dụ đúng", "Passing example"), info.example_pass or "-"),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        out.print(f"{name.ljust(width)}  {text}", markup=False)
