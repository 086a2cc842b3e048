"""Wire records: one typed class per table per family, named by the official tags in lower case.

``vnhealth.records.bhyt130`` and ``vnhealth.records.bhyt4210`` hold the generated classes.
"""

from vnhealth.records._base import Record
from vnhealth.records._claim import (
    Claim,
    Document,
    DocumentKind,
    Part,
    PartForm,
    record_class,
)
from vnhealth.records._convert import LITERALS, NotCanonical, Value, cache_of, to_text

__all__ = [
    "LITERALS",
    "Claim",
    "Document",
    "DocumentKind",
    "NotCanonical",
    "Part",
    "PartForm",
    "Record",
    "Value",
    "cache_of",
    "record_class",
    "to_text",
]
