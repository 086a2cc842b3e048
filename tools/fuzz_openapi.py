"""Random requests by the OpenAPI description against the sandbox: no 5xx, and no value comes back.

    make fuzz                     # builds an environment of its own with schemathesis
    python tools/fuzz_openapi.py --examples 200 --seed 7

Half of the requests carry a good session. Prints one JSON object; the exit code is 1 when a call
answered 5xx, raised, or showed a password, a session of somebody else or a name that was sent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from vnhealth.protocol import Endpoint, gateways
from vnhealth.sandbox import Exchange, IdMaker, Request, Response, VirtualClock
from vnhealth.sandbox._ids import Session
from vnhealth.sandbox._openapi import openapi

FACILITY = "01001"
NAME = "NGUYỄN THỊ CANH CHỪNG"
BOUNDARY = "vnhealth-fuzz"
GIVES_BACK = frozenset({"fhir_report.logs"})
"""Calls that by their document show the facility what it sent itself (resourceData)."""


def session_headers(exchange: Exchange, key: str) -> dict[str, str]:
    """The headers of a good session, whatever the form of the gateway's login."""
    account = exchange.credentials(FACILITY, key)
    ends = VirtualClock().now().replace(year=2027)
    session = Session(key, account.username, ends, 10**6)
    ids = IdMaker(exchange.ids.seed)
    return {
        "authorization": f"Bearer {ids.token(session)}",
        "accessToken": ids.token(session),
        "tokenId": ids.token(session, "id"),
        "passwordHash": "0" * 32,
    }


def encoded(media: str, body: Any) -> bytes:
    """A generated body as bytes of its media type; what was not generated is empty."""
    if isinstance(body, bytes | str):
        return body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    if not isinstance(body, dict | list):
        return b""
    fields = body if isinstance(body, dict) else {}
    if media.endswith("json"):
        return json.dumps(body).encode()
    if "multipart" in media:
        parts = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        return f"{parts}--{BOUNDARY}--\r\n".encode("utf-8", "replace")
    return urlencode({k: str(v) for k, v in fields.items()}, errors="replace").encode()


def planted(body: bytes) -> bytes:
    """The body with a person's name in it, where it is an object."""
    return body.replace(b"{", b'{"hoTen": "' + NAME.encode() + b'", ', 1) if body != b"{}" else body


def operations() -> Iterator[tuple[Endpoint, Any]]:
    """Every described call with a strategy of its requests."""
    known = {f"{g.key}.{e.name}": e for g in gateways().values() for e in g.endpoints.values()}
    for found in schemathesis.openapi.from_dict(openapi()).get_all_operations():
        operation = found.ok()
        yield known[operation.definition.raw["operationId"]], operation.as_strategy()


def wrong(answer: Response, exchange: Exchange, endpoint: Endpoint) -> str:
    """What an answer must not be or hold; empty when it is well."""
    if answer.status >= 500:
        return f"status {answer.status}"
    own = f"{endpoint.gateway}.{endpoint.name}" in GIVES_BACK
    if not own and NAME.encode() in answer.body:
        return "a name came back"
    if exchange.credentials(FACILITY, endpoint.gateway).password.encode() in answer.body:
        return "a password came back"
    return ""


def fuzz(
    exchange: Exchange, endpoint: Endpoint, requests: Any, examples: int, start: int
) -> Counter[str]:
    """Send random requests of one call; counts by HTTP status, and what was wrong."""
    seen: Counter[str] = Counter()
    headers = session_headers(exchange, endpoint.gateway)

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests, st.booleans())
    def run(case: Any, signed: bool) -> None:
        media = case.media_type or ""
        sent = {str(k): str(v) for k, v in (case.headers or {}).items()}
        sent |= headers if signed else {}
        boundary = f"; boundary={BOUNDARY}" if "multipart" in media else ""
        sent["Content-Type"] = media + boundary
        query = urlencode({k: str(v) for k, v in (case.query or {}).items()}, errors="replace")
        body = planted(encoded(media, case.body))
        answer = exchange.handle(
            Request(case.method.upper(), case.formatted_path, sent, query, body)
        )
        seen[str(answer.status)] += 1
        bad = wrong(answer, exchange, endpoint)
        if bad:
            seen[f"wrong: {bad}"] += 1

    run()
    return seen


def main() -> int:
    """Fuzz every call; prints counts and gives 1 when a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    exchange = Exchange.default(seed=7)
    total: Counter[str] = Counter()
    broken: dict[str, dict[str, int]] = {}
    calls = 0
    for endpoint, requests in operations():
        calls += 1
        seen = fuzz(exchange, endpoint, requests, chosen.examples, chosen.seed)
        total += seen
        bad = {name: count for name, count in seen.items() if name.startswith("wrong")}
        if bad:
            broken[f"{endpoint.gateway}.{endpoint.name}"] = bad
    print(
        json.dumps(
            {"calls": calls, "requests": exchange.journal.count, "answers": total, "broken": broken}
        )
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
