"""The outline of a GIAMDINHHS that looks exactly like the skeleton, or "not me".

Like the row grammar, but for what stands around the tables: it finds the table files in a few
steps per file and leaves every other document to the XML parser, which finds the same.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

import pybase64
from lxml import etree

from vnhealth.codecs._xml import tree
from vnhealth.errors import CodecError

__all__ = ["Outline", "outlined"]

_XSI = rb' xmlns:xsi="http://www\.w3\.org/2001/XMLSchema-instance"'
_XSD = rb' xmlns:xsd="http://www\.w3\.org/2001/XMLSchema"'


def _pattern(text: str) -> re.Pattern[bytes]:
    """A pattern in which every blank stands for any number of XML's four blanks."""
    return re.compile(text.replace(" ", r"[ \t\r\n]*+").encode())


_HEAD = re.compile(
    rb"(?:<\?xml version=(?:\"1\.0\"|'1\.0')"
    rb"(?: encoding=(?:\"[Uu][Tt][Ff]-8\"|'[Uu][Tt][Ff]-8'))? ?\?>)?+"
    rb"[ \t\r\n]*+<GIAMDINHHS(?:%s(?:%s)?|%s(?:%s)?)?>" % (_XSI, _XSD, _XSD, _XSI)
)
_ABOUT = _pattern(
    " <THONGTINDONVI> <MACSKCB>([0-9A-Za-z]{0,20}+)</MACSKCB> </THONGTINDONVI> <THONGTINHOSO>"
    " <NGAYLAP>([0-9]{0,12}+)</NGAYLAP> <SOLUONGHOSO>([0-9]{0,9}+)</SOLUONGHOSO> <DANHSACHHOSO> "
)
_CASE = _pattern("<HOSO> ")
_FILE = _pattern("<FILEHOSO> <LOAIHOSO>(XML(?:[0-9]|[1-9][0-9]))</LOAIHOSO> <NOIDUNGFILE>")
_FILE_END = _pattern("</NOIDUNGFILE> </FILEHOSO> ")
_CASE_END = _pattern("</HOSO> ")
_LIST_END = _pattern("</DANHSACHHOSO> </THONGTINHOSO> ")
_UNSIGNED = _pattern("(?:<CHUKYDONVI> </CHUKYDONVI>|<CHUKYDONVI />) </GIAMDINHHS> ")
_SIGNED = _pattern("<CHUKYDONVI>(?s:.*)</CHUKYDONVI> </GIAMDINHHS> ")


@dataclass(frozen=True, slots=True)
class Outline:
    """Header texts, signature and, per HOSO, the name and the decoded content of each file."""

    header: tuple[tuple[str, str], ...]
    signature: str
    cases: list[list[tuple[str, bytes]]]


def outlined(data: bytes, largest: int) -> Outline | None:
    """The outline of a clean UTF-8 document, or None.

    ``largest`` bounds the base64 of one file; a larger one is for the XML parser to refuse.
    """
    head = _HEAD.match(data)
    about = _ABOUT.match(data, head.end()) if head else None
    if head is None or about is None:
        return None
    cases: list[list[tuple[str, bytes]]] = []
    at = about.end()
    while case := _CASE.match(data, at):
        at = case.end()
        files: list[tuple[str, bytes]] = []
        while file := _FILE.match(data, at):
            end = data.find(b"<", file.end())
            closed = _FILE_END.match(data, end)
            content = _decoded(data[file.end() : end], largest) if closed else b""
            if closed is None or not content:
                return None
            files.append((file[1].decode(), content))
            at = closed.end()
        closing = _CASE_END.match(data, at)
        if closing is None:
            return None
        cases.append(files)
        at = closing.end()
    ending = _LIST_END.match(data, at)
    signature = _signature(data, ending.end(), head[0]) if ending and cases else None
    if signature is None:
        return None
    texts = zip(("MACSKCB", "NGAYLAP", "SOLUONGHOSO"), about.groups(), strict=True)
    return Outline(tuple((tag, text.decode()) for tag, text in texts), signature, cases)


def _decoded(text: bytes, largest: int) -> bytes:
    if len(text) > largest:
        return b""
    try:
        return pybase64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signature(data: bytes, at: int, root: bytes) -> str | None:
    """``empty`` or ``present``; None when the end of the document is for the XML parser."""
    if _UNSIGNED.fullmatch(data, at):
        return "empty"
    rest = data[at:]
    if not _SIGNED.fullmatch(rest) or b"<!" in rest or b"<?" in rest:
        return None
    try:
        signed = tree(root + rest)
    except (etree.XMLSyntaxError, CodecError):
        return None
    alone = len(signed) == 1 and signed[0].tag == "CHUKYDONVI"
    return "present" if alone and len(signed[0]) else None
