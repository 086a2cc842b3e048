"""Receipts: what a gateway answered, as a CSV file of the user.

Columns: ``facility`` (five characters), ``ma_lk``, ``received_at`` (ISO date and time, Viet Nam
time), ``status`` (``accepted``, ``rejected`` or ``pending``). Other columns are ignored.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

from vnhealth.errors import VnHealthError
from vnhealth.localtime import ICT

__all__ = ["read_receipts"]

COLUMNS = ("facility", "ma_lk", "received_at", "status")
STATES = frozenset({"accepted", "rejected", "pending"})

Receipt = tuple[str, dt.datetime, str]
"""Key of the encounter as in the facts, moment in Viet Nam time, status."""


def read_receipts(path: str | os.PathLike[str]) -> Iterator[Receipt]:
    """The receipts of a file. Raises `VnHealthError` (ERR-IND-08) with the number of a bad line."""
    name = Path(path).name[:60]
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if set(COLUMNS) - set(rows.fieldnames or ()):
                raise VnHealthError("ERR-IND-08", name=name, line=1)
            for line, row in enumerate(rows, 2):
                try:
                    moment = dt.datetime.fromisoformat(row["received_at"].strip())
                except (ValueError, AttributeError):
                    raise VnHealthError("ERR-IND-08", name=name, line=line) from None
                if moment.tzinfo is not None:
                    moment = moment.astimezone(ICT).replace(tzinfo=None)
                status = (row["status"] or "").strip()
                if status not in STATES:
                    raise VnHealthError("ERR-IND-08", name=name, line=line)
                yield f"{row['facility'].strip()}|{row['ma_lk'].strip()}", moment, status
    except (OSError, UnicodeDecodeError):
        raise VnHealthError("ERR-IND-08", name=name, line=0) from None
