"""QR code of the health insurance card: thirteen fields and check data, parted by ``|``.

Card number, name, birth date, sex, address, registered facility, valid from, valid to, date of
issue, managing office, parent's name, living area, five-year date, then check data and ``$``. Name,
address and parent's name are UTF-8 written in hexadecimal, on some cards plain text; a whole scan
in hexadecimal is read too. The code is a keyboard, not a proof.

Legal source: card form of decision 1666/QĐ-BHXH (2020); the order of fields is from one vendor
reader, the hexadecimal and end-mark rules are secondary; no official text was read.
"""

from __future__ import annotations

import re

from vnhealth.identity import bhyt_card, names
from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    is_digits,
    no,
    passed,
    require_text,
)
from vnhealth.identity._scan import bare, birth, day, is_mrz, is_url, joined, sex_word

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "bhyt_qr"

_FIELDS = 13
_HEX = re.compile(r"(?=.*[0-9])[0-9A-Fa-f]+")
_FACILITY = re.compile(r"([0-9]{2})\s*-?\s*([0-9]{3})")
_NONE = ("", "-")


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a scan; details are ``card``, ``name``, ``dob``, ``sex``, ``kcb`` (registered
    facility), ``from``, ``to`` (empty is open), ``address``, ``issued``, ``parent``, ``area``,
    ``five_years``.

    The context may hold ``on`` (day of the encounter, for the card level) and ``as_of``. Raises
    `IdentityError` only for what is not text.

    >>> found = parse("DN4010000012345|4de1baab75|1901|1||01 - 901|01/01/2026|-||||||00|$")
    >>> found.outcome, found.details["name"], found.details["kcb"]
    ('yes', 'Mẫu', '01901')
    >>> parse("DN4010000012345|4de1baa|1901|1||01 - 901|01/01/2026|-||||||00|$").codes
    ('NAME_HEX',)
    """
    text = _unpacked(bare(require_text(text, KIND)))
    if not text:
        return no(KIND, "EMPTY")
    fields = [field.strip() for field in text.split("|")]
    wrong = _something_else(text, fields)
    if wrong:
        return no(KIND, wrong)
    if len(fields) < _FIELDS:
        return no(KIND, "TOO_FEW_FIELDS")
    card = bhyt_card.parse(fields[0], context)
    if not card.is_valid:
        return no(KIND, f"CARD_{card.code}", card.suggestion)
    texts = [_hex_text(fields[place]) for place in (1, 4, 10)]
    name, address, parent = texts
    if name is None:
        return no(KIND, "NAME_HEX")
    if not name:
        return no(KIND, "NAME_EMPTY")
    read = {
        "card": card.normalized,
        "name": name,
        "dob": birth(fields[2], context),
        "sex": fields[3] if fields[3] in ("1", "2", "3") else sex_word(fields[3]),
        "kcb": clean(fields[5]),
        "from": day(fields[6]),
        "to": day(fields[7]),
    }
    if not read["dob"]:
        return no(KIND, "DOB")
    if address is None:
        return no(KIND, "ADDRESS_HEX")
    if not read["from"]:
        return no(KIND, "FROM")
    if fields[7] not in _NONE and not read["to"]:
        return no(KIND, "TO")
    if read["to"] and read["to"] < read["from"]:
        return no(KIND, "FROM_AFTER_TO")
    codes = list(card.codes) if card.outcome == "warn" else []
    if not read["sex"]:
        codes.append("SEX")
    facility = _FACILITY.fullmatch(read["kcb"])
    if facility:
        read["kcb"] = "".join(facility.groups())
    elif read["kcb"]:
        codes.append("KCB_SHAPE")
    if not text.endswith("$"):
        codes.append("NO_END_MARK")
    details = {
        **read,
        "address": address,
        "issued": day(fields[8]),
        "office": fields[9],
        "parent": parent or "",
        "area": fields[11],
        "five_years": day(fields[12]),
    }
    if codes:
        return Checked(KIND, joined(read), "warn", tuple(codes), "", details)
    return Checked(KIND, joined(read), "yes", ("OK",), "", details)


def _unpacked(text: str) -> str:
    """Return the text inside a scan that is hexadecimal as a whole, else the scan."""
    if len(text) > 2 * _FIELDS and len(text) % 2 == 0 and _HEX.fullmatch(text):
        inside = bytes.fromhex(text).decode("utf-8", errors="replace")
        if inside.count("|") >= _FIELDS - 1:
            return bare(inside)
    return text


def _something_else(text: str, fields: list[str]) -> str:
    """Name what was scanned instead of this code, or return empty."""
    if is_url(text):
        return "IS_URL"
    if is_mrz(text):
        return "IS_MRZ"
    citizen = len(fields) >= 7 and is_digits(fields[0]) and len(fields[0]) == 12
    return "IS_CCCD_QR" if citizen and sex_word(fields[4]) else ""


def _hex_text(field: str) -> str | None:
    """Return the display form of a plain or hexadecimal field; None when the scan was cut."""
    if field in _NONE:
        return ""
    if not _HEX.fullmatch(field):
        return names.display(field)
    try:
        return names.display(bytes.fromhex(field).decode("utf-8"))
    except ValueError:
        return None


def validate(text: str, context: Context | None = None) -> str:
    """Return ``card=…;name=…;dob=…;sex=…;kcb=…;from=…;to=…``; raise `IdentityError` when no.

    >>> validate("0000012345|4de1baab75|03/1901|Nam|||1/1/2026||||||||$")
    'card=0000012345;name=Mẫu;dob=1901-03;sex=1;kcb=;from=2026-01-01;to='
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the scan is an insurance card code, with or without warnings.

    >>> is_valid("DN4010000012345")
    False
    """
    return parse(text, context).is_valid


def normalize(text: str, context: Context | None = None) -> str:
    """Return the parts as `validate` does, or the text unchanged when it is no such code.

    >>> normalize("abc")
    'abc'
    """
    return canonical(parse(text, context), text)


def format(text: str, context: Context | None = None) -> str:
    """Write the scan again with clean fields and hexadecimal texts; the check data stay as read.

    What is no such code comes back unchanged.

    >>> format("dn4010000012345|Mẫu|1901|nam||01901|1/1/2026||||||||$")
    'DN4010000012345|4de1baab75|1901|1||01 - 901|01/01/2026|-|||||||$'
    """
    found = parse(text, context)
    if not found.is_valid:
        return text
    d = found.details
    fields = [field.strip() for field in _unpacked(bare(text)).split("|")]
    fields[0], fields[2], fields[3] = d["card"], _vn(d["dob"]), d["sex"]
    fields[1], fields[4] = d["name"].encode().hex(), d["address"].encode().hex()
    facility = _FACILITY.fullmatch(d["kcb"])
    fields[5] = " - ".join(facility.groups()) if facility else d["kcb"]
    fields[6], fields[7] = _vn(d["from"]), _vn(d["to"]) or "-"
    return "|".join(fields)


def _vn(iso: str) -> str:
    return "/".join(reversed(iso.split("-"))) if iso else ""
