"""Hardened parsing and canonical XML.

The trap: ``etree.tostring(subelement, method="c14n")`` of lxml writes stray ``xmlns=""`` on the
grandchildren of a subtree whose elements are in the default namespace. Only whole documents are
canonicalised here; a subtree is first written out and parsed again.
"""

from __future__ import annotations

from lxml import etree

from vnhealth.signing._profile import CANONICALIZATIONS

__all__ = ["XML_ERRORS", "canonical_document", "canonical_subtree", "parse"]

XML_ERRORS = (etree.LxmlError, ValueError)
"""What lxml raises for bytes or trees that it does not take."""

_XML = "{http://www.w3.org/XML/1998/namespace}"


def parse(data: bytes) -> etree._Element:
    """The root of a document. No entities, DTD, network or huge trees; raises `XML_ERRORS`."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        strip_cdata=False,
        remove_blank_text=False,
    )
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.doctype:
        raise ValueError("DOCTYPE")
    return root


def canonical_document(root: etree._Element, method: str) -> bytes:
    """The canonical octets of the whole document of ``root``, comments left out."""
    return etree.tostring(
        root.getroottree(), method="c14n", exclusive=CANONICALIZATIONS[method], with_comments=False
    )


def canonical_subtree(element: etree._Element, method: str) -> bytes:
    """The canonical octets of an element in the context of its document, comments left out.

    Inclusive C14N 1.0 gives the apex every namespace in scope (lxml writes them when it serialises
    a subelement) and the nearest ``xml:*`` attributes of its ancestors.
    """
    apex = parse(etree.tostring(element, with_tail=False, encoding="utf-8"))
    if not CANONICALIZATIONS[method]:
        for ancestor in element.iterancestors():
            for name, value in ancestor.attrib.items():
                if str(name).startswith(_XML) and name not in apex.attrib:
                    apex.set(name, value)
    return canonical_document(apex, method)
