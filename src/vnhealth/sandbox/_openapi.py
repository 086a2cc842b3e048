"""An OpenAPI 3.1 description of all gateways of the sandbox, from the rows of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vnhealth import __version__
from vnhealth.protocol import Endpoint, Gateway, gateways, result_codes
from vnhealth.protocol.vss import HEADER_ACCESS_TOKEN, HEADER_PASSWORD_HASH, HEADER_TOKEN_ID

__all__ = ["openapi"]

MEDIA = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "xml": "application/xml",
    "multipart": "multipart/form-data",
}
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "vss": [{HEADER_ACCESS_TOKEN: [], HEADER_TOKEN_ID: [], HEADER_PASSWORD_HASH: []}],
    "bearer": [{"bearer": []}],
}
NOTE = (
    "Môi trường thử của vnhealth; không nối với hệ thống thật nào. / The sandbox of vnhealth; it is"
    " connected to no real system. x-evidence: official, two vendors, one vendor, document,"
    " vnhealth-defined, assumption."
)


def openapi(keys: Iterable[str] | None = None) -> dict[str, Any]:
    """The description of some gateways, or of all, as a JSON-ready object.

    >>> found = openapi(["vss"])
    >>> found["paths"]["/vss/api/token/take"]["post"]["operationId"]
    'vss.login'
    """
    paths: dict[str, dict[str, Any]] = {}
    chosen = gateways() if keys is None else {key: gateways()[key] for key in keys}
    for gateway in chosen.values():
        for endpoint in gateway.endpoints.values():
            place = paths.setdefault(gateway.prefix + endpoint.path, {})
            place[endpoint.method.lower()] = _operation(gateway, endpoint)
    header_schemes = {
        name: {"type": "apiKey", "in": "header", "name": name}
        for name in (HEADER_ACCESS_TOKEN, HEADER_TOKEN_ID, HEADER_PASSWORD_HASH)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "vnhealth sandbox", "version": __version__, "description": NOTE},
        "tags": [
            {"name": g.key, "description": f"{g.title_vi} / {g.title_en}. {g.source}"}
            for g in chosen.values()
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, **header_schemes}
        },
    }


def _operation(gateway: Gateway, endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{gateway.key}.{endpoint.name}",
        "tags": [gateway.key],
        "x-evidence": endpoint.evidence,
        "x-source": endpoint.source,
        "responses": _responses(gateway),
    }
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    if names:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if endpoint.auth in SECURITY:
        found["security"] = SECURITY[endpoint.auth]
    media = [MEDIA[word] for word in endpoint.content.split() if word in MEDIA]
    if media:
        found["requestBody"] = {"content": {name: {"schema": _body(name)} for name in media}}
    return found


def _body(media: str) -> dict[str, Any]:
    return {"type": "string"} if media == MEDIA["xml"] else {"type": "object"}


def _responses(gateway: Gateway) -> dict[str, Any]:
    """One response per HTTP status that the gateway's codes come with."""
    meanings: dict[int, list[str]] = {200: []}
    for code in result_codes(gateway.key):
        if code.http:
            meanings.setdefault(code.http, []).append(f"{code.code}: {code.meaning_vi}")
    return {
        str(status): {"description": "; ".join(lines) or "OK"}
        for status, lines in sorted(meanings.items())
    }
