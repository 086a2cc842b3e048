"""The little that Apache Spark needs to know: the schema of a step in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnhealth.deid.columns._need import need

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["spark_schema"]


def spark_schema(found: pa.Schema) -> Any:
    """A ``pyspark.sql.types.StructType``; dates and times stay without a zone (TIMESTAMP_NTZ).

    Raises `vnhealth.errors.DeidError` (ERR-COL-01) without the extra ``spark``.
    """
    types = need("pyspark.sql.pandas.types", "spark")
    return types.from_arrow_schema(found, prefer_timestamp_ntz=True)
