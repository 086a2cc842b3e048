"""ICD-10 codes: shape always; existence and coding rules when the edition is known.

The shape is a letter, two digits and at most two more behind a dot; a missing dot, a comma or a
dagger, asterisk or plus behind the code is normalised. The edition follows from ``cat`` (``4469``
or ``tt06``) or from ``out``, the end of the encounter (TT 06 from 01/07/2026); without both only
the shape is judged. The lists of 4469 are complete. Of TT 06 only a handful of published examples
is held, so most codes are judged by shape alone there: the detail ``checked`` says which (``list``,
``rules`` or ``shape``). A complete list can be passed as `Icd10Lists`.

Legal source: decision 4469/QĐ-BYT (2020), appendices 1, A2, A3, A4; circular 06/2026/TT-BYT.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    context_date,
    has_other_digit,
    lookalike_digits,
    no,
    passed,
    propose,
    require_text,
    upper,
)
from vnhealth.identity._lists import read

__all__ = [
    "KIND",
    "Icd10Lists",
    "Icd10Rule",
    "format",
    "is_valid",
    "lists_4469",
    "lists_tt06_known",
    "normalize",
    "parse",
    "validate",
]

KIND = "icd10"
_SHAPE = re.compile(r"([A-Z])([0-9]{2})(?:\.?([0-9]{1,2}))?([†*+]?)")
_MARKS = {"†": "dagger", "+": "dagger", "*": "asterisk"}
_TT06_FROM = dt.date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class Icd10Rule:
    """A coding rule on one code.

    ``effect`` is NOT_AS_MAIN, MORE_SPECIFIC_EXISTS, AGE_LIMIT, FEMALE_ONLY or MALE_ONLY; ages are
    in days, both ends inclusive.
    """

    effect: str
    min_days: int = 0
    max_days: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Icd10Lists:
    """What an edition says; codes are undotted and without marks.

    ``codes`` is None when the edition's list is not held: then nothing is called unknown.
    """

    edition: str
    codes: frozenset[str] | None
    rules: Mapping[str, tuple[Icd10Rule, ...]]
    inner: frozenset[str] = frozenset()

    def of(self, code: str) -> tuple[Icd10Rule, ...]:
        """The rules on one code."""
        return self.rules.get(code, ())


@cache
def lists_4469() -> Icd10Lists:
    """Give the 12,137 codes and the rule lists of decision 4469/QĐ-BYT.

    >>> found = lists_4469()
    >>> len(found.codes), "A00" in found.inner
    (12137, True)
    """
    codes = sorted(
        row["category"] + ("" if detail == "-" else detail)
        for row in read("icd10_4469")
        for detail in row["details"].split()
    )
    effects = {row["list"]: _rule(row) for row in read("icd10_4469_rules")}
    rules: dict[str, tuple[Icd10Rule, ...]] = {}
    for row in read("icd10_4469_lists"):
        start, end = bisect_left(codes, row["first"]), bisect_right(codes, row["last"])
        for code in codes[start:end]:
            rules[code] = (*rules.get(code, ()), effects[row["list"]])
    inner = frozenset(code[:size] for code in codes for size in range(3, len(code)))
    return Icd10Lists("4469", frozenset(codes), rules, inner)


def _rule(row: Mapping[str, str]) -> Icd10Rule:
    return Icd10Rule(row["effect"], int(row["min_days"] or 0), int(row["max_days"] or 1_000_000))


@cache
def lists_tt06_known() -> Icd10Lists:
    """Give the few rules of circular 06/2026 that are held; the list itself is not.

    >>> lists_tt06_known().codes is None
    True
    """
    rules = {row["code"]: (Icd10Rule(row["effect"]),) for row in read("icd10_tt06_known")}
    return Icd10Lists("tt06", None, rules)


def parse(text: str, context: Context | None = None, lists: Icd10Lists | None = None) -> Checked:
    """Read one code; details are ``mark``, ``edition`` and ``checked``.

    The context may hold ``cat``, ``out`` (yyyymmdd), ``role`` (``main``, the default, or ``sub``),
    ``sex`` and ``age_days``. A code that exists but is not allowed keeps its normalised form.

    >>> parse("a000", {"cat": "4469"}).normalized
    'A00.0'
    >>> parse("G01*", {"cat": "4469"}).codes, parse("G01*", {"cat": "4469", "role": "sub"}).codes
    (('NOT_AS_MAIN',), ('OK',))
    """
    value = clean(require_text(text, KIND))
    if not value:
        return no(KIND, "EMPTY")
    if has_other_digit(value):
        return no(KIND, "NON_ASCII_DIGIT")
    if ";" in value:
        return no(KIND, "LIST")
    value = upper(value).replace(",", ".", 1)
    match = _SHAPE.fullmatch(value)
    if match is None:
        meant = ("O" if value[:1] == "0" else value[:1]) + lookalike_digits(value[1:])
        return propose(KIND, "SHAPE", meant, value)
    letter, category, detail, mark = match.groups(default="")
    code = letter + category + (f".{detail}" if detail else "")
    lists = lists or _edition(context)
    details = {"mark": _MARKS[mark]} if mark else {}
    details["checked"] = "shape"
    if lists is None:
        return Checked(KIND, code, "yes", ("OK",), "", details)
    details["edition"] = lists.edition
    return _judge(code, lists, context or {}, details)


def _edition(context: Context | None) -> Icd10Lists | None:
    if not context:
        return None
    cat, out = context.get("cat"), context_date(context, "out")
    if cat is None and out is not None:
        cat = "tt06" if out >= _TT06_FROM else "4469"
    return lists_4469() if cat == "4469" else lists_tt06_known() if cat == "tt06" else None


def _judge(code: str, lists: Icd10Lists, context: Context, details: dict[str, str]) -> Checked:
    bare = code.replace(".", "")
    rules = lists.of(bare)
    if lists.codes is not None:
        if bare not in lists.codes:
            return no(KIND, "UNKNOWN_CODE", **details)
        details["checked"] = "list"
    elif rules:
        details["checked"] = "rules"
    effects = {rule.effect for rule in rules}
    refused = "MORE_SPECIFIC_EXISTS" if "MORE_SPECIFIC_EXISTS" in effects else ""
    if "NOT_AS_MAIN" in effects and context.get("role", "main") == "main":
        refused = refused or "NOT_AS_MAIN"
    if refused:
        return Checked(KIND, code, "no", (refused,), "", details)
    codes = []
    sex = str(context.get("sex", ""))
    if (sex == "1" and "FEMALE_ONLY" in effects) or (sex == "2" and "MALE_ONLY" in effects):
        codes.append("SEX_LIMIT")
    age = str(context.get("age_days", ""))
    ages = [rule for rule in rules if rule.effect == "AGE_LIMIT"]
    if age.isdigit() and any(not r.min_days <= int(age) <= r.max_days for r in ages):
        codes.append("AGE_LIMIT")
    if bare in lists.inner:
        codes.append("NOT_MOST_SPECIFIC")
    if codes:
        return Checked(KIND, code, "warn", tuple(codes), "", details)
    return Checked(KIND, code, "yes", ("OK",), "", details)


def validate(text: str, context: Context | None = None) -> str:
    """Return the dotted code; raise `IdentityError` when it is none or not allowed here."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a code that may stand here, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the dotted code, or the text unchanged when it has not the shape."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the dotted code; other text comes back unchanged.

    >>> format("A000")
    'A00.0'
    """
    return normalize(text)
