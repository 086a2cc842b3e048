"""Columnar output: Arrow and Parquet tables of claims, with their label in the metadata.

`to_arrow` gives identified tables, `deid_arrow` those of de-identified files; `DatasetWriter`
puts them into Parquet folders parted by month and province. `derive` and `measure` turn a batch of
a table into facts, the neutral rows that `vnhealth.indicators` counts. `Decode`, `Deidentify`,
`Table` and `Facts` are the same work as functions of one record batch, which run unchanged here, in
DuckDB or Polars, and on Apache Spark (``mapInArrow(each(step))``).

Needs the extra ``frames`` (pyarrow); importing the package does not.

>>> from vnhealth.deid import columns
>>> columns.schema("XML1").field("NGAY_RA").type
TimestampType(timestamp[us])
"""

from vnhealth.deid.columns._dataset import (
    SIDECAR,
    Dataset,
    DatasetWriter,
    manifest_hash,
    open_dataset,
    sidecar,
)
from vnhealth.deid.columns._details import derive, facts_of, measure
from vnhealth.deid.columns._facts import FACTS, fact_schema
from vnhealth.deid.columns._identified import iter_arrow, to_arrow
from vnhealth.deid.columns._linked import deid_arrow
from vnhealth.deid.columns._lists import Block, CareKind, block_of, blocks, care_kinds
from vnhealth.deid.columns._schema import (
    Column,
    ColumnType,
    Described,
    arrow_type,
    columns,
    read_meta,
    schema,
    table_names,
)
from vnhealth.deid.columns._spark import spark_schema
from vnhealth.deid.columns._steps import Decode, Deidentify, Facts, Table, chain, each, modern

__all__ = [
    "FACTS",
    "SIDECAR",
    "Block",
    "CareKind",
    "Column",
    "ColumnType",
    "Dataset",
    "DatasetWriter",
    "Decode",
    "Deidentify",
    "Described",
    "Facts",
    "Table",
    "arrow_type",
    "block_of",
    "blocks",
    "care_kinds",
    "chain",
    "columns",
    "deid_arrow",
    "derive",
    "each",
    "fact_schema",
    "facts_of",
    "iter_arrow",
    "manifest_hash",
    "measure",
    "modern",
    "open_dataset",
    "read_meta",
    "schema",
    "sidecar",
    "spark_schema",
    "table_names",
    "to_arrow",
]
