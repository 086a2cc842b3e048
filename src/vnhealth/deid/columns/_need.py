"""The optional packages, asked for only when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from vnhealth.errors import DeidError

__all__ = ["need", "need_arrow"]


def need(module: str, extra: str) -> Any:
    """Import a module of an extra. Raises `DeidError` (ERR-COL-01) that names the extra."""
    try:
        return import_module(module)
    except ImportError:
        raise DeidError("ERR-COL-01", module=module, extra=extra) from None


def need_arrow() -> Any:
    """The module pyarrow, of the extra ``frames``."""
    return need("pyarrow", "frames")
