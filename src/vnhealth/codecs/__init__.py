"""Reading and writing the documents of the standards.

Reading is lenient and loses nothing: see `read` and `iter_claims`. Writing is strict: see `write`.
"""

from vnhealth.codecs._limits import Limits
from vnhealth.codecs._reader import iter_claims, read
from vnhealth.codecs._source import Source
from vnhealth.codecs._template import check_values
from vnhealth.codecs._validate import validate
from vnhealth.codecs._writer import encode_table, write, write_standalone

__all__ = [
    "Limits",
    "Source",
    "check_values",
    "encode_table",
    "iter_claims",
    "read",
    "validate",
    "write",
    "write_standalone",
]
