"""From the tokens of an old key to those of a new one: only who holds both keys can make it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vnhealth.deid._case import build
from vnhealth.deid._engine import Deidentifier
from vnhealth.deid._keys import KeyProvider
from vnhealth.records import Claim

__all__ = ["TokenChange", "crosswalk"]


@dataclass(frozen=True, slots=True)
class TokenChange:
    """One token before and after a change of key. ``tag`` is the element it stands in."""

    tag: str
    old: str
    new: str


def crosswalk(
    claims: Iterable[Claim],
    *,
    old: KeyProvider,
    new: KeyProvider,
    recipient: str,
    purpose: str,
    facility: str,
) -> Iterator[TokenChange]:
    """The tokens of encounters and persons under two keys, each pair once.

    Made from the identified claims, so it never leaves the place where those are. The week shifts
    stay when the new key was made with `Key.rotated`, else they change as well.

    >>> from vnhealth.deid import Key
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> keys = Key(bytes(range(32))), Key(bytes(range(1, 33)), "B")
    >>> claim = Claim(xml1=Xml1(ma_lk="A1", ma_bn="7"))
    >>> found = list(crosswalk([claim], old=keys[0], new=keys[1], recipient="kho",
    ...                        purpose="thong ke", facility="01901"))
    >>> [(c.tag, c.old[0], c.new[0]) for c in found]
    [('MA_LK', 'A', 'B'), ('TOKEN_BN', 'A', 'B')]
    """
    before, after = (
        Deidentifier(key, recipient=recipient, purpose=purpose, facility=facility)
        for key in (old, new)
    )
    seen: set[str] = set()
    tags = {"SO_CCCD": "TOKEN_CCCD", "MA_THE_BHYT": "TOKEN_BHXH", "MA_BN": "TOKEN_BN"}
    for claim in claims:
        summary = claim.xml1
        if summary is None:
            continue
        first = build(claim, summary, before.facility, before.people)
        second = build(claim, summary, after.facility, after.people)
        pairs = [("MA_LK", first.episode, second.episode)]
        pairs += [(tags[t], first.persons[t], second.persons[t]) for t in sorted(first.persons)]
        for tag, one, two in pairs:
            if one not in seen:
                seen.add(one)
                yield TokenChange(tag, one, two)
