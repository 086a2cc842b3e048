"""Health-check files (KHAMSUCKHOE) and the envelope they travel in.

The ministry's data axis (EMRHub) and the health record of Hà Nội share header names, the file and
its two signatures. Sources: 2062/QĐ-BYT (2026) and 7286/SYT (2026) as text extracts; client code
where they are silent. Evidence per behaviour: `vnhealth.protocol.behaviours`.

A private key is only ever seen here as a function that signs bytes with RSA-SHA256 (PKCS #1 v1.5).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol._json import compact

__all__ = [
    "CKS_DOCTOR",
    "CKS_FACILITY",
    "ROOT",
    "SENDER",
    "Sign",
    "checksum_text",
    "facility_number",
    "file_for_doctor",
    "file_for_facility",
    "message_id",
    "milliseconds",
    "sign_file",
    "signature_of",
    "signed_message",
]

Sign = Callable[[bytes], bytes]
"""RSA-SHA256 over the bytes it is given: the ``sign`` of any `vnhealth.signing.Signer`."""

ROOT = "KHAMSUCKHOE"
CKS_DOCTOR = "CKS_NGUOI_KET_LUAN"
"""Element with the signature of the doctor who concludes."""
CKS_FACILITY = "CKS_BENH_VIEN"
"""Element with the signature of the facility."""
SENDER = re.compile(r"[0-9]{13}")
"""A facility in these messages: a number of 13 digits (GLN)."""

EXAMPLES = "9520000"
"""Beginning of the numbers made here: GS1 keeps 952 for demonstrations and examples."""


def facility_number(code: str) -> str:
    """An invented 13-digit number for a facility code of five digits; anything else comes back.

    Real ones are given out on registration and cannot be worked out from the code.

    >>> facility_number("01001"), facility_number("9520000010010")
    ('9520000010010', '9520000010010')
    """
    if len(code) != 5 or not (code.isascii() and code.isdigit()):
        return code
    digits = EXAMPLES + code
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(digits))
    return digits + str(-total % 10)


def milliseconds(moment: dt.datetime) -> int:
    """Unix time in milliseconds, as ``send_datetime`` has it.

    >>> milliseconds(dt.datetime(2026, 8, 3, 8, tzinfo=ICT))
    1785718800000
    """
    return int(moment.timestamp() * 1000)


def message_id(sender: str, day: dt.date, unique: str) -> str:
    """``msg_id``: sender, YYMMDD and a UUID (version 4) without hyphens.

    >>> message_id("9520000010010", dt.date(2026, 8, 3), "a" * 32)[:19]
    '9520000010010260803'
    """
    return f"{sender}{day:%y%m%d}{unique}"


def day_of(moment: dt.datetime) -> dt.date:
    """The day of a moment in Viet Nam."""
    return moment.astimezone(ICT).date()


def checksum_text(header: Mapping[str, Any], data: str | bytes) -> bytes:
    """What the message signature is made over: two SHA-256 in upper-case hex, with a dot between.

    The first is of the header as compact JSON, the second of ``data`` as it travels. Source:
    2062/QĐ-BYT annex 2.

    >>> checksum_text({}, "PEE+")[:10]
    b'44136FA355'
    """
    body = data.encode() if isinstance(data, str) else data
    return f"{_digest(compact(header))}.{_digest(body)}".encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest().upper()


def signed_message(header: Mapping[str, Any], data: Any, sign: Sign) -> bytes:
    """A whole message; the signature goes out as Base64, as clients send it.

    (The text asks for upper case, which would destroy Base64.)
    """
    over = data if isinstance(data, str) else compact(data)
    signature = base64.b64encode(sign(checksum_text(header, over))).decode()
    return compact({"header": header, "data": data, "signature": signature})


# the two signatures inside the file


def _element(name: str) -> re.Pattern[bytes]:
    tag = name.encode()
    return re.compile(rb"<%b\s*/>|<%b\s*>(.*?)</%b\s*>" % (tag, tag, tag), re.DOTALL)


_ELEMENTS = {name: _element(name) for name in (CKS_DOCTOR, CKS_FACILITY)}


def _filled(xml: bytes, name: str, value: bytes) -> bytes:
    tag = name.encode()
    return _ELEMENTS[name].sub(lambda _: b"<%b>%b</%b>" % (tag, value, tag), xml, count=1)


def signature_of(xml: bytes, name: str) -> bytes | None:
    """The text of a signature element; empty when there is none in it, None without the element.

    >>> signature_of(b"<CKS_BENH_VIEN/>", CKS_FACILITY), signature_of(b"<A/>", CKS_FACILITY)
    (b'', None)
    """
    found = _ELEMENTS[name].search(xml)
    return None if found is None else (found[1] or b"").strip()


def file_for_doctor(xml: bytes) -> bytes:
    """What the doctor signs: the file with both signature elements empty."""
    return _filled(_filled(xml, CKS_DOCTOR, b""), CKS_FACILITY, b"")


def file_for_facility(xml: bytes) -> bytes:
    """What the facility signs: the file with the doctor's value in place, its own empty."""
    return _filled(xml, CKS_FACILITY, b"")


def sign_file(xml: bytes, doctor: Sign, facility: Sign) -> bytes:
    """The file with both signatures as Base64, first the doctor's, then the facility's.

    Empty elements become ``<NAME></NAME>`` before anything is signed; nothing else is touched. The
    text form of the values is that of one vendor; an official sample shows XMLDSig instead.

    >>> file = b"<A><CKS_NGUOI_KET_LUAN/><CKS_BENH_VIEN/></A>"
    >>> sign_file(file, lambda data: b"d", lambda data: b"f")
    b'<A><CKS_NGUOI_KET_LUAN>ZA==</CKS_NGUOI_KET_LUAN><CKS_BENH_VIEN>Zg==</CKS_BENH_VIEN></A>'
    """
    xml = file_for_doctor(xml)
    xml = _filled(xml, CKS_DOCTOR, base64.b64encode(doctor(xml)))
    return _filled(xml, CKS_FACILITY, base64.b64encode(facility(file_for_facility(xml))))
