"""Reading and writing the documents of the standards.

Reading is lenient and loses nothing: see `read` and `iter_claims`. Writing is strict: see `write`.
"""

from vnhealth.codecs._limits import Limits
from vnhealth.codecs._reader import iter_claims, read

__all__ = ["Limits", "iter_claims", "read"]
