"""The public face for documents of the health-insurance standards: read, check, write, convert.

>>> from vnhealth import bhyt
>>> doc = bhyt.read(b"<TONG_HOP><MA_LK>A1</MA_LK><NGAY_RA>202603010930</NGAY_RA></TONG_HOP>")
>>> doc.edition.value, bhyt.check(doc).ok
('3176', False)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from vnhealth.codecs import Limits, Source, read, validate, write, write_standalone
from vnhealth.codecs import iter_claims as iter_encounters
from vnhealth.errors import EncodeError
from vnhealth.findings import Findings
from vnhealth.records import Claim, Document, record_class
from vnhealth.spec import Edition

if TYPE_CHECKING:
    from vnhealth.codecs.convert import LossReport
    from vnhealth.rules.pricing import Priced

__all__ = [
    "Claim",
    "Document",
    "Edition",
    "Limits",
    "Source",
    "check",
    "convert",
    "iter_encounters",
    "price",
    "read",
    "record_class",
    "validate",
    "write",
    "write_standalone",
]


def check(
    target: Document | Claim,
    *,
    edition: Edition | str | None = None,
    on: dt.date | str | None = None,
    **options: Any,
) -> Findings:
    """All that is wrong with a document or a claim: what the reader saw and what the rules say.

    Facts are resolved on ``on`` (a date or ISO text), by default the end of each encounter.
    ``options`` are those of `vnhealth.rules.check`.
    """
    from vnhealth import rules

    day = dt.date.fromisoformat(on) if isinstance(on, str) else on
    return Findings(target.findings) + rules.check(target, edition=edition, on=day, **options)


def price(claim: Claim, on: dt.date | str | None = None, **options: Any) -> Priced:
    """The encounter with its amounts, MUC_HUONG and totals filled by the formulas of its day.

    ``options`` are those of `vnhealth.rules.pricing.price`.

    >>> from vnhealth.records.bhyt130 import Xml1, Xml2
    >>> line = Xml2(pham_vi="1", so_luong="2", don_gia="500", tyle_tt_bh=100, muc_huong="80")
    >>> price(Claim(xml1=Xml1(ngay_ra="202603020930"), xml2=[line])).claim.xml1.t_bhtt
    Decimal('800.00')
    """
    from vnhealth.rules import pricing

    day = dt.date.fromisoformat(on) if isinstance(on, str) else on
    return pricing.price(claim, on=day, **options)


def convert(
    target: Document | Claim, to: Edition | str, **options: Any
) -> tuple[Document | Claim, LossReport]:
    """The same data by another edition, and a report of all that could not be carried over.

    Required fields without a source stay empty and are listed; nothing is filled in silently.
    ``options`` are those of `vnhealth.codecs.convert.convert_claim`. Raises
    `vnhealth.errors.EncodeError` (ERR-XML-08) for a document without encounters.
    """
    from vnhealth.codecs.convert import convert_claim

    if isinstance(target, Claim):
        return convert_claim(target, to, **options)
    if not target.claims:
        raise EncodeError("ERR-XML-08")
    converted = [convert_claim(claim, to, **options) for claim in target.claims]
    losses = reduce(add, (report for _, report in converted))
    claims = [claim for claim, _ in converted]
    return replace(target.with_claims(claims), family=claims[0].family), losses
