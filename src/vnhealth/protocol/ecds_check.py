"""What is wrong with a case report, before it goes out or when it came in.

Form by ``data/ecds_fields.csv``; the order of the days is common sense, not a rule that was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from vnhealth.findings import Finding, Findings
from vnhealth.protocol._fields import Rules, error, moment, plain, wrong_fields

__all__ = ["check_case"]

DAY = "%Y-%m-%d"
IN_ORDER = ("ngaySinh", "ngayKhoiPhat", "ngayNhapVien", "ngayRaVien")
RULES = Rules(
    "ecds",
    missing="GW-ECDS-01",
    malformed="GW-ECDS-02",
    forms={
        "date": lambda text: moment(text, DAY) is not None,
        "integer": lambda text: text.isascii() and text.isdigit(),
    },
)


def check_case(value: Mapping[str, Any]) -> Findings:
    """Findings of one case; empty when there is nothing to say.

    >>> len(check_case({"maIcd10Benh": "A97"}).by_code("GW-ECDS-01"))
    7
    """
    return Findings([*wrong_fields(RULES, "case", value), *_age(value), *_order(value)])


def _age(value: Mapping[str, Any]) -> Iterator[Finding]:
    if not plain(value.get("ngaySinh")) and not plain(value.get("tuoi")):
        yield error("GW-ECDS-01", "ngaySinh")


def _order(value: Mapping[str, Any]) -> Iterator[Finding]:
    days = [(name, moment(plain(value.get(name)), DAY)) for name in IN_ORDER]
    known = [(name, day) for name, day in days if day is not None]
    for (_, earlier), (name, later) in pairwise(known):
        if later < earlier:
            yield error("GW-ECDS-04", name)
