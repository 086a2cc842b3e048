"""The one place where a signature may stand."""

from __future__ import annotations

from lxml import etree

from vnhealth.signing._profile import SignatureProfile

__all__ = ["check_place"]


def check_place(root: etree._Element, profile: SignatureProfile) -> str:
    """What is wrong with the place of CHUKYDONVI, the signature taken out; nothing when all is
    well.

    The root is one of the profile; its last child element, and no other child, is CHUKYDONVI; and
    that one holds white space only.
    """
    if profile.roots and _local(root) not in profile.roots:
        return "/*"
    names = [_local(child) for child in root if isinstance(child.tag, str)]
    if names[-1:] != [profile.holder] or names.count(profile.holder) != 1:
        return f"/*/{profile.holder}"
    holder = next(root.iterchildren("{*}" + profile.holder))
    texts = [holder.text, *(node.tail for node in holder)]
    if any(isinstance(node.tag, str) for node in holder):
        return f"/*/{profile.holder}/*"
    if any(text and text.strip(" \t\r\n") for text in texts):
        return f"/*/{profile.holder}/text()"
    return ""


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
