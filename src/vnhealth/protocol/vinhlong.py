"""The wire of the Vĩnh Long gateway: what it has besides the provincial repository's calls.

Encounters, list, status, cancellation and restoration are those of `vnhealth.protocol.repository`,
which was modelled on this gateway. Here stand the health checks (the envelope of
`vnhealth.protocol.emrhub`, passed on to the ministry) and the personal record of 831/QĐ-BYT.
Source: the interface document of the gateway, V1.3 to V1.5 (18/09/2026), as one vendor kept it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vnhealth.errors import CodecError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "GATEWAY",
    "MAX_LIST_DAYS",
    "MAX_REQUEST_ID",
    "TRACKING_HEADER",
    "Channel",
    "MinistryStatus",
    "PersonalRecord",
    "Validation",
    "read_personal_record",
]

GATEWAY = "vinhlong"
TRACKING_HEADER = "X-HOC-Tracking-Id"
MAX_REQUEST_ID = 100
"""Longest REQUEST_ID of a personal record."""
MAX_LIST_DAYS = 92
"""A list of health checks covers at most three months."""


class Validation(StrEnum):
    """Whether the form of a health check was right."""

    VALID = "VALID"
    INVALID = "INVALID"


class Channel(StrEnum):
    """How a health check came in."""

    BYT_PROXY = "BYT_PROXY"
    LEGACY_API = "LEGACY_API"
    EXCEL_IMPORT = "EXCEL_IMPORT"


class MinistryStatus(StrEnum):
    """Where a health check stands on its way to the ministry."""

    PENDING = "PENDING"
    BYT_ACCEPTED = "BYT_ACCEPTED"


@dataclass(frozen=True, slots=True, repr=False)
class PersonalRecord:
    """The header of a personal record: who sends it and the idempotency key."""

    sender: str
    request_id: str

    def __repr__(self) -> str:
        return "<PersonalRecord>"


def read_personal_record(data: bytes) -> PersonalRecord | None:
    """The header of a file of 831/QĐ-BYT, or None when it has none or is no XML.

    >>> record = read_personal_record(b"<HOSO><HEADER><SENDER_CODE>01001</SENDER_CODE>"
    ...                               b"<REQUEST_ID>R1</REQUEST_ID></HEADER></HOSO>")
    >>> record.sender, record.request_id
    ('01001', 'R1')
    """
    from lxml.etree import XMLSyntaxError

    from vnhealth.codecs._encoding import clean
    from vnhealth.codecs._xml import tree

    try:
        root = tree(clean(data)[0])
    except (XMLSyntaxError, CodecError):
        return None
    header = root.find("HEADER")
    sender, request = _text(header, "SENDER_CODE"), _text(header, "REQUEST_ID")
    return PersonalRecord(sender, request) if sender and request else None


def _text(parent: _Element | None, tag: str) -> str:
    return "" if parent is None else (parent.findtext(tag) or "").strip()
