"""The de-identified record as the national de-identified store takes it.

vnhealth-defined, not an official protocol: no decision published so far says how a de-identified
record travels. The contract is written for a receiver that trusts nobody, so it is a list of what
may come, never of what may not:

* the file is a small subset of XML 1.0 in UTF-8: an optional declaration, elements without
  attributes, text without any entity. Comments, processing instructions, CDATA, DOCTYPE,
  namespaces, signatures and certificates are refused;
* every element is named in ``data/deid_fields.csv`` and every value has exactly the shape named
  there (``vnhealth.deid`` holds the shapes as data, so that maker and taker cannot differ). There
  is no shape for free text, and none that a citizen number,
  a card number or a telephone number fits;
* diagnoses kept back by law (HIV) do not go to a general store;
* the label is the word *pseudonymised*: the records stay linkable.

::

    <?xml version="1.0" encoding="UTF-8"?>
    <VNHEALTH_DEID>
      <PHIEN_BAN>1</PHIEN_BAN>                contract version
      <NHAN>pseudonymised</NHAN>              the label
      <MA_CSKCB>01001</MA_CSKCB>              sending facility
      <CHINH_SACH>64 hex digits</CHINH_SACH>  SHA-256 of the policy applied
      <SO_LUONG>1</SO_LUONG>                  number of HOSO
      <HOSO>
        <MA_LK>token</MA_LK>                  token of the episode
        <TOKEN_CCCD>token</TOKEN_CCCD>        optional: person tokens, each under its own tag
        <TOKEN_BHXH>token</TOKEN_BHXH>
        <TOKEN_BN>token</TOKEN_BN>
        <XML1>fields</XML1>                   exactly one
        <XML2>fields</XML2>                   any number; one element per row, no list element
      </HOSO>
    </VNHEALTH_DEID>

Rows do not repeat MA_LK. Where a field was a direct identifier or a birth date, its tag does not
come back; the derived value has a tag of its own (NHOM_TUOI, MUC_HUONG_THE, THE_CON_HAN, TOKEN_*).
An absent value is an absent element (an empty one is read as absent). Tables go in numeric order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = [
    "CONTENT_TYPE",
    "HEADER",
    "LABEL",
    "RECORD",
    "ROOT",
    "VERSION",
    "Shape",
    "allowed_fields",
    "shape",
    "withheld_prefixes",
]

ROOT = "VNHEALTH_DEID"
RECORD = "HOSO"
LABEL = "pseudonymised"
VERSION = "1"
CONTENT_TYPE = "application/xml"

HEADER = ("PHIEN_BAN", "NHAN", "MA_CSKCB", "CHINH_SACH", "SO_LUONG")
"""The header elements, all required, in this order, before the first HOSO."""

_DATA = files("vnhealth.protocol") / "data"


@dataclass(frozen=True, slots=True)
class Shape:
    """The only form a value may have: a full-match pattern and what it means."""

    name: str
    pattern: re.Pattern[str]
    meaning: str

    def accepts(self, value: str) -> bool:
        """True when the whole value has this shape."""
        return self.pattern.fullmatch(value) is not None


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((_DATA / name).read_text("utf-8").splitlines()))


@cache
def _shapes() -> Mapping[str, Shape]:
    from vnhealth.deid import forms, meanings

    texts = meanings()
    return {name: Shape(name, pattern, texts[name]) for name, pattern in forms().items()}


def shape(name: str) -> Shape:
    """The shape of a name used in ``data/deid_fields.csv``.

    >>> shape("age").accepts("Y35-39"), shape("age").accepts("37")
    (True, False)
    """
    return _shapes()[name]


@cache
def allowed_fields() -> Mapping[str, Mapping[str, Shape]]:
    """The allow list: shape by tag, by table (``HEADER`` and ``HOSO`` are the two outer levels).

    >>> fields = allowed_fields()
    >>> fields["XML1"]["NHOM_TUOI"].name, "HO_TEN" in fields["XML1"], "XML6" in fields
    ('age', False, False)
    """
    found: dict[str, dict[str, Shape]] = {}
    for row in _rows("deid_fields.csv"):
        found.setdefault(row["table"], {})[row["tag"]] = _shapes()[row["shape"]]
    return found


@cache
def withheld_prefixes() -> tuple[str, ...]:
    """Beginnings of ICD-10 codes that a general store does not take.

    Basis: law 64/2006/QH11 on HIV as amended in 2020, article 30 (closed list of who may know).

    >>> "B20" in withheld_prefixes()
    True
    """
    from vnhealth.deid import withheld

    return tuple(withheld("hiv", "icd").effects)
