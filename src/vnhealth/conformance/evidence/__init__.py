"""Evidence of a run: one canonical JSON file, signed, checked offline, changed by nobody unseen."""

from vnhealth.conformance.evidence._canonical import canonical, parse_canonical
from vnhealth.conformance.evidence._file import (
    BANNER,
    FORMAT,
    Verified,
    countersign,
    facts_digest,
    payload_of,
    scenario_root,
    seal,
    traffic_root,
    verify,
)
from vnhealth.conformance.evidence._leaves import leaves_belong
from vnhealth.conformance.evidence._merkle import (
    MerkleStream,
    leaf_hash,
    merkle_proof,
    merkle_root,
    proves,
)
from vnhealth.conformance.evidence._schema import schema, violations
from vnhealth.conformance.evidence._seal import Sealer, checks_out, fingerprint_of

__all__ = [
    "BANNER",
    "FORMAT",
    "MerkleStream",
    "Sealer",
    "Verified",
    "canonical",
    "checks_out",
    "countersign",
    "facts_digest",
    "fingerprint_of",
    "leaf_hash",
    "leaves_belong",
    "merkle_proof",
    "merkle_root",
    "parse_canonical",
    "payload_of",
    "proves",
    "scenario_root",
    "schema",
    "seal",
    "traffic_root",
    "verify",
    "violations",
]
