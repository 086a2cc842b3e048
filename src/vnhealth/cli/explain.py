"""``vnhealth explain CODE``: all that is known of a permanent code."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vnhealth.cli._common import Settings, out, print_json, say
from vnhealth.findings import CodeInfo, catalogue

RULE_KEYS = (
    "source_id",
    "scope",
    "tables",
    "tags",
    "editions",
    "valid_from",
    "valid_to",
    "severity_from",
    "draft",
    "implies",
    "example_on",
)
"""What a rule has beside its texts."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    code: Annotated[str, typer.Argument(help="Ví dụ / for example BHYT-VAL-05.")],
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Giải thích một mã phát hiện hoặc mã lỗi. / Explain a finding or error code."""
    info = catalogue.info(code.upper())
    rule = _rule(info.code)
    if format == "json":
        names = list(CodeInfo.__dataclass_fields__)
        held = {name: getattr(info, name) for name in names}
        print_json({**held, **{key: rule[key] for key in RULE_KEYS}} if rule else held)
        return
    lang = Settings.lang
    rows = [
        (say("Mã", "Code"), info.code),
        (say("Mức", "Severity"), info.severity),
        (say("Nội dung", "Message"), info.message(lang, {})),
        (say("Cách sửa", "Repair"), info.hint(lang, {})),
        (say("Căn cứ", "Basis"), info.basis or "-"),
        (say("Độ tin cậy", "Confidence"), info.confidence),
        *(_about_rule(rule) if rule else ()),
        (say("Ví dụ sai", "Failing example"), info.example_fail or "-"),
        (say("Ví dụ đúng", "Passing example"), info.example_pass or "-"),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        out.print(f"{name.ljust(width)}  {text}", markup=False)


def _rule(code: str) -> dict[str, Any] | None:
    """The rule of a code; None for the codes of readers, signatures and errors."""
    from vnhealth import rules

    return rules.explain(code) if code in rules.registry() else None


def _about_rule(rule: dict[str, Any]) -> list[tuple[str, str]]:
    from vnhealth.cli.rules import span

    lines = [
        (say("Bảng", "Tables"), " ".join(rule["tables"]) or "-"),
        (say("Chỉ tiêu", "Fields"), " ".join(rule["tags"]) or say("mọi chỉ tiêu", "all fields")),
        (say("Chuẩn", "Editions"), ", ".join(rule["editions"])),
        (say("Hiệu lực", "In force"), span(rule) or say("mọi ngày", "on any day")),
    ]
    for day, severity in rule["severity_from"]:
        shown = "/".join(reversed(day.split("-")))
        lines.append((say("Mức theo ngày", "Severity by day"), f"{severity}: {shown} …"))
    if rule["draft"]:
        draft = say("dự thảo: chỉ chạy với --drafts", "draft: run with --drafts only")
        lines.append((say("Tình trạng", "State"), draft))
    if rule["implies"]:
        lines.append((say("Kéo theo", "Implies"), ", ".join(rule["implies"])))
    return lines
