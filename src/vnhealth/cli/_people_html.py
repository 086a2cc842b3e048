"""The two HTML pages of ``vnhealth identity``: self-contained, in Vietnamese, no script."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from vnhealth.cli._people_match import Comparison
from vnhealth.findings import catalogue
from vnhealth.identity import birth_date, cccd, kinds, names, phone
from vnhealth.identity.data_quality import QualityReport, field_titles

__all__ = ["match_page", "quality_page"]

_SHOWN = 2000
_COLUMNS = (
    ("Mã", ("id", "MA_BN")),
    ("Họ tên", ("name", "HO_TEN")),
    ("Ngày sinh", ("dob", "NGAY_SINH")),
    ("Giới tính", ("sex", "GIOI_TINH")),
    ("Số định danh", ("cccd", "SO_CCCD")),
    ("Số cũ", ("old", "SO_CCCD_CU")),
    ("Mã BHXH", ("bhxh", "MA_BHXH")),
    ("Điện thoại", ("phone", "DIEN_THOAI")),
    ("Xã", ("ward", "MAXA_CU_TRU")),
)


@cache
def _environment() -> Any:
    from jinja2 import DictLoader, Environment

    folder = files("vnhealth.cli") / "templates"
    names = ("people_base.html.j2", "people_match.html.j2", "people_quality.html.j2")
    return Environment(
        loader=DictLoader({name: (folder / name).read_text("utf-8") for name in names}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_ALIKE: dict[str, Callable[[str], str]] = {
    "Họ tên": names.sorted_skeleton,
    "Ngày sinh": birth_date.normalize,
    "Số định danh": cccd.normalize,
    "Điện thoại": phone.normalize,
}
_SEXES = {"1": "Nam", "2": "Nữ", "3": "Chưa xác định"}


def _shown(title: str, value: str) -> str:
    return _SEXES.get(value, value) if title == "Giới tính" else value


def _state(title: str, one: str, other: str) -> str:
    """Give same, alike (written differently), missing on one side, differs, or plain for codes."""
    if one == other:
        return "same"
    if not (one and other):
        return "missing"
    if title == "Mã":
        return "plain"
    same = _ALIKE.get(title)
    return "alike" if same and same(one) == same(other) else "differs"


def match_page(found: Comparison, left: str, right: str | None) -> str:
    """The pairs side by side, what agrees and differs, for a records officer to decide."""
    shown = []
    for pair in found.pairs[:_SHOWN]:
        rows = (found.left[pair.first], found.other[pair.second])
        cells = []
        for title, keys in _COLUMNS:
            one, other = (next((r[k] for k in keys if r.get(k)), "") for r in rows)
            if one or other:
                cells.append(
                    (title, _shown(title, one), _shown(title, other), _state(title, one, other))
                )
        shown.append(
            {
                "outcome": pair.outcome,
                "rows": (pair.first + 2, pair.second + 2),
                "cells": cells,
                "reasons": pair.reasons("vi"),
                "rule": pair.rule,
            }
        )
    page: str = (
        _environment()
        .get_template("people_match.html.j2")
        .render(
            found=found,
            pairs=shown,
            left=left,
            right=right,
            hidden=max(0, len(found.pairs) - _SHOWN),
        )
    )
    return page


def quality_page(found: QualityReport) -> str:
    """The four measures of the batch and of each facility, with what is wrong field by field."""
    said = kinds.texts("so_cccd_field")

    def reason(code: str) -> str:
        key = f"ID-{code}"
        return catalogue.info(key).message("vi", said) if key in catalogue else code

    page: str = (
        _environment()
        .get_template("people_quality.html.j2")
        .render(found=found, titles=field_titles(), reason=reason)
    )
    return page
