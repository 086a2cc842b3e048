"""What the client makes of a gateway's codes and, where there is none, of an HTTP status."""

from __future__ import annotations

import re
from enum import Enum

from vnhealth.protocol import result_code as known_code

__all__ = ["Take", "known_code", "safe_code", "take_of"]

_NUMBER = re.compile(r"[0-9]{1,4}")
MASK = "•••"


class Take(Enum):
    """Whether the gateway took what was sent; the only thing a retry may depend on."""

    ANSWERED = "the gateway's own answer is there"
    AUTH = "session refused, nothing taken"
    BUSY = "nothing taken, try later"
    BARRED = "nothing taken, for good"
    UNSENT = "it never went out"
    UNCLEAR = "it may have been taken"


def safe_code(gateway: str, code: str) -> str:
    """The code if it can be shown: known, or a number of at most four digits; else a mask.

    >>> safe_code("province", "QUEUE_FULL"), safe_code("vss", "999")
    ('•••', '999')
    """
    if not code or known_code(gateway, code) or _NUMBER.fullmatch(code):
        return code
    return MASK


def take_of(gateway: str, status: int, code: str | None) -> Take:
    """From the code of an answer of the contract (None: it was no such answer) and its status.

    The code comes first: a known one decides alone. The status helps only where the code says
    nothing, and then only ever to say that nothing was taken.

    >>> [take_of("vss", *said).name for said in ((401, "205"), (200, "401"), (502, None))]
    ['ANSWERED', 'AUTH', 'UNCLEAR']
    """
    known = known_code(gateway, code) if code else None
    if known is not None and known.outcome == "auth":
        return Take.AUTH
    if known is not None and known.outcome != "transient":
        return Take.ANSWERED
    if status == 401:
        return Take.AUTH
    if status in (429, 503):
        return Take.BUSY
    if known is not None or status in (408, 500) or status >= 502:
        return Take.UNCLEAR
    if code is not None:
        return Take.ANSWERED
    return Take.UNCLEAR if 200 <= status < 300 else Take.BARRED
