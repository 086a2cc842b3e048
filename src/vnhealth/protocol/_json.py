"""JSON as the gateways write it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["compact"]


def compact(value: Any) -> bytes:
    """JSON without blanks, letters as they are, keys in the given order.

    >>> compact({"thongDiep": "Đã nhận", "n": 1}).decode()
    '{"thongDiep":"Đã nhận","n":1}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
