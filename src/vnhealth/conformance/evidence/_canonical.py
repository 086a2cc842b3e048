"""Canonical JSON after RFC 8785, for the values that evidence is made of.

Text, whole numbers up to 2^53, booleans, null, lists and objects. Fractions are refused: nothing in
evidence needs one, and every language then writes the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

from vnhealth.errors import ConformanceError

__all__ = ["canonical", "parse_canonical"]

LARGEST = 2**53 - 1


def canonical(value: Any) -> bytes:
    r"""The one UTF-8 form of a value. Raises `ConformanceError` (ERR-CERT-01) for other types.

    >>> canonical({"b": [1, True, None], "a": "é\n"}).decode()
    '{"a":"é\\n","b":[1,true,null]}'
    """
    text = json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ConformanceError("ERR-CERT-01", what="surrogate") from None


def _sorted(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) <= LARGEST:
        return value
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        ordered = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _sorted(value[key]) for key in ordered}
    raise ConformanceError("ERR-CERT-01", what=type(value).__name__)


def parse_canonical(data: bytes) -> Any:
    """The value of canonical bytes. Raises `ValueError` for any other bytes.

    >>> parse_canonical(b'{"a": 1}')
    Traceback (most recent call last):
        ...
    ValueError: not canonical
    """
    try:
        value = json.loads(data.decode("utf-8"))
        if canonical(value) == data:
            return value
    except (RecursionError, ConformanceError):
        pass
    raise ValueError("not canonical")
