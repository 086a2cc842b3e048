"""Electronic prescription code: 14 characters ``FFFFFrrrrrrr-T``.

``FFFFF`` is the facility, seven characters of 0-9 and a-z are random, ``T`` is the type (`TYPES`).
A changed prescription gets a new code. Without a check against used codes, two alike are as likely
as not after about 330,000.

Legal source: circular 26/2025/TT-BYT annex I note 1; circular 55/2025/TT-BYT (type T).
"""

from __future__ import annotations

import random
from collections.abc import Callable, MutableSet

from vnhealth.errors import IdentityError
from vnhealth.identity._base import (
    CATALOGUE_PREFIX,
    Checked,
    Context,
    canonical,
    clean,
    no,
    ok,
    passed,
    require_text,
    warn,
)

__all__ = ["KIND", "TYPES", "format", "generate", "is_valid", "normalize", "parse", "validate"]

KIND = "prescription"
TYPES = frozenset("NHCT")
"""Type letters: N narcotic, H psychotropic, C ordinary, T traditional decoction."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ATTEMPTS = 100


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a code; ``ma_cskcb`` of the context is the sending facility.

    Details: ``facility``, ``random`` and ``type``.

    >>> parse("00000ABC1234-c").normalized
    '00000abc1234-C'
    >>> parse("00000abc1234-C", {"ma_cskcb": "01901"}).codes
    ('FACILITY_MISMATCH',)
    """
    value = "".join(clean(require_text(text, KIND)).split())
    if not value:
        return no(KIND, "EMPTY")
    if len(value) != 14:
        return no(KIND, "LENGTH")
    facility, middle, dash, type_ = value[:5], value[5:12], value[12], value[13]
    if dash != "-":
        return no(KIND, "SEPARATOR")
    if not (facility.isascii() and facility.isalnum()):
        return no(KIND, "FACILITY_PART")
    if not (middle.isascii() and middle.isalnum()):
        return no(KIND, "RANDOM_PART")
    facility, middle = facility.upper(), middle.lower()
    if not type_.isascii() or type_.upper() not in TYPES:
        return no(KIND, "TYPE")
    type_ = type_.upper()
    normal = f"{facility}{middle}-{type_}"
    details = {"facility": facility, "random": middle, "type": type_}
    sender = str((context or {}).get("ma_cskcb", ""))
    if sender and sender.upper() != facility:
        return warn(KIND, normal, "FACILITY_MISMATCH", **details)
    return ok(KIND, normal, **details)


def generate(
    facility: str,
    type_: str,
    rng: random.Random,
    used: MutableSet[str] | Callable[[str], bool],
) -> str:
    """Make a code that was not used before.

    ``rng`` is `random.SystemRandom` in production and a seeded `random.Random` in tests. ``used``
    is either the set of used codes, to which the new one is added, or a function that claims a code
    in one step (for instance an insert under a unique key) and tells whether it was still free.
    Raises `IdentityError` for a bad facility or type, or when 100 codes in a row were taken.

    >>> codes = set()
    >>> one = generate("01901", "C", random.Random(7), codes)
    >>> two = generate("01901", "C", random.Random(7), codes)
    >>> one != two, is_valid(two), len(codes)
    (True, True, 2)
    """
    for _ in range(_ATTEMPTS):
        middle = "".join(rng.choices(_ALPHABET, k=7))
        code = validate(f"{facility}{middle}-{type_}")
        if callable(used):
            if used(code):
                return code
        elif code not in used:
            used.add(code)
            return code
    raise IdentityError(CATALOGUE_PREFIX + "NO_FREE_CODE", attempts=_ATTEMPTS)


def validate(text: str, context: Context | None = None) -> str:
    """Return the code; raise `IdentityError` (without the value) when it is none."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a code, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the code in its cases, or the text unchanged when it is none."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the code as printed; other text comes back unchanged.

    >>> format("00000 ABC1234 - c")
    '00000abc1234-C'
    """
    return normalize(text)
