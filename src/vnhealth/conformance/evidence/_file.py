"""The evidence file: sealing a payload, countersigning it, and checking all of it offline."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vnhealth.conformance.evidence._canonical import canonical, parse_canonical
from vnhealth.conformance.evidence._merkle import leaf_hash, merkle_root
from vnhealth.conformance.evidence._schema import schema, violations
from vnhealth.conformance.evidence._seal import Sealer, checks_out, fingerprint_of
from vnhealth.errors import ConformanceError

__all__ = [
    "BANNER",
    "FORMAT",
    "Verified",
    "countersign",
    "facts_digest",
    "payload_of",
    "scenario_root",
    "seal",
    "traffic_root",
    "verify",
]

FORMAT = "vnhealth-evidence/1"
MAX_BYTES = 64 * 2**20
BANNER = {
    "vi": "Đây là bằng chứng kiểm thử kết nối trên môi trường mô phỏng, không phải giấy chứng nhận "
    "của cơ quan nhà nước. Không xác nhận an toàn lâm sàng, cấp độ an toàn thông tin hay việc đã "
    "kết nối với hệ thống thật nào.",
    "en": "This is evidence of interface tests against an emulated environment. It is no "
    "certificate of any state body and says nothing of clinical safety, of a security level, or "
    "of a connection to any real system.",
}


def _signed(payload: dict[str, Any]) -> bytes:
    return FORMAT.encode() + b"\n" + canonical(payload)


def _countersigned(statement: dict[str, Any]) -> bytes:
    return b"vnhealth-witness/1\n" + canonical(statement)


def _written(document: dict[str, Any]) -> bytes:
    return canonical(document) + b"\n"


def facts_digest(facts: dict[str, Any]) -> str:
    """The hash of what a run found, the same on every machine for the same kit, seed and client."""
    return hashlib.sha256(canonical(facts)).hexdigest()


def scenario_root(leaves: Iterable[dict[str, Any]]) -> str:
    """The Merkle root over the exchanges of one scenario, hexadecimal."""
    return merkle_root([leaf_hash(canonical(leaf)) for leaf in leaves]).hex()


def traffic_root(scenarios: Iterable[dict[str, Any]]) -> str:
    """The Merkle root over the scenarios of a run, hexadecimal."""
    heads = ({name: s[name] for name in ("id", "count", "root")} for s in scenarios)
    return merkle_root([leaf_hash(canonical(head)) for head in heads]).hex()


def seal(payload: dict[str, Any], sealer: Sealer) -> bytes:
    """The evidence file of a payload (without ``banner``, ``facts_sha256`` and ``signer``).

    Raises `ConformanceError` (ERR-CERT-02) when the payload breaks the published schema.
    """
    whole = {
        **payload,
        "schema": FORMAT,
        "banner": BANNER,
        "facts_sha256": facts_digest(payload["facts"]),
        "signer": sealer.public,
    }
    document = {
        "payload": whole,
        "signature": sealer.sign(_signed(whole)).hex(),
        "witnesses": [],
    }
    broken = next(violations(document, schema("evidence")), None)
    if broken is not None:
        raise ConformanceError("ERR-CERT-02", where=broken)
    return _written(document)


def countersign(
    data: bytes, sealer: Sealer, *, name: str, unit: str, role: str, at: dt.datetime
) -> bytes:
    """The file with a person's signature added; ``role`` is witness or vendor.

    Raises `ConformanceError`: ERR-CERT-03 when the file is not intact, ERR-CERT-04 for a witness of
    a self-test, of which there is nothing to witness.
    """
    if not verify(data).intact:
        raise ConformanceError("ERR-CERT-03")
    document = json.loads(data)
    if role == "witness" and document["payload"]["kind"] == "self_test":
        raise ConformanceError("ERR-CERT-04")
    statement = {
        "name": name,
        "unit": unit,
        "role": role,
        "at": at.isoformat(timespec="seconds"),
        "payload_sha256": hashlib.sha256(_signed(document["payload"])).hexdigest(),
        "signer": sealer.public,
    }
    signature = sealer.sign(_countersigned(statement)).hex()
    document["witnesses"].append({"statement": statement, "signature": signature})
    broken = next(violations(document, schema("evidence")), None)
    if broken is not None:
        raise ConformanceError("ERR-CERT-02", where=broken)
    return _written(document)


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of an evidence file.

    ``problem`` names the first thing that is wrong: form, schema, signature, facts, traffic,
    witness, or key (signed by another key than the one asked for); empty when nothing is.
    ``trusted`` is None when no key was asked for: then the file is as its signer made it, whoever
    that is.
    """

    problem: str = ""
    kind: str = ""
    outcome: str = ""
    signer: str = ""
    trusted: bool | None = None
    witnesses: tuple[dict[str, str], ...] = ()
    exchanges: int = 0
    where: str = field(default="", repr=False)

    @property
    def intact(self) -> bool:
        """True when nothing was changed since it was signed."""
        return not self.problem

    @property
    def witnessed(self) -> bool:
        """True when a witness countersigned the run of somebody's own system."""
        return self.intact and any(w["role"] == "witness" for w in self.witnesses)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "intact": self.intact,
            "problem": self.problem,
            "kind": self.kind,
            "outcome": self.outcome,
            "witnessed": self.witnessed,
            "signer": self.signer,
            "trusted": self.trusted,
            "witnesses": list(self.witnesses),
            "exchanges": self.exchanges,
        }


def verify(data: bytes, *, key: str | None = None) -> Verified:
    """Check an evidence file without any network; never raises on any bytes.

    ``key`` is the fingerprint (SHA-256 of the public key, hexadecimal) that must have signed it.

    >>> verify(b"{}").problem
    'form'
    """
    document = _document(data)
    if document is None:
        return Verified("form")
    broken = next(violations(document, schema("evidence")), None)
    if broken is not None:
        return Verified("schema", where=broken)
    payload = document["payload"]
    known = {
        "kind": payload["kind"],
        "outcome": payload["outcome"],
        "signer": fingerprint_of(payload["signer"]),
        "witnesses": tuple(_witnesses(document)),
        "exchanges": payload["facts"]["traffic"]["count"],
        "trusted": None if key is None else fingerprint_of(payload["signer"]) == key.lower(),
    }
    return Verified(_problem(document) or ("key" if known["trusted"] is False else ""), **known)


def payload_of(data: bytes) -> dict[str, Any]:
    """The payload of an intact file. Raises `ConformanceError` (ERR-CERT-03) for any other."""
    if not verify(data).intact:
        raise ConformanceError("ERR-CERT-03")
    found: dict[str, Any] = json.loads(data)["payload"]
    return found


def _document(data: bytes) -> Any:
    if len(data) > MAX_BYTES or not data.endswith(b"\n"):
        return None
    try:
        found = parse_canonical(data[:-1])
    except ValueError:
        return None
    return found or None


def _witnesses(document: dict[str, Any]) -> Iterator[dict[str, str]]:
    for witness in document["witnesses"]:
        said = witness["statement"]
        yield {
            "name": said["name"],
            "unit": said["unit"],
            "role": said["role"],
            "at": said["at"],
            "key": fingerprint_of(said["signer"]),
        }


def _problem(document: dict[str, Any]) -> str:
    payload = document["payload"]
    signed = _signed(payload)
    if not checks_out(payload["signer"], signed, bytes.fromhex(document["signature"])):
        return "signature"
    if payload["facts_sha256"] != facts_digest(payload["facts"]) or payload["banner"] != BANNER:
        return "facts"
    if not _traffic_adds_up(payload["facts"]["traffic"]):
        return "traffic"
    digest = hashlib.sha256(signed).hexdigest()
    for witness in document["witnesses"]:
        said, made = witness["statement"], bytes.fromhex(witness["signature"])
        alone = said["role"] == "witness" and payload["kind"] == "self_test"
        if alone or said["payload_sha256"] != digest:
            return "witness"
        if not checks_out(said["signer"], _countersigned(said), made):
            return "witness"
    return ""


def _traffic_adds_up(traffic: dict[str, Any]) -> bool:
    scenarios = traffic["scenarios"]
    for scenario in scenarios:
        leaves = scenario["leaves"]
        if leaves and scenario["count"] != len(leaves):
            return False
        if leaves and scenario["root"] != scenario_root(leaves):
            return False
    return bool(
        traffic["count"] == sum(s["count"] for s in scenarios)
        and traffic["root"] == traffic_root(scenarios)
    )
