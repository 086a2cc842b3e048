"""Words for the values of dimensions, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from vnhealth.deid.columns import blocks
from vnhealth.identity._lists import read as identity_list
from vnhealth.indicators._catalogue import dims, read_csv
from vnhealth.spec import code_set_versions

__all__ = ["dim_title", "value_title"]

ALL = ("Tất cả", "All")
UNKNOWN = ("Không rõ", "Unknown")
UNGROUPED = ("Không phân nhóm", "Not grouped")

Both = tuple[str, str]


@cache
def _labels(name: str) -> Mapping[str, Both]:
    kind, _, what = name.partition(":")
    if kind == "code":
        return {
            code.code: (f"{code.code} {code.meaning_vi}", f"{code.code} {code.meaning_en}")
            for version in code_set_versions(what)
            for code in version.codes.values()
        }
    if kind == "list":
        found: dict[str, Both] = {}
        for row in read_csv("lists", f"{what}.csv"):
            found.setdefault(row["key"], (row["title_vi"], row["title_en"]))
        return found
    if kind == "blocks":
        return {b.name: (f"{b.name} {b.title_vi}", f"{b.name} {b.title_en}") for b in blocks()}
    if kind == "provinces":
        return {
            row["code"]: (row["name_vi"], row["name_vi"]) for row in identity_list("provinces_34")
        }
    return {
        row["value"]: (row["title_vi"], row["title_en"])
        for row in read_csv("labels.csv")
        if row["labels"] == name
    }


def dim_title(dim: str, lang: str = "vi") -> str:
    """The heading of a dimension.

    >>> dim_title("age3"), dim_title("age3", "en")
    ('Nhóm tuổi', 'Age')
    """
    return dims()[dim]["title_en" if lang == "en" else "title_vi"]


def value_title(dim: str, value: str | None, lang: str = "vi") -> str:
    """The words for a value of a dimension; the value itself where there are none.

    >>> value_title("care", "inpatient"), value_title("care", None), value_title("block", "")
    ('Điều trị nội trú', 'Tất cả', 'Không phân nhóm')
    """
    at = 1 if lang == "en" else 0
    if value is None:
        return ALL[at]
    if value == "?" or (dim == "province" and value == "00"):
        return UNKNOWN[at]
    if value == "":
        return UNGROUPED[at]
    labels = dims()[dim]["labels"]
    found = _labels(labels).get(value) if labels else None
    return found[at] if found else value
