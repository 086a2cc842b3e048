"""Schema-valid stand-ins for test data: FF1 format-preserving encryption (NIST SP 800-38G).

A permutation, so two persons never get the same number, and who holds the key can turn it back.
That makes the result *pseudonymised* and fit for test systems that check digits, not for a store:
stores get `vnhealth.deid.Tokens`. Needs the extra ``fpe`` (package ``libffx``, MIT).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from vnhealth.deid._keys import KeyProvider, framed
from vnhealth.errors import DeidError

__all__ = ["StandIns"]

_MIN_DIGITS = 6
"""FF1 asks for a domain of a million or more."""


@cache
def _ff1() -> Any:
    try:
        from ffx import FF1  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise DeidError("ERR-DEID-11", package="libffx") from None
    return FF1


class StandIns:
    """Digits to digits of the same length, for one recipient, purpose and key version.

    What has a meaning of its own stays, so that the checks of a test system pass: the first six
    digits of a personal number (province, century and sex, year of birth), and the first five
    characters of a card (group, benefit, province). Everything else is permuted.
    """

    __slots__ = ("_cipher",)

    def __init__(self, key: KeyProvider, recipient: str, purpose: str) -> None:
        self._cipher = _ff1()(key.derive(framed("ff1", recipient, purpose, key.version)), radix=10)

    def digits(self, text: str, kind: str) -> str:
        """A run of six digits or more. Raises `ValueError` (without the text) for anything else."""
        if len(text) < _MIN_DIGITS or not (text.isascii() and text.isdigit()):
            raise ValueError("six digits or more are needed")
        found: str = self._cipher.encrypt(text, tweak=kind.encode())
        return found

    def back(self, text: str, kind: str) -> str:
        """The digits that `digits` was given."""
        found: str = self._cipher.decrypt(text, tweak=kind.encode())
        return found

    def personal_number(self, text: str) -> str:
        """Twelve digits with the same province, century, sex and year of birth."""
        if len(text) != 12:
            raise ValueError("twelve digits are needed")
        return text[:6] + self.digits(text[6:], f"cccd {text[:6]}")

    def card(self, text: str) -> str:
        """Fifteen characters with the same group, benefit level and province."""
        if len(text) != 15:
            raise ValueError("fifteen characters are needed")
        return text[:5] + self.digits(text[5:], "bhxh")

    def __repr__(self) -> str:
        return "<StandIns>"
