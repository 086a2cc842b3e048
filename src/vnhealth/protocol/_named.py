"""Dataclasses under the names of the wire: attribute names of ours, keys of theirs, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

__all__ = ["as_object", "as_texts", "wire_names"]


def wire_names(kind: type, *names: str) -> Mapping[str, str]:
    """The key of each attribute of a dataclass, in order; attributes beyond the keys have none."""
    return MappingProxyType(dict(zip((f.name for f in fields(kind)), names, strict=False)))


def as_object(value: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Attributes under their keys; an empty text is null."""
    found = {wire: getattr(value, name) for name, wire in names.items()}
    return {wire: None if item == "" else item for wire, item in found.items()}


def as_texts(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Attributes from keys in any case; whatever is no text or number is empty."""
    lowered = {str(key).lower(): found for key, found in value.items()}
    read = {}
    for name, wire in names.items():
        found = lowered.get(wire.lower())
        plain = isinstance(found, str | int | float) and not isinstance(found, bool)
        read[name] = str(found).strip() if plain else ""
    return read
