from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vnhealth import deid
from vnhealth.records import Claim, record_class

KEY = deid.Key.from_bytes(bytes(range(32)))
NAMES = {"recipient": "kho quốc gia", "purpose": "thống kê", "facility": "01901"}


class Kit:
    """What the tests of this folder share; no value here belongs to a person."""

    key = KEY
    names = NAMES
    tokens = deid.Tokens(KEY, NAMES["recipient"], NAMES["purpose"])

    @staticmethod
    def apply(target: Any, **changes: Any) -> deid.Result:
        return deid.apply(target, **{"key": KEY, **NAMES, **changes})

    @staticmethod
    def claim(family: str = "130", **tables: Any) -> Claim:
        """Rows as dicts (one or a list), by table in lower case; XML1 is filled in if missing."""
        summary = {"ma_lk": "LK1", "ngay_vao": "202608010800", "ma_cskcb": "01901"}
        tables["xml1"] = [{**summary, **tables.get("xml1", {})}]
        rows = {}
        for name, given in tables.items():
            cls = record_class(family, name.upper())
            rows[name] = [cls.from_row(r) for r in (given if isinstance(given, list) else [given])]
        return Claim(family=family, **rows)


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()


@pytest.fixture(scope="session")
def strategies() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "strategies_records.py"
    found = importlib.util.spec_from_file_location("strategies_for_deid", path)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
