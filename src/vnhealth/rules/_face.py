"""Telling about the rules: one in full, all of them as rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vnhealth.errors import SpecError
from vnhealth.rules._model import Rule
from vnhealth.rules._registry import registry
from vnhealth.spec import Edition

__all__ = ["explain", "export"]


def export() -> list[dict[str, Any]]:
    """Every rule as a JSON-ready row, in the order of the registry.

    Keys: code, source_id, scope, tables, tags, editions, valid_from, valid_to, severity,
    severity_from, basis, confidence, draft, message_vi, message_en.

    >>> export()[0]["code"]
    'BHYT-FLD-01'
    """
    return [_row(rule) for rule in registry().values()]


def explain(code: str) -> dict[str, Any]:
    """All that is known of one rule: the row of `export` with hints, examples and implied codes.

    Raises `vnhealth.errors.SpecError` for a code that is no rule.
    """
    rule = registry().get(code)
    if rule is None:
        raise SpecError("ERR-SPEC-05", name=code[:40])
    info = rule.info
    return {
        **_row(rule),
        "hint_vi": info.hint_vi,
        "hint_en": info.hint_en,
        "example_fail": info.example_fail,
        "example_pass": info.example_pass,
        "example_on": rule.example_on,
        "implies": list(rule.implies),
        "exact": format(rule.exact, "f"),
    }


def _row(rule: Rule) -> dict[str, Any]:
    info = rule.info
    return {
        "code": rule.code,
        "source_id": rule.source_id,
        "scope": rule.scope,
        "tables": list(rule.tables),
        "tags": list(rule.tags),
        "editions": [edition.value for edition in Edition if edition in rule.editions],
        "valid_from": _text(rule.valid_from),
        "valid_to": _text(rule.valid_to),
        "severity": info.severity,
        "severity_from": [[day.isoformat(), level.value] for day, level in rule.severity_from],
        "basis": info.basis,
        "confidence": info.confidence,
        "draft": rule.draft,
        "message_vi": info.message_vi,
        "message_en": info.message_en,
    }


def _text(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
