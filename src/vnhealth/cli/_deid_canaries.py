"""Plant identifiers in every field and around, de-identify, search everything that came out."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from vnhealth import deid
from vnhealth.codecs import iter_claims
from vnhealth.errors import VnHealthError
from vnhealth.spec import Edition, Family, edition_info, record_fields, table, tables

__all__ = ["CanaryReport", "canaries", "plant", "try_canaries"]

BATCH = 500
_SYLLABLES = (
    "Khoắt",
    "Nguềnh",
    "Xoạn",
    "Thuỵch",
    "Phượm",
    "Quẫng",
    "Giềnh",
    "Trượp",
    "Nghiễng",
    "Khuỷnh",
    "Xuýnh",
    "Loằng",
    "Thoảng",
    "Chuếch",
    "Bượm",
    "Vuông",
    "Rưởng",
    "Sượt",
    "Nhuễ",
    "Đoằn",
)


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """How many were planted, how many were searched for where, how many survived, by kind."""

    planted: int
    places: int
    outputs: int
    found: dict[str, int]


def canaries(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """(kind, identifier), all different; none belongs to anybody."""
    kinds = ("name", "id", "card", "phone", "address")
    size = len(_SYLLABLES)
    for n in range(count):
        m = n + seed % 1000 * 20_000
        kind = kinds[n % len(kinds)]
        if kind == "name":
            a, b, c, d = (_SYLLABLES[m // size**p % size] for p in range(4))
            yield kind, f"Phùng {a} {b} {c} {d}"
        elif kind == "id":
            yield kind, f"0011{(m * 7919 + 13) % 10**8:08}"
        elif kind == "card":
            yield kind, f"DN479{(m * 104729 + 7) % 10**10:010}"
        elif kind == "phone":
            yield kind, f"09{(m * 7907 + 11) % 10**8:08}"
        else:
            yield kind, f"số {m}/7 ngõ Cây Xoạn, xã Thuỵch Loằng {m}"


def _part(edition: Edition, name: str, values: dict[str, str], loose: Iterator[str]) -> str:
    """One FILEHOSO with a row in which identifiers stand, also as attribute, comment, CDATA and in
    an element that no standard knows.
    """
    found = table(edition, name)
    fields = "".join(
        f"<{tag} a={quoteattr(next(loose))}>{escape(value)}</{tag}>"
        if n % 9 == 0
        else f"<{tag}>{escape(value)}</{tag}>"
        for n, (tag, value) in enumerate(values.items())
    )
    extra = f"<!-- {next(loose)} --><LA><![CDATA[{next(loose)}]]></LA><?x {next(loose)}?>"
    row = fields + extra
    if found.row:
        row = f"<{found.row}>{row}</{found.row}>"
    if found.list:
        row = f"<{found.list}>{row}</{found.list}>"
    xml = f"<{found.root}>{row}</{found.root}>"
    content = base64.b64encode(xml.encode()).decode()
    return f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"


def plant(edition: Edition, values: list[str]) -> bytes:
    """A file of an edition with the identifiers in every field of every table, over and over, so
    that each stands somewhere. The summary of every encounter is there and reads well, so that the
    encounter is not dropped as a whole.
    """
    family = edition_info(edition).family
    pool = cycle(values)
    left = len(values)
    records: list[str] = []
    while left > 0:
        for name in tables(edition):
            if name in ("XML0", "XML12"):
                continue
            tags = [
                f.tag for f in record_fields(family, name) if f.tag in table(edition, name).tags
            ]
            mine = dict(zip(tags, islice(pool, len(tags)), strict=True))
            left -= len(tags)
            if name == "XML1":
                parts = _part(edition, name, {**mine, "MA_CSKCB": "01901"}, pool)
            else:
                clean = {"MA_LK": f"L{len(records)}", "STT": "1", "MA_CSKCB": "01901"}
                parts = _part(edition, "XML1", clean, pool) + _part(edition, name, mine, pool)
            records.append(f"<HOSO>{parts}</HOSO>")
    loose = next(pool)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><!-- {loose} --><GIAMDINHHS><THONGTINDONVI>'
        f"<MACSKCB>01901</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>20260801</NGAYLAP>"
        f"<SOLUONGHOSO>{len(records)}</SOLUONGHOSO><DANHSACHHOSO>{''.join(records)}"
        f"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI>{escape(loose)}</CHUKYDONVI></GIAMDINHHS>"
    ).encode()


def try_canaries(count: int, seed: int, folder: Path) -> CanaryReport:
    """De-identify files full of identifiers and search data, manifests, names, logs and errors."""
    key = deid.Key.from_bytes(bytes((n * 37 + seed) % 256 for n in range(32)))
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    found: dict[str, int] = {}
    outputs = 0
    places: set[tuple[Family, str, str]] = set()
    try:
        everything = list(canaries(count, seed))
        for start in range(0, count, BATCH):
            batch = everything[start : start + BATCH]
            edition = (Edition.QD3176, Edition.QD4210)[start // BATCH % 4 == 3]
            family = edition_info(edition).family
            places |= {
                (family, name, f.tag)
                for name in tables(edition)
                for f in table(edition, name).fields
            }
            for text in _outputs(edition, batch, key, folder, start):
                outputs += 1
                for kind, n in _search(text, batch).items():
                    found[kind] = found.get(kind, 0) + n
        for kind, n in _search(log.getvalue(), everything).items():
            found[kind] = found.get(kind, 0) + n
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(level)
    return CanaryReport(count, len(places), outputs + 1, found)


def _search(text: bytes | str, batch: list[tuple[str, str]]) -> dict[str, int]:
    known: dict[str, list[str]] = {}
    for kind, value in batch:
        known.setdefault(kind, []).append(value)
    return dict(deid.scan(text, known).found)


def _outputs(
    edition: Edition, batch: list[tuple[str, str]], key: deid.Key, folder: Path, number: int
) -> Iterator[bytes | str]:
    """All that comes out of one file: data, both manifests, names, messages, representations."""
    values = [value for _, value in batch]
    safe = values[1].replace("/", "-")
    source = folder / f"{number} {safe} {values[2]}.xml"
    source.write_bytes(plant(edition, values))
    target = folder / f"out{number}"
    target.mkdir()
    manifest = deid.deidentify_file(source, target, key=key, risk=True)
    for path in target.iterdir():
        yield path.read_bytes()
        yield path.name
    yield manifest.to_json()
    yield manifest.to_json(recipient=True)
    yield repr(manifest)
    yield "".join(f.text("vi", values=True) for f in manifest.findings())
    claims = list(iter_claims(source))
    yield repr(claims)
    releaser = deid.Releaser(key, facility="01901")
    for claim in claims:
        releaser.add(claim)
    try:
        result = releaser.finish()
        yield result.data
        yield result.manifest.to_json()
    except deid.RiskTooHigh as error:
        yield error.message("vi") + repr(error)
    for change in ({"facility": values[0]}, {"policy": values[1]}, {"recipient": "\n" + values[2]}):
        names: dict[str, Any] = {"recipient": "r", "purpose": "p", **change}
        try:
            deid.apply(claims[:1], key=key, **names)
        except VnHealthError as error:
            yield str(error) + repr(error) + error.message("en") + error.hint("vi")
    source.unlink()
