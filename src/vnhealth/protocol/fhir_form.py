"""The form of what the FHIR/XML report gateway takes: R4B resources, JSON Patch.

Form only: the kind of the resource, the elements that R4B or the specification of the gateway
require, words of closed lists. Profiles and terminology are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vnhealth.findings import Finding, Findings
from vnhealth.protocol._fields import error, plain
from vnhealth.protocol.fhir_report import CODE_SYSTEMS

__all__ = ["PATCHED", "check_form", "keys_in"]

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Organization": ("identifier", "name"),
    "CodeSystem": ("url", "status", "content", "concept"),
    "Practitioner": ("identifier", "name"),
    "PractitionerRole": ("practitioner", "organization"),
    "Location": ("identifier", "name"),
}
"""Elements of each resource; some only because the specification identifies things by them."""
PATCHED = ("Coverage", "Medication", "ClaimResponse")
ORGANISATION_TYPES = ("prov", "dept", "govt")
OUTCOMES = ("complete", "partial", "error")
OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


def check_form(target: str, body: Any) -> Findings:
    """What is wrong with the body for a target such as ``Practitioner`` or ``Coverage/CARD``.

    >>> [f.tag for f in check_form("Location", {"resourceType": "Location", "name": "Khoa"})]
    ['Location.identifier']
    """
    kind, _, name = target.partition("/")
    if kind in PATCHED:
        return Findings(_patch(kind, body))
    if kind == "Organization":
        return Findings(_bundle(body))
    found = list(_resource(kind, body))
    if kind == "CodeSystem" and (name not in CODE_SYSTEMS or _differs(body, name)):
        found.append(error("GW-FR-03", "CodeSystem.id"))
    return Findings(found)


def _differs(body: Any, name: str) -> bool:
    return isinstance(body, dict) and body.get("id", name) != name


def _resource(kind: str, body: Any) -> Iterator[Finding]:
    if not isinstance(body, dict) or body.get("resourceType") != kind:
        yield error("GW-FR-01", kind)
        return
    for name in REQUIRED[kind]:
        if not body.get(name):
            yield error("GW-FR-02", f"{kind}.{name}")


def _entries(body: Any) -> list[Any]:
    entries = body.get("entry") if isinstance(body, dict) else None
    return entries if isinstance(entries, list) else []


def _bundle(body: Any) -> Iterator[Finding]:
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        yield error("GW-FR-01", "Bundle")
        return
    if body.get("type") != "transaction":
        yield error("GW-FR-03", "Bundle.type")
    if not _entries(body):
        yield error("GW-FR-02", "Bundle.entry")
    for entry in _entries(body):
        if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
            yield error("GW-FR-02", "Bundle.entry.request")
            continue
        yield from _resource("Organization", entry.get("resource"))
        if not _types(entry.get("resource")) & set(ORGANISATION_TYPES):
            yield error("GW-FR-03", "Organization.type")


def _types(resource: Any) -> set[str]:
    found = set()
    for concept in _objects(resource, "type"):
        found |= {plain(coding.get("code")) for coding in _objects(concept, "coding")}
    return found


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    items = value.get(name) if isinstance(value, dict) else None
    items = items if isinstance(items, list) else []
    return [item for item in items if isinstance(item, dict)]


def _patch(kind: str, body: Any) -> Iterator[Finding]:
    if not isinstance(body, list) or not body:
        yield error("GW-FR-04", kind)
        return
    for step in body:
        path = step.get("path") if isinstance(step, dict) else None
        if not isinstance(path, str) or not path.startswith("/") or _no_operation(step):
            yield error("GW-FR-04", kind)
        elif kind == "ClaimResponse" and path == "/outcome" and step.get("value") not in OUTCOMES:
            yield error("GW-FR-03", "ClaimResponse.outcome")


def _no_operation(step: Mapping[str, Any]) -> bool:
    name = step.get("op")
    needs = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}
    return name not in OPERATIONS or needs.get(str(name), "op") not in step


def keys_in(target: str, body: Any) -> tuple[str, ...]:
    """What a body is about, as keys: its target, and for resources the first identifier.

    >>> keys_in("Location", {"identifier": [{"value": "K01"}]})
    ('Location/K01',)
    """
    if "/" in target:
        return (target,)
    if target == "Organization":
        resources = [e.get("resource") for e in _entries(body) if isinstance(e, dict)]
        return tuple(dict.fromkeys(_key(target, r) for r in resources)) or (f"{target}/",)
    return (_key(target, body),)


def _key(kind: str, resource: Any) -> str:
    values = (plain(item.get("value")) for item in _objects(resource, "identifier"))
    return f"{kind}/{next((value for value in values if value), '')}"
