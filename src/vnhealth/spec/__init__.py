"""The registry of facts: every field of every table of every edition, resolved on a date.

Facts are CSV and TOML rows in ``data/`` with their source and confidence; nothing here knows how to
read or check a document.
"""

from vnhealth.spec._diff import Change, diff
from vnhealth.spec._load import (
    code_set,
    code_set_versions,
    code_sets,
    edition_at,
    edition_info,
    effective,
    record_fields,
    record_kind,
    table,
    tables,
)
from vnhealth.spec._model import (
    Code,
    CodeSet,
    Edition,
    EditionInfo,
    Family,
    Field,
    Kind,
    TableSpec,
)

__all__ = [
    "Change",
    "Code",
    "CodeSet",
    "Edition",
    "EditionInfo",
    "Family",
    "Field",
    "Kind",
    "TableSpec",
    "code_set",
    "code_set_versions",
    "code_sets",
    "diff",
    "edition_at",
    "edition_info",
    "effective",
    "record_fields",
    "record_kind",
    "table",
    "tables",
]
