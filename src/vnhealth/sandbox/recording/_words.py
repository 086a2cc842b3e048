"""Which names a cassette may show: words of the contracts, and nothing because it looks harmless.

A name that is in none of the lists is shown as its form behind a question mark: ``?xxxXx0``.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Collection
from functools import cache
from importlib.resources import files

from vnhealth.protocol import cantho, emrhub, gateways, hanoi

__all__ = ["HEADERS", "MEDIA", "contract_words", "form", "known_keys", "known_tags", "shown_key"]

LONGEST = 40
_KEPT = frozenset(" -/.:,;_+=()")

HEADERS = frozenset(
    [
        "accept",
        "accept-encoding",
        "accesstoken",
        "app-key",
        "app-name",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "csyt",
        "date",
        "host",
        "idtoken",
        "ma_cskcb",
        "password",
        "passwordhash",
        "retry-after",
        "server",
        "tinh",
        "tokenid",
        "transfer-encoding",
        "user-agent",
        "username",
        "x-tracking-id",
    ]
)
MEDIA = frozenset(
    [
        "application/json",
        "application/problem+json",
        "application/xml",
        "application/fhir+json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/html",
        "text/json",
        "text/plain",
        "text/xml",
    ]
)
_ENVELOPE = frozenset(
    [
        "GIAMDINHHS",
        "THONGTINDONVI",
        "MACSKCB",
        "THONGTINHOSO",
        "NGAYLAP",
        "SOLUONGHOSO",
        "DANHSACHHOSO",
        "HOSO",
        "FILEHOSO",
        "LOAIHOSO",
        "NOIDUNGFILE",
        "CHUKYDONVI",
        "SIGNATURE",
        "GIAM_DINH_YKHOA",
    ]
)

_CONTRACT_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("cantho", "type"): (cantho.KIND,),
    ("emrhub", "data_type"): emrhub.DATA_TYPES,
    ("emrhub", "receiver_id"): emrhub.RECEIVERS,
    ("emrhub", "txn_type"): (emrhub.TXN_TYPE,),
    ("hanoi", "loaihoso"): hanoi.HO_SO,
    ("hanoi", "matinh"): (hanoi.PROVINCE,),
}


def form(text: str) -> str:
    """Letters as ``x``, digits as ``0``, common marks as they are, all else as ``?``.

    >>> form("Trần Văn 1975-02"), form("a" * 50)
    ('xxxx xxx 0000-00', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')
    """
    return "".join(_mark(letter) for letter in unicodedata.normalize("NFC", text)[:LONGEST])


def _mark(letter: str) -> str:
    if letter.isalpha():
        return "x"
    if letter.isnumeric():
        return "0"
    return letter if letter in _KEPT else "?"


def contract_words(gateway: str, field: str) -> Collection[str]:
    """The words that a contract has for a field (in lower case) of its requests.

    >>> contract_words("cantho", "type")
    ('3176',)
    """
    return _CONTRACT_WORDS.get((gateway, field), ())


@cache
def known_keys() -> frozenset[str]:
    """Names of fields in the messages of all gateways, and the tags of `known_tags`."""
    text = (files("vnhealth.sandbox.recording") / "data" / "words.txt").read_text("utf-8")
    found = set(text.split()) | known_tags()
    for gateway in gateways().values():
        found |= {field.partition("=")[0] for field in gateway.login.split()[1:]}
    data = files("vnhealth.protocol") / "data"
    for file in data.iterdir():
        if file.name.endswith("_fields.csv"):
            for row in csv.DictReader(file.read_text("utf-8").splitlines()):
                found.add(row.get("name") or row.get("field") or row.get("tag") or "")
    return frozenset(found)


@cache
def known_tags() -> frozenset[str]:
    """Tags and table names of all editions and the words of the envelopes."""
    from vnhealth.spec import Family, record_fields, table, tables

    found = set(_ENVELOPE)
    for family, edition in ((Family.F4210, "4210"), (Family.F130, "3176")):
        for name in tables(edition):
            spec = table(edition, name)
            found |= {name, spec.root, spec.list, spec.row}
            found |= {field.tag for field in record_fields(family, name)}
    return frozenset(found)


def shown_key(name: str, more: frozenset[str] = frozenset()) -> str:
    """The name when it is a known word (or one of ``more``), else its form.

    >>> shown_key("maKetQua"), shown_key("NguyenVanAn01")
    ('maKetQua', '?xxxxxxxxxxx00')
    """
    return name if name in known_keys() or name in more else "?" + form(name)
