"""Runs the SQL of the catalogue over facts, with DuckDB, and hides small cells."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vnhealth.deid import Label
from vnhealth.deid.columns import ColumnType, fact_schema
from vnhealth.errors import DeidError, VnHealthError
from vnhealth.indicators._catalogue import Indicator, read_csv, thresholds
from vnhealth.indicators._figures import Raw, figures_of, hidden_together, rows_of
from vnhealth.indicators._intake import Intake
from vnhealth.indicators._receipts import read_receipts
from vnhealth.indicators._result import Result, Skipped
from vnhealth.indicators._spool import NAMES
from vnhealth.indicators._universe import Rules, rules_of

__all__ = ["Filters", "Session"]

MEMORY = "2GB"
"""What DuckDB may hold; beyond it goes to its file in the work folder."""

DETAILS = tuple(name for name in NAMES if name not in ("encounter", "quality"))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which encounters count: months from and to (``yyyy-mm``, both inclusive), province, facility.

    Two runs whose filters differ by little can be subtracted from each other; no suppression inside
    one run protects against that.
    """

    first: str = ""
    last: str = ""
    province: str = ""
    facility: str = ""

    def to_dict(self) -> dict[str, str]:
        """The filters that are set."""
        names = {
            "from": self.first,
            "to": self.last,
            "province": self.province,
            "facility": self.facility,
        }
        return {name: value for name, value in names.items() if value}

    def where(self) -> tuple[str, list[str]]:
        """A condition on encounters, and its values."""
        found = [
            (condition, value)
            for condition, value in (
                ("period >= ?", self.first),
                ("period <= ? AND period <> '?'", self.last),
                ("province = ?", self.province),
                ("facility = ?", self.facility),
            )
            if value
        ]
        text = " AND ".join(f"({condition})" for condition, _ in found) or "true"
        return text, [value for _, value in found]


def _quiet(done: int) -> None:
    return None


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise DeidError("ERR-COL-01", module="duckdb", extra="frames") from None
    return duckdb


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def list_rows(name: str, path: str | os.PathLike[str] | None) -> tuple[list[dict[str, str]], str]:
    """The rows of a list, the user's own if a path is given, and the hash of what was read.

    An own list needs the columns by which rows match (``key``, and ``first``, ``last`` … where the
    built-in one has them). Raises `VnHealthError` (ERR-IND-07).
    """
    own = read_csv("lists", f"{name}.csv")
    if path is None:
        text = "\n".join(",".join(row.values()) for row in own)
        return own, hashlib.sha256(text.encode()).hexdigest()
    try:
        data = Path(path).read_bytes()
        rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError):
        raise VnHealthError("ERR-IND-07", name=name) from None
    needed = _needed(name)
    if not rows or needed - rows[0].keys():
        raise VnHealthError("ERR-IND-07", name=name)
    optional = {"codes", "grp", "hours"} & set(needed)
    kept = [{column: (row.get(column) or "").strip() for column in needed} for row in rows]
    if any(not row[column] for row in kept for column in needed - optional):
        raise VnHealthError("ERR-IND-07", name=name)
    return kept, hashlib.sha256(data).hexdigest()


LIST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "antibiotics": ("key",),
    "chronic": ("key", "first", "last"),
    "clocks": ("key", "hours"),
    "infectious": ("key", "grp", "first", "last", "codes"),
}
"""The columns of each list that the SQL uses."""


def _needed(name: str) -> set[str]:
    try:
        return set(LIST_COLUMNS[name])
    except KeyError:
        raise VnHealthError("ERR-IND-07", name=name[:40]) from None


_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.STRINGS: "VARCHAR[]",
    ColumnType.INT: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(22, 4)",
    ColumnType.TIME: "TIMESTAMP",
    ColumnType.DATE: "DATE",
    ColumnType.BOOL: "BOOLEAN",
}


class Session:
    """One database over the facts of one intake.

    The figures depend on the facts alone, not on how they were split into files or batches. Of
    several versions of an encounter the one of the latest file counts (by NGAYLAP; between equals
    the fingerprint decides).
    """

    def __init__(
        self,
        intake: Intake,
        work: Path,
        *,
        filters: Filters | None = None,
        lists: Mapping[str, str | os.PathLike[str]] | None = None,
        receipts: str | os.PathLike[str] | None = None,
        exceptions: Mapping[str, str] | None = None,
        audience: str = "public",
        threshold: int = 0,
    ) -> None:
        limits = thresholds()
        if audience not in ("public", "internal") or threshold < 0:
            raise VnHealthError("ERR-IND-09")
        floor = limits.public if audience == "public" else limits.internal
        self.intake = intake
        self.filters = filters or Filters()
        self.audience = audience
        self.threshold = max(floor, threshold)
        self.exceptions = dict(exceptions or {})
        if any(not basis.strip() for basis in self.exceptions.values()):
            raise VnHealthError("ERR-IND-05")
        self.lists: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._infectious: list[dict[str, str]] = []
        self._receipts = receipts
        self._con = _duckdb().connect(str(work / "work.duckdb"))
        self._con.execute("SET preserve_insertion_order = false")
        self._con.execute(f"SET memory_limit = '{MEMORY}'")
        for name in NAMES:
            self._source(name)
        self._pick()
        for name in LIST_COLUMNS:
            self._list(name, (lists or {}).get(name))
        for name in set(lists or {}) - set(LIST_COLUMNS):
            _needed(name)
        if receipts is not None:
            self._load_receipts(receipts)

    def close(self) -> None:
        """Close the database."""
        self._con.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *rest: object) -> None:
        self.close()

    def _source(self, name: str) -> None:
        folder = self.intake.folder / name
        if self.intake.has(name) and folder.is_dir():
            pattern = _quoted(str(folder / "**" / "*.parquet"))
            self._con.execute(
                f"CREATE VIEW {name}_all AS SELECT * FROM read_parquet({pattern})"  # noqa: S608
            )
            return
        columns = []
        for field in fact_schema(name):
            kind = next(k for k, t in _arrow_types().items() if t == field.type)
            columns.append(f'"{field.name}" {_TYPES[kind]}')
        self._con.execute(f"CREATE TABLE {name}_all ({', '.join(columns)})")

    def _pick(self) -> None:
        """One version of each encounter, and the rows of its tables."""
        run = self._con.execute
        where, values = self.filters.where()
        latest = (
            "SELECT *, row_number() OVER (PARTITION BY enc ORDER BY sent DESC NULLS LAST, "
            "version DESC) AS place_ FROM encounter_all"
        )
        chosen = f"SELECT * EXCLUDE (place_) FROM ({latest}) WHERE place_ = 1 AND {where}"  # noqa: S608
        run(f"CREATE TABLE encounter AS {chosen}", values)
        run("CREATE TABLE picked AS SELECT enc, version FROM encounter")
        twice = "SELECT count(*) > count(DISTINCT (enc, version)) FROM encounter_all"
        repeated = run(twice).fetchall()[0][0]
        for name in DETAILS:
            source = f"{name}_all"
            if repeated:
                place = 'row_number() OVER (PARTITION BY enc, version, "row")'
                once = f"SELECT *, {place} AS place_ FROM {name}_all"  # noqa: S608
                source = f"(SELECT * EXCLUDE (place_) FROM ({once}) WHERE place_ = 1)"  # noqa: S608
            joined = f"SELECT d.* FROM {source} d JOIN picked USING (enc, version)"  # noqa: S608
            run(f"CREATE VIEW {name} AS {joined}")
        where, values = Filters(
            self.filters.first, self.filters.last, self.filters.province
        ).where()
        kept = f"SELECT * FROM quality_all WHERE {where}"  # noqa: S608
        run(f"CREATE TABLE quality AS {kept}", values)

    def _list(self, name: str, path: str | os.PathLike[str] | None) -> None:
        rows, digest = list_rows(name, path)
        columns = LIST_COLUMNS[name]
        kinds = ", ".join(f'"{column}" VARCHAR' for column in columns)
        self._con.execute(f"CREATE TABLE list_{name} ({kinds})")
        marks = ", ".join("?" for _ in columns)
        if rows:
            self._con.executemany(
                f"INSERT INTO list_{name} VALUES ({marks})",  # noqa: S608
                [[row[column] for column in columns] for row in rows],
            )
        self._sizes[name] = len(rows)
        if name == "infectious":
            self._infectious = rows
        self.lists[name] = digest

    def _load_receipts(self, path: str | os.PathLike[str]) -> None:
        self._con.execute(
            "CREATE TABLE receipt (enc VARCHAR, received_at TIMESTAMP, status VARCHAR)"
        )
        batch: list[tuple[Any, ...]] = []
        for receipt in read_receipts(path):
            batch.append(receipt)
            if len(batch) >= 10_000:
                self._con.executemany("INSERT INTO receipt VALUES (?, ?, ?)", batch)
                batch = []
        if batch:
            self._con.executemany("INSERT INTO receipt VALUES (?, ?, ?)", batch)

    def reason_against(self, indicator: Indicator) -> tuple[str, str] | None:
        """Why an indicator cannot be computed here, in both languages; None when it can."""
        if indicator.audience == "internal" and self.audience != "internal":
            return (
                "Bảng vận hành nội bộ: chỉ tính với --audience internal.",
                "An operational table: computed only with --audience internal.",
            )
        if indicator.restricted and indicator.restricted not in self.exceptions:
            return (
                "Nhóm hạn chế: chỉ tính khi nêu căn cứ pháp lý (--restricted).",
                "A restricted topic: computed only with a legal basis (--restricted).",
            )
        identified = self.intake.label is Label.IDENTIFIED
        if indicator.restricted and not identified:
            return (
                "Dữ liệu giả danh đã giữ lại nhóm này ở nơi gửi.",
                "Pseudonymised data have kept this topic back at the source.",
            )
        if indicator.label == "identified" and not identified:
            return (
                "Cần trường chỉ có ở dữ liệu định danh; phải đếm trước khi khử định danh.",
                "It needs fields of identified data; to be counted before de-identification.",
            )
        if indicator.dates == "true" and self.intake.dates != "true":
            return (
                "Ngày đã dời theo tuần của từng người nên số theo tuần sẽ sai.",
                "Dates are shifted by whole weeks of each person: weekly figures would be wrong.",
            )
        if indicator.receipts and self._receipts is None:
            return (
                "Cần tệp biên nhận của cổng (--receipts).",
                "It needs a file of gateway receipts (--receipts).",
            )
        empty = [name for name in indicator.lists if not self._sizes.get(name)]
        if empty:
            return (
                f"Cần danh mục “{empty[0]}” (--list {empty[0]}=TỆP.csv).",
                f"It needs the list “{empty[0]}” (--list {empty[0]}=FILE.csv).",
            )
        return None

    def run(
        self, wanted: Iterable[Indicator], progress: Callable[[int], None] = _quiet
    ) -> list[Result | Skipped]:
        """Compute indicators together: what they count in common is hidden together.

        The order of rows is fixed. ``progress`` is told how many are done.
        """
        found: list[Raw | Skipped] = []
        for number, indicator in enumerate(wanted, 1):
            reason = self.reason_against(indicator)
            if reason is not None:
                skipped = Skipped(indicator.id, indicator.name_vi, indicator.name_en, *reason)
                found.append(skipped)
            else:
                self._con.execute(indicator.query())
                lines = self._con.fetchall()
                found.append(Raw(indicator, figures_of(indicator, lines), self._limit(indicator)))
            progress(number)
        counted = [raw for raw in found if isinstance(raw, Raw)]
        together = hidden_together(counted, self.threshold, self._rules())
        return [
            raw
            if isinstance(raw, Skipped)
            else Result(raw.indicator, tuple(rows_of(raw, together)), raw.threshold)
            for raw in found
        ]

    def _rules(self) -> Rules:
        """What follows from a category and from a cost group in this run."""
        lines = " UNION ".join(
            f"SELECT '{kind}' AS kind, \"group\" AS cost_group FROM {kind}"  # noqa: S608
            for kind in ("drug", "service")
        )
        one = f"SELECT cost_group, min(kind) FROM ({lines}) GROUP BY 1 HAVING count(*) = 1"  # noqa: S608
        return rules_of(self._infectious, dict(self._con.execute(one).fetchall()))

    def _limit(self, indicator: Indicator) -> int:
        if indicator.suppress == "none":
            return 0
        if indicator.restricted:
            return max(self.threshold, thresholds().restricted)
        return self.threshold


def _arrow_types() -> dict[ColumnType, Any]:
    from vnhealth.deid.columns import arrow_type

    return {kind: arrow_type(kind) for kind in ColumnType}
