"""A closer look at one journal entry: what was sent, decoded, what is wrong and what was meant.

Every value is masked: letters become ``x``, digits ``0``; its form is seen and nothing else.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from vnhealth.errors import VnHealthError
from vnhealth.findings import Finding
from vnhealth.protocol import Endpoint, gateways, vss
from vnhealth.sandbox._core import restored, shown
from vnhealth.sandbox._journal import Entry
from vnhealth.sandbox._model import Submission

if TYPE_CHECKING:
    from vnhealth.records import Document, Record
    from vnhealth.sandbox._exchange import Exchange

__all__ = ["curl", "inspect_entry", "masked", "masked_json", "nearest_call"]

UNKNOWN_TAG = "BHYT-ROW-03"
MAX_ROWS = 50
MAX_SHOWN = 40
CLOSE = 0.75
DEEPEST = 8
_DIGIT = re.compile(r"[0-9]")
_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,40}\d{0,2}[A-Za-z]{0,20}")
_LETTER = re.compile(r"[^\W\d_]")


def masked(text: str) -> str:
    """The form of a value without the value.

    >>> masked("DN4010123456789"), masked("E11.9")
    ('xx0000000000000', 'x00.0')
    """
    whole = unicodedata.normalize("NFC", text[:MAX_SHOWN])
    return _LETTER.sub("x", _DIGIT.sub("0", whole))


def nearest_call(method: str, path: str) -> str:
    """The modelled call whose path is most like this one, else an empty text.

    >>> nearest_call("POST", "/vss/api/qd130/guiHoSoXmlQd3176x")
    'POST /vss/api/qd130/guiHoSoXmlQD3176'
    """
    known = {
        (gateway.prefix + e.path).lower(): f"{e.method} {gateway.prefix}{e.path}"
        for gateway in gateways().values()
        for e in gateway.endpoints.values()
    }
    bare = {path.split("/", 2)[2]: name for path, name in known.items()}
    wanted = path.lower()
    for names, asked in ((known, wanted), (bare, wanted.lstrip("/"))):
        found = difflib.get_close_matches(asked[:200], names, 1, CLOSE)
        if found:
            return names[found[0]]
    return ""


def curl(endpoint: Endpoint, base_url: str = "$BASE_URL") -> str:
    """A call as a curl command; secrets and content are names of shell variables."""
    url = base_url + endpoint.path
    if endpoint.auth == "query":
        names = ("token", "id_token", "username", "password")
        url += "?" + "&".join(f"{name}=${name}" for name in names)
    parts = [f'curl -X {endpoint.method} "{url}"']
    match endpoint.auth:
        case "vss":
            parts += [
                f'-H "{name}: ${name}"' for name in ("accessToken", "tokenId", "passwordHash")
            ]
        case "headers":
            parts += [f'-H "{name}: ${name}"' for name in ("Username", "Password")]
        case "bearer":
            parts.append('-H "Authorization: Bearer $TOKEN"')
        case "app":
            parts += ['-H "app-name: $APP_NAME"', '-H "app-key: $APP_KEY"']
        case _:
            pass
    if "form" in endpoint.content and endpoint.record and endpoint.auth != "query":
        alone = ("fileHSBase64",)
        fields = vss.FORM_FIELDS if endpoint.auth == "vss" else alone
        parts += [f'--data-urlencode "{name}=${name}"' for name in fields]
    elif endpoint.content.split()[0] in ("xml", "json"):
        media = f"application/{endpoint.content.split()[0]}"
        parts.append(f'-H "Content-Type: {media}" --data-binary @body')
    return " \\\n  ".join(parts)


def inspect_entry(exchange: Exchange, number: int) -> dict[str, Any] | None:
    """A JSON-ready object about one entry, or None when the journal does not hold it.

    Keys: entry; curl (when the call is modelled); near_miss (the call that may have been meant);
    submission, tables or message (JSON), findings and hints (when a file was kept).
    """
    entry = next((e for e in exchange.journal.entries(after=number - 1)), None)
    if entry is None or entry.number != number:
        return None
    found: dict[str, Any] = {"entry": entry.to_dict()}
    endpoint = _endpoint(entry)
    if endpoint is not None:
        found["curl"] = curl(endpoint)
    submission = exchange.store.submission(entry.gateway, entry.transaction)
    if entry.transaction and submission is not None:
        found |= _kept(exchange, submission)
    return found


def _endpoint(entry: Entry) -> Endpoint | None:
    known = gateways().get(entry.gateway)
    return known.endpoints.get(entry.operation) if known else None


def _kept(exchange: Exchange, submission: Submission) -> dict[str, Any]:
    records = exchange.store.records(submission.number)
    body = exchange.store.body(submission.number)
    document = _read(body)
    said = [f for record in records for f in restored(record.findings)]
    reading = list(document.findings) if document is not None else []
    return {
        "submission": {
            "kind": submission.kind,
            "size": submission.size,
            "sha256": submission.digest,
            "settled": submission.settled,
            "signature": submission.signature,
            "records": [r.state.value for r in records],
        },
        "tables": list(_tables(document)) if document is not None else [],
        "message": _message(body) if document is None else None,
        "findings": [shown(f) for f in (said or reading)],
        "hints": list(_hints(document, reading)) if document is not None else [],
    }


def _read(body: bytes) -> Document | None:
    from vnhealth.codecs import read

    try:
        return read(body)
    except VnHealthError:
        return None


def _message(body: bytes) -> Any:
    """A JSON message with every value masked, None when it is none."""
    try:
        return masked_json(json.loads(body))
    except (ValueError, RecursionError):
        return None


def masked_json(value: Any, depth: int = 0) -> Any:
    """The same structure with masked values; names that no field has are masked as well.

    >>> masked_json({"hoVaTen": "Mẫu", "tuoi": 30, "dsLoi": [None, True]})
    {'hoVaTen': 'xxx', 'tuoi': '00', 'dsLoi': [None, True]}
    """
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return {
            name if _NAME.fullmatch(name) else masked(name): masked_json(item, depth + 1)
            for name, item in list(value.items())[:MAX_ROWS]
        }
    if isinstance(value, list):
        return [masked_json(item, depth + 1) for item in value[:MAX_ROWS]]
    return value if value is None or isinstance(value, bool) else masked(str(value))


def _tables(document: Document) -> Iterator[dict[str, Any]]:
    for claim in document.claims:
        for name, rows in claim.tables.items():
            yield {
                "table": name,
                "count": len(rows),
                "rows": [_row(row) for row in rows[:MAX_ROWS]],
            }


def _row(row: Record) -> dict[str, str]:
    return {tag: masked(str(value)) for tag, value in row.to_dict().items() if value is not None}


def _hints(document: Document, findings: Iterable[Finding]) -> Iterator[dict[str, str]]:
    """What an unknown tag may have been meant for: another table, or a name like it."""
    from vnhealth import spec

    edition = document.edition or spec.Edition.QD3176
    fields = {
        name: [f.tag for f in spec.table(edition, name).fields] for name in spec.tables(edition)
    }
    for finding in findings:
        if finding.code != UNKNOWN_TAG or not finding.tag:
            continue
        homes = [name for name, tags in fields.items() if finding.tag in tags]
        own = fields.get(finding.table or "", [])
        alike = difflib.get_close_matches(finding.tag, own, 1, CLOSE)
        if homes:
            text_vi = f"Thẻ {finding.tag} đúng tên nhưng thuộc bảng {', '.join(homes)}."
            text_en = f"Tag {finding.tag} is right but belongs to {', '.join(homes)}."
        elif alike:
            text_vi = f"Có phải muốn ghi {alike[0]} thay cho {finding.tag}?"
            text_en = f"Was {alike[0]} meant instead of {finding.tag}?"
        else:
            continue
        yield {
            "table": finding.table or "",
            "tag": finding.tag,
            "message": text_vi,
            "message_en": text_en,
        }
