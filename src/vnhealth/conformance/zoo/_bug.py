"""A wrong client: the plain one with a single patch, and the test that has to catch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vnhealth.conformance.clients import PlainClient, Workplace

__all__ = ["Bug", "Patch", "bug"]

Patch = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug. ``expected`` is the test that must catch it, ``patches`` what it replaces."""

    id: str
    expected: str
    text_vi: str
    text_en: str
    patches: dict[str, Patch]

    def client(self, place: Workplace) -> PlainClient:
        """The plain client with this bug."""
        made = type("WrongClient", (PlainClient,), dict(self.patches))
        found = made(place)
        assert isinstance(found, PlainClient)
        return found

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return {
            "id": self.id,
            "bug": self.text_vi,
            "bug_en": self.text_en,
            "expected": self.expected,
            "patched": ", ".join(sorted(self.patches)),
        }


def bug(name: str, expected: str, text_vi: str, text_en: str, **patches: Patch) -> Bug:
    """A bug; every patch must replace a method that there is.

    >>> bug("x", "DAY", "", "", no_such_method=len)
    Traceback (most recent call last):
        ...
    AttributeError: no_such_method
    """
    for method in patches:
        if not hasattr(PlainClient, method):
            raise AttributeError(method)
    return Bug(name, expected, text_vi, text_en, patches)
