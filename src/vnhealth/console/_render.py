"""Templates to text: everything is escaped, dates are in Viet Nam time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from vnhealth.console._texts import texts
from vnhealth.localtime import ICT

__all__ = ["Renderer"]


class Renderer:
    """Renders the templates of this package."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("vnhealth.console"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["moment"] = _moment
        self._environment.filters["day"] = _day
        self._environment.filters["number"] = _number

    def page(self, name: str, language: str, **context: Any) -> str:
        """A whole page, or a part of one."""
        template = self._environment.get_template(f"{name}.html")
        other = "en" if language == "vi" else "vi"
        context.setdefault("visit", None)
        return template.render(t=texts(language), lang=language, other=other, **context)


def _moment(value: dt.datetime) -> str:
    return value.astimezone(ICT).strftime("%d/%m/%Y %H:%M:%S")


def _day(value: dt.date) -> str:
    return value.strftime("%d/%m/%Y")


def _number(value: int) -> str:
    """With the thousands mark of Viet Nam."""
    return f"{value:,}".replace(",", ".")
