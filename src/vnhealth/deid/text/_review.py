"""A second opinion on names: recognisers that may only point, never remove.

A statistical model that learned from news takes drug names for people, so what it finds is a place
for a person to look at; no letter is removed for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from vnhealth.deid.text._scrub import Recogniser

__all__ = ["recogniser", "underthesea_names"]


def recogniser(name: str) -> Recogniser:
    """The recogniser ``underthesea``, or a function of your own as ``module:function``.

    Raises `ValueError` when there is no such function or its package is not installed.

    >>> recogniser("no function")
    Traceback (most recent call last):
    ...
    ValueError: a recogniser is underthesea or module:function
    """
    if name == "underthesea":
        name = f"{__name__}:{underthesea_names.__name__}"
    module, _, function = name.partition(":")
    try:
        found: Recogniser = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError):
        raise ValueError("a recogniser is underthesea or module:function") from None
    if not callable(found):
        raise ValueError("a recogniser is underthesea or module:function")
    return found


def underthesea_names(text: str) -> Iterator[tuple[int, int]]:
    """Where the model of the package underthesea (Apache-2.0, installed by you) sees people.

    Raises `ValueError` when it is not installed.
    """
    try:
        label = import_module("underthesea").ner
    except ImportError:
        raise ValueError("the package underthesea is not installed") from None
    at, start, end = 0, -1, -1
    for word, *_, kind in label(text):
        place = text.find(word, at)
        if place < 0:
            continue
        at = place + len(word)
        if kind == "I-PER" and start >= 0:
            end = at
            continue
        if start >= 0:
            yield start, end
        start, end = (place, at) if kind in ("B-PER", "I-PER") else (-1, -1)
    if start >= 0:
        yield start, end
