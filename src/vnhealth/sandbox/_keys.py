"""RSA keys that the sandbox gives out, made from the seed: the same seed gives the same keys.

Anyone who knows the seed can make them. They stand for keys that an authority issues, so that a
signature can be checked; they protect nothing.
"""

from __future__ import annotations

import random
from functools import lru_cache
from typing import TYPE_CHECKING

from vnhealth.sandbox._ids import IdMaker

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["IssuedKeys"]

BITS = 2048
EXPONENT = 65537
SMALL = [n for n in range(3, 2000, 2) if all(n % m for m in range(3, int(n**0.5) + 1, 2))]


class IssuedKeys:
    """Keys by purpose and holder, made when they are first asked for (about a quarter second)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _key(self, purpose: str, holder: str) -> RSAPrivateKey:
        return _made(self._seed, purpose, holder)

    def private_pem(self, purpose: str, holder: str) -> str:
        """The private key as unencrypted PKCS #8."""
        from cryptography.hazmat.primitives import serialization as form

        return (
            self._key(purpose, holder)
            .private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
            .decode()
        )

    def public_pem(self, purpose: str, holder: str) -> str:
        """The public key."""
        from cryptography.hazmat.primitives import serialization as form

        public = self._key(purpose, holder).public_key()
        kind = form.PublicFormat.SubjectPublicKeyInfo
        return public.public_bytes(form.Encoding.PEM, kind).decode()

    def sign(self, purpose: str, holder: str, data: bytes) -> bytes:
        """RSA-SHA256 (PKCS #1 v1.5) over ``data``."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self._key(purpose, holder).sign(data, padding.PKCS1v15(), hashes.SHA256())

    def right(self, purpose: str, holder: str, signature: bytes, data: bytes) -> bool:
        """True when the signature is of this holder and over this data."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        public = self._key(purpose, holder).public_key()
        try:
            public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=256)
def _made(seed: int, purpose: str, holder: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    rng = IdMaker(seed).rng("rsa", purpose, holder)
    p, q = _prime(rng), _prime(rng)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(EXPONENT, p * q),
    )
    return numbers.private_key()


def _prime(rng: random.Random) -> int:
    """A number that passes Fermat's test; the library checks the key as a whole."""
    half = BITS // 2
    while True:
        n = rng.getrandbits(half) | (3 << (half - 2)) | 1
        if all(n % small for small in SMALL) and n % EXPONENT != 1 and pow(2, n - 1, n) == 1:
            return n
