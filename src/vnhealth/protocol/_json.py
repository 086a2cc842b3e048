"""JSON as the gateways write it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["compact"]


def compact(value: Any) -> bytes:
    """JSON without blanks, letters as they are, keys in the given order.

    Half a surrogate pair, which JSON can smuggle in but UTF-8 cannot carry, becomes a question
    mark.

    >>> compact({"thongDiep": "Đã nhận", "n": 1}).decode()
    '{"thongDiep":"Đã nhận","n":1}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
