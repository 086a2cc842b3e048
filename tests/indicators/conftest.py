from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the extra frames is not installed")

from vnhealth import deid
from vnhealth.deid import columns
from vnhealth.records import Claim, record_class

KEY = deid.Key.from_bytes(bytes(range(32)))
NAMES = {"recipient": "kho tỉnh", "purpose": "thống kê", "facility": "01901"}


class Bench:
    """What the tests of this folder share; no value here belongs to a person."""

    key = KEY
    names = NAMES

    @staticmethod
    def claim(number: int = 1, **tables: Any) -> Claim:
        """Rows as dicts by table in lower case; XML1 is filled in where nothing is said."""
        summary = {
            "ma_lk": f"LK{number:06}",
            "ma_cskcb": "01901",
            "gioi_tinh": "1",
            "ngay_sinh": "198001010000",
            "ngay_vao": "202608030800",
            "ngay_ra": "202608031000",
            "ma_loai_kcb": "01",
            "ma_doituong_kcb": "1.1",
            "ma_the_bhyt": "DN4010123456789",
            "ma_benh_chinh": "J18.9",
            "ket_qua_dtri": "1",
            "ma_loai_rv": "1",
            "so_ngay_dtri": "1",
            "t_tongchi_bv": "100000.00",
            "t_bhtt": "80000.00",
            "t_bncct": "20000.00",
            "t_bntt": "0.00",
            "t_nguonkhac": "0.00",
        }
        given = tables.pop("xml1", {})
        tables["xml1"] = [{**summary, **given}]
        rows = {}
        for name, held in tables.items():
            cls = record_class("130", name.upper())
            listed = held if isinstance(held, list) else [held]
            rows[name] = [
                cls.from_row({"ma_lk": tables["xml1"][0]["ma_lk"], **row}) for row in listed
            ]
        return Claim(family="130", **rows)

    def claims(self, *summaries: Mapping[str, Any]) -> list[Claim]:
        """Claims that differ in the named values of XML1."""
        return [self.claim(number, xml1=xml1) for number, xml1 in enumerate(summaries, 1)]

    def linked(self, claims: Iterable[Claim]) -> list[dict[str, Any]]:
        """The same as pseudonymised batches, through the de-identified file."""
        done = deid.apply(list(claims), key=self.key, **self.names)
        return list(columns.deid_arrow(done.data))


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()
