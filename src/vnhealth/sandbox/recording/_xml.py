"""XML as tables, order of tags, counts and forms of values; and XML of such a shape again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from vnhealth.codecs import _xml as hardened
from vnhealth.errors import VnHealthError
from vnhealth.sandbox.recording._words import known_tags

__all__ = ["xml_bytes", "xml_root", "xml_shape"]

UNKNOWN = "?"
STRANGE_TAG = "THE_LA"
SIGNATURE = "Signature"
DEEPEST = 16
"""Levels of elements that are looked at; the files of the standards have fewer than ten."""


def xml_root(data: bytes) -> etree._Element | None:
    """The root, or None for what the hardened parser refuses. Nothing in it is followed."""
    try:
        return hardened.tree(data)
    except (VnHealthError, etree.XMLSyntaxError):
        return None


def xml_shape(
    element: etree._Element, leaf: Callable[[str, str, int], Any], depth: int, level: int = 0
) -> dict[str, Any]:
    """``tag``, ``times`` (equal neighbours are counted, not repeated) and ``of`` or ``leaf``.

    Attributes are left out; of a signature, and of what lies too deep, only the place is kept; a
    tag that no edition knows is ``?``. ``leaf`` gets text, tag and ``depth`` of packing.
    """
    tag = etree.QName(element).localname
    shown = tag if tag.upper() in known_tags() else UNKNOWN
    if tag == SIGNATURE or level > DEEPEST:
        return {"tag": shown, "times": 1, "of": []}
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return {"tag": shown, "times": 1, "leaf": leaf((element.text or "").strip(), tag, depth)}
    of: list[dict[str, Any]] = []
    for child in children:
        found = xml_shape(child, leaf, depth, level + 1)
        if of and _structure(of[-1]) == _structure(found):
            of[-1]["times"] += 1
        else:
            of.append(found)
    return {"tag": shown, "times": 1, "of": of}


def _structure(node: dict[str, Any]) -> Any:
    """What makes two neighbours equal: their tags and whose they are, not their values."""
    if "leaf" in node:
        leaf = node["leaf"]
        inner = leaf.get("of", {}).get("root")
        return node["tag"], leaf.get("n"), _structure(inner) if inner else None
    return node["tag"], [(_structure(child), child["times"]) for child in node["of"]]


def xml_bytes(root: dict[str, Any], text: Callable[[dict[str, Any], str], str]) -> bytes:
    """XML of a shape; ``text`` makes the content of a leaf under a tag.

    >>> leaf = {"is": "text", "length": 1}
    >>> shape = {"tag": "HOSO", "times": 1, "of": [{"tag": "STT", "times": 2, "leaf": leaf}]}
    >>> xml_bytes(shape, lambda leaf, tag: "1").decode()
    '<HOSO><STT>1</STT><STT>1</STT></HOSO>'
    """
    return etree.tostring(_element(root, text), encoding="utf-8")


def _element(node: dict[str, Any], text: Callable[[dict[str, Any], str], str]) -> etree._Element:
    element = etree.Element(STRANGE_TAG if node["tag"] == UNKNOWN else node["tag"])
    if "leaf" in node:
        element.text = text(node["leaf"], node["tag"]) or None
    for child in node.get("of", ()):
        for _ in range(child["times"]):
            element.append(_element(child, text))
    return element
