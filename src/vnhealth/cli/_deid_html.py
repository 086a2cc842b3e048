"""The risk report: one HTML file in Vietnamese, plots as inline SVG, nothing from outside."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from vnhealth.deid import Label, RiskTable, policy_actions

__all__ = ["risk_page"]

SIZES = ("1", "2-4", "5-10", "11-49", "50+")


@cache
def _template() -> Any:
    from jinja2 import Environment

    text = (files("vnhealth.cli") / "templates" / "risk.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %".replace(".", ",")
    environment.filters["number"] = lambda n: f"{n:,}".replace(",", ".")
    return environment.from_string(text)


def risk_page(table: RiskTable, manifest: dict[str, Any] | None = None) -> str:
    """The page for a file; with the manifest of its batch also what was done and what it cost."""
    sizes = dict(table.sizes)
    plots = [
        {
            "line": line,
            "bars": [
                (name, count, count / line.rows if line.rows else 0.0)
                for name, count in zip(SIZES, sizes[line.name], strict=True)
            ],
        }
        for line in table.lines
        if line.name in sizes
    ]
    risk = (manifest or {}).get("risk", {})
    return str(
        _template().render(
            table=table,
            labels=list(Label),
            plots=plots,
            manifest=manifest,
            hidden=sorted(risk.get("hidden", {}).items(), key=lambda kv: -kv[1]),
            risk=risk,
            actions=policy_actions(),
            linked=table.label is Label.PSEUDONYMISED,
        )
    )
