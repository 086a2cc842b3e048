"""Keys and certificates of the staged facilities, made from a text so that every run has the same.

For tests only: whoever has this package has these keys. They sign staged files and nothing else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import random
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from vnhealth.localtime import ICT
from vnhealth.signing import KeySigner, TestAuthority, TrustStore

__all__ = ["Pki", "pki", "rsa_key"]

E = 65537
ROUNDS = 12
START = dt.datetime(2024, 1, 1, tzinfo=ICT)
END = dt.datetime(2034, 1, 1, tzinfo=ICT)
SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2))]


KNOWN = {"authority": (274, 711), "01991": (730, 828), "79991": (211, 199)}
"""How many candidates lie before the primes of the keys in daily use: saves looking for them."""


def _is_prime(n: int) -> bool:
    if any(n % p == 0 for p in SMALL):
        return False
    rng = random.Random(n)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(ROUNDS):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        if not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def _candidate(rng: random.Random, bits: int) -> int:
    return rng.getrandbits(bits) | (0b11 << (bits - 2)) | 1


def _prime(rng: random.Random, bits: int, skip: int) -> int:
    for _ in range(skip):
        _candidate(rng, bits)
    while True:
        n = _candidate(rng, bits)
        if math.gcd(n - 1, E) == 1 and _is_prime(n):
            return n


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The RSA key of 2048 bits that belongs to a name; the same on every machine."""
    skip = KNOWN.get(name, (0, 0))
    seeds = (hashlib.sha256(f"vnhealth kit {name} {half}".encode()).digest() for half in "pq")
    p, q = (_prime(random.Random(s), 1024, n) for s, n in zip(seeds, skip, strict=True))
    d = pow(E, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(E, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


@dataclass(frozen=True, slots=True)
class Pki:
    """A test authority and the signers of some facilities."""

    trust: TrustStore
    signers: dict[str, KeySigner]
    certificates: dict[str, bytes]
    authority: bytes

    def key_pem(self, facility: str) -> bytes:
        """The private key of a facility, PEM, as a work order hands it out."""
        key = rsa_key(facility)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def pki(facilities: tuple[str, ...]) -> Pki:
    """The keys of these facilities, each certificate registered for its own facility."""
    names = iter(["authority", *facilities])
    authority = TestAuthority(
        not_before=START,
        not_after=END,
        rng=random.Random("vnhealth kit"),
        new_key=lambda: rsa_key(next(names)),
    )
    signers = {code: authority.issue(code, not_before=START, not_after=END) for code in facilities}
    trust = authority.trust_store()
    for code, signer in signers.items():
        trust = trust.with_registered(code, signer.certificate)
    certificates = {code: signer.certificate for code, signer in signers.items()}
    return Pki(trust, signers, certificates, authority.certificate_pem)
