"""QR code on the citizen card (CCCD, căn cước): seven fields parted by ``|``.

Number, old number, name, birth date, sex as a word, address, date of issue; newer cards add fields
whose meaning is not established (their content is kept aside and not read). The code is a
keyboard, not a proof: anyone can print one. When something else was scanned, the result says what.

Legal source: decree 70/2024/NĐ-CP article 12 (old number shown in the code); the order of fields
is from two vendor readers, not from a text.
"""

from __future__ import annotations

from vnhealth.identity import cccd, names
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

KIND = "cccd_qr"

_FIELDS = 7
_KEPT_WARNINGS = ("SEX_MISMATCH", "BIRTH_YEAR_MISMATCH", "BIRTH_YEAR_IN_FUTURE")


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a scan; details are ``id``, ``old``, ``name``, ``dob``, ``sex``, ``address``,
    ``issued`` and ``extra`` (the raw fields behind the seventh).

    The context may hold ``as_of``. Raises `IdentityError` only for what is not text.

    >>> found = parse("001101000123||Trần Thị Mẫu|05031901|Nữ|Hà Nội|01012022")
    >>> found.details["dob"], found.details["sex"]
    ('1901-03-05', '2')
    >>> parse("https://example.org/qr").codes
    ('IS_URL',)
    """
    text = bare(require_text(text, KIND))
    if not text:
        return no(KIND, "EMPTY")
    fields = text.split("|")
    wrong = _something_else(text, fields)
    if wrong:
        return no(KIND, wrong)
    if len(fields) < _FIELDS:
        return no(KIND, "TOO_FEW_FIELDS", _respelled(text, context))
    number, old, name, dob, sex, address, issued = fields[:_FIELDS]
    extra = "|".join(fields[_FIELDS:])
    read = {
        "id": "",
        "old": clean(old),
        "name": names.display(name),
        "dob": birth(dob, context),
        "sex": sex_word(sex),
        "address": names.display(address),
        "issued": day(issued),
    }
    person = cccd.parse(
        number,
        {
            "sex": read["sex"],
            "dob": read["dob"].replace("-", ""),
            "as_of": (context or {}).get("as_of"),
        },
    )
    if not person.is_valid:
        return no(KIND, f"ID_{person.code}", person.suggestion)
    read["id"] = person.normalized
    if read["old"] and not (is_digits(read["old"]) and len(read["old"]) in (9, 12)):
        return no(KIND, "OLD_ID")
    for part, code in (("name", "NAME_EMPTY"), ("dob", "DOB"), ("sex", "SEX")):
        if not read[part]:
            return no(KIND, code)
    if clean(issued) and not read["issued"]:
        return no(KIND, "ISSUE_DATE")
    codes = [code for code in person.codes if code in _KEPT_WARNINGS]
    if extra.replace("|", "").strip():
        codes.append("EXTRA_FIELDS")
    details = {**read, "extra": extra}
    if codes:
        return Checked(KIND, joined(read), "warn", tuple(codes), "", details)
    return Checked(KIND, joined(read), "yes", ("OK",), "", details)


def _something_else(text: str, fields: list[str]) -> str:
    """Name what was scanned instead of this code, or return empty."""
    if is_url(text):
        return "IS_URL"
    if is_mrz(text):
        return "IS_MRZ"
    first = fields[0].strip().upper()
    if len(first) == 15 and first[:2].isalpha() and is_digits(first[2:]):
        return "IS_BHYT_CARD_QR"
    if len(first) == 10 and is_digits(first) and text.endswith("$"):
        return "IS_BHYT_CARD_QR"
    return ""


def _respelled(text: str, context: Context | None) -> str:
    """Return the scan with ``|`` where the keyboard layout wrote ``~`` or ``;``, if that reads."""
    for mark in "~;":
        if "|" not in text and text.count(mark) >= _FIELDS - 1:
            meant = text.replace(mark, "|")
            if parse(meant, context).is_valid:
                return meant
    return ""


def validate(text: str, context: Context | None = None) -> str:
    """Return ``id=…;old=…;name=…;dob=…;sex=…;address=…;issued=…``; raise `IdentityError` when no.

    >>> validate("001001000123||Mẫu|1901|Nam||")
    'id=001001000123;old=;name=Mẫu;dob=1901;sex=1;address=;issued='
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the scan is a citizen card code, with or without warnings.

    >>> is_valid("001001000123")
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
    """Write the scan again with clean fields; what is no such code comes back unchanged.

    >>> format("001001000123||Mẫu  A|5031901|NAM||")
    '001001000123||Mẫu A|05031901|Nam||'
    """
    found = parse(text, context)
    if not found.is_valid:
        return text
    d = found.details
    digits = ["".join(reversed(d[part].split("-"))) for part in ("dob", "issued")]
    sex = "Nam" if d["sex"] == "1" else "Nữ"
    fields = [d["id"], d["old"], d["name"], digits[0], sex, d["address"], digits[1]]
    return "|".join(fields) + ("|" + d["extra"] if d["extra"] else "")
