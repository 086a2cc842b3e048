"""A file as it arrived, opened without any leniency: rows as texts, and what is odd about it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

__all__ = ["Opened", "opened"]

BOM = b"\xef\xbb\xbf"
Rows = list[dict[str, str]]


@dataclass(slots=True, repr=False)
class Opened:
    """What stands in a file. ``odd`` names deviations, without any value.

    ``cases`` holds the tables of each HOSO; ``orders`` the tags of each row as they came.
    """

    facility: str = ""
    created: str = ""
    declared: str = ""
    cases: list[dict[str, Rows]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    orders: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    part_names: list[str] = field(default_factory=list)


def opened(data: bytes) -> Opened:
    """Open a claim or check-in file.

    >>> opened(b"no xml at all").odd
    ['not_xml']
    """
    found = Opened()
    if data.startswith(BOM):
        found.odd.append("bom")
        data = data.removeprefix(BOM)
    root = _parsed(data, found)
    if root is None:
        return found
    name = etree.QName(root).localname
    if name == "GIAMDINHHS":
        found.facility = root.findtext("THONGTINDONVI/MACSKCB") or ""
        found.created = root.findtext("THONGTINHOSO/NGAYLAP") or ""
        found.declared = root.findtext("THONGTINHOSO/SOLUONGHOSO") or ""
        for case in root.iterfind("THONGTINHOSO/DANHSACHHOSO/HOSO"):
            found.cases.append(dict(_parts(case, found)))
    else:
        table = "XML0" if "TRANG_THAI_KCB" in name else name
        found.cases.append({table: _rows(root, table, found)})
    return found


def _parsed(data: bytes, found: Opened) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    head = data[:200].lower()
    if (b"encoding=" in head and b"utf-8" not in head) or not _utf8(data):
        found.odd.append("encoding")
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        found.odd.append("not_xml")
        return None


def _utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parts(case: etree._Element, found: Opened) -> Iterator[tuple[str, Rows]]:
    for part in case.iterfind("FILEHOSO"):
        name = (part.findtext("LOAIHOSO") or "").strip()
        held = part.find("NOIDUNGFILE")
        text = "" if held is None else (held.text or "")
        found.part_names.append(name)
        if held is not None and len(held):
            found.odd.append("inline")
            continue
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            found.odd.append("part_base64")
            continue
        if data.startswith(BOM):
            found.odd.append("part_bom")
            data = data.removeprefix(BOM)
        root = _parsed(data, found)
        if root is not None:
            yield name, _rows(root, name, found)


def _rows(root: etree._Element, table: str, found: Opened) -> Rows:
    """The elements whose children are all leaves: rows, at whatever depth they stand."""
    rows = []
    for element in root.iter(etree.Element):
        children = [child for child in element if isinstance(child.tag, str)]
        if not children or any(len(child) for child in children):
            continue
        if etree.QName(element).namespace == "http://www.w3.org/2000/09/xmldsig#":
            continue
        named = [(etree.QName(child).localname, child.text or "") for child in children]
        cells = [(tag, text) for tag, text in named if tag != "CHUKYDONVI"]
        if not cells:
            continue
        found.orders.setdefault(table, []).append(tuple(tag for tag, _ in cells))
        rows.append(dict(cells))
    return rows
