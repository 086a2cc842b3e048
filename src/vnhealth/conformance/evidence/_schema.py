"""The published JSON schemas of this package, and the part of JSON Schema that they use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["schema", "violations"]

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema by name: evidence, work-order or results.

    >>> schema("evidence")["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    path = files("vnhealth.conformance.evidence") / "data" / f"{name}.schema.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def violations(value: Any, rules: dict[str, Any], at: str = "$") -> Iterator[str]:
    """The places where a value breaks a schema; places only, never values.

    Understands type, enum, const, pattern, required, properties, additionalProperties, items,
    minimum, minItems and local ``$ref``.

    >>> list(violations({"a": "x"}, {"type": "object", "properties": {"a": {"type": "integer"}}}))
    ['$.a']
    """
    yield from _walk(value, rules, rules, at)


def _walk(value: Any, rules: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if "$ref" in rules:
        rules = root["$defs"][rules["$ref"].rpartition("/")[2]]
    if not _fits(value, rules):
        yield at
        return
    if isinstance(value, dict):
        yield from _object(value, rules, root, at)
    elif isinstance(value, list) and "items" in rules:
        for index, item in enumerate(value):
            yield from _walk(item, rules["items"], root, f"{at}[{index}]")


def _object(
    value: dict[str, Any], rules: dict[str, Any], root: dict[str, Any], at: str
) -> Iterator[str]:
    known = rules.get("properties", {})
    for name in rules.get("required", ()):
        if name not in value:
            yield f"{at}.{name}"
    rest = rules.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            yield from _walk(item, known[name], root, f"{at}.{name}")
        elif rest is False:
            yield f"{at}.{name}"
        elif isinstance(rest, dict):
            yield from _walk(item, rest, root, f"{at}.{name}")


def _fits(value: Any, rules: dict[str, Any]) -> bool:
    wanted = rules.get("type")
    if wanted is not None and not _is(value, wanted):
        return False
    if "const" in rules and value != rules["const"]:
        return False
    if "enum" in rules and value not in rules["enum"]:
        return False
    if isinstance(value, str) and not re.search(rules.get("pattern", ""), value):
        return False
    if isinstance(value, list) and len(value) < rules.get("minItems", 0):
        return False
    return not isinstance(value, int) or value >= rules.get("minimum", value)


def _is(value: Any, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, TYPES[name]) for name in names)
