"""What stands around the encounters of a GIAMDINHHS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._xml import is_wrapper, local
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.spec import Family

__all__ = ["Envelope", "about_signature", "hosos", "signature_of"]

_BLANKS = " \t\r\n\ufeff"
_HOLDERS = frozenset({"GIAMDINHHS", "THONGTINDONVI", "THONGTINHOSO", "DANHSACHHOSO"})
_LEAVES = frozenset({"MACSKCB", "NGAYLAP", "SOLUONGHOSO"})
_LEAF = re.compile(rb"<(?:\w{1,40}:)?(MACSKCB|NGAYLAP|SOLUONGHOSO)>([^<]{0,100})<", re.IGNORECASE)


@dataclass(slots=True)
class Envelope:
    """Header and signature of a document while it is read."""

    notes: Notes = field(default_factory=Notes)
    facility: str | None = None
    created: LocalTime | None = None
    declared: int | None = None
    signature: str = "absent"
    _seen: dict[str, str] = field(default_factory=dict)

    def read(self, root: etree._Element) -> Iterator[etree._Element]:
        """Take in all that is not an encounter; yield the elements that are (HOSO).

        Table files that stand outside every HOSO come last, under the element that holds them.
        """
        self._seen.clear()
        waiting = [root]
        outside: list[etree._Element] = []
        while waiting:
            element = waiting.pop()
            tag = local(element)
            if tag == "HOSO":
                yield element
                continue
            if element.keys():
                self.notes.count("BHYT-DOC-22", tag=safe_tag(tag))
            if tag in _LEAVES:
                self.header(tag, "".join(element.itertext()).strip(_BLANKS))
            elif tag == "CHUKYDONVI":
                self.signature = signature_of(element)
            elif tag in _HOLDERS:
                self._loose_text(element)
                waiting += [c for c in reversed(element) if local(c) != "FILEHOSO"]
                if any(local(child) == "FILEHOSO" for child in element):
                    outside.append(element)
            else:
                self.notes.count("BHYT-DOC-18", tag=safe_tag(tag))
        for element in outside:
            self.notes.count("BHYT-DOC-23")
            yield element

    def _loose_text(self, element: etree._Element) -> None:
        loose = [element.text, *(child.tail for child in element)]
        if any(text and text.strip(_BLANKS) for text in loose):
            self.notes.count("BHYT-DOC-17")

    def salvage(self, around: bytes) -> None:
        """The header of a document whose envelope is broken."""
        for tag, text in _LEAF.findall(around):
            self.header(tag.decode().upper(), text.decode("utf-8", "replace").strip())
        if b"<Signature" in around or b":Signature" in around:
            self.signature = "present"
        elif b"<CHUKYDONVI" in around:
            self.signature = "empty"

    def header(self, tag: str, text: str) -> None:
        """MACSKCB, NGAYLAP or SOLUONGHOSO. The first of each counts; another value is reported."""
        known = self._seen.setdefault(tag, text)
        if known != text:
            self.notes.count("BHYT-DOC-24", tag=tag)
        elif tag == "MACSKCB":
            self.facility = self.facility or text or None
        elif tag == "NGAYLAP" and self.created is None:
            try:
                self.created = LocalTime.parse(text)
            except ValueError:
                self.notes.count("BHYT-DOC-11")
        elif tag == "SOLUONGHOSO":
            if text.isascii() and text.isdigit() and len(text) <= 9:
                self.declared = (self.declared or 0) + int(text)
            else:
                self.notes.count("BHYT-DOC-12")

    def document(self, claims: list[Claim], source: bytes) -> Document:
        """The document, once its encounters are known."""
        if not claims:
            self.notes.say("BHYT-DOC-09")
        about_signature(self.signature, self.notes)
        return Document(
            kind=DocumentKind.ENVELOPE,
            family=claims[0].family if claims else Family.F130,
            claims=tuple(claims),
            facility=self.facility,
            created=self.created,
            declared=self.declared,
            signature=self.signature,
            own_findings=self.notes.all_at(None),
            source=source,
        )


def hosos(root: etree._Element, envelope: Envelope) -> Iterator[etree._Element]:
    """The HOSO elements of one envelope, or of several that stand one after another."""
    for top in root if is_wrapper(root) else (root,):
        yield from envelope.read(top)


def signature_of(element: etree._Element) -> str:
    """``empty`` or ``present`` for a CHUKYDONVI."""
    return "present" if len(element) or (element.text or "").strip() else "empty"


def about_signature(state: str, notes: Notes) -> None:
    """Unsigned is a finding, not an error of the reader."""
    code = {"absent": "BHYT-DOC-10", "empty": "BHYT-DOC-07"}.get(state)
    if code:
        notes.say(code)
