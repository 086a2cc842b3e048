"""People by code, merged when two records are one person, with a log, and parted again.

A merge moves nothing: both records stay as they are, the losing code leads to the surviving one,
and what is seen of the survivor is the union of their numbers. So undoing a merge needs no guess.

Legal source: none orders this; keeping and being able to undo is this project's own policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vnhealth.errors import IdentityError
from vnhealth.identity.matching import Decision
from vnhealth.models._base import Model
from vnhealth.models.person import (
    Identifier,
    IdentifierState,
    IdentifierType,
    PersonIdentity,
    Provenance,
)

__all__ = ["MergeAction", "MergeEntry", "PersonBook"]


class MergeAction(StrEnum):
    """What was done."""

    MERGE = "merge"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MergeEntry(Model):
    """One line of the log. ``rule`` and ``evidence`` are the codes of the ladder, empty when a
    person decided alone; ``undoes`` is the number of the entry that an undo takes back.
    """

    number: int
    action: MergeAction
    survivor: str
    loser: str
    by: str
    at: datetime
    rule: str = ""
    evidence: tuple[str, ...] = ()
    reason: str | None = None
    undoes: int | None = None


class PersonBook:
    """People by code, in memory.

    >>> book = PersonBook()
    >>> number = Identifier(type=IdentifierType.SOCIAL_INSURANCE, value="0000012345")
    >>> book.put(PersonIdentity(code="BN1"))
    >>> book.put(PersonIdentity(code="BN2").with_identifier(number))
    >>> entry = book.merge("BN1", "BN2", by="records office", at=datetime(2026, 11, 20, 9, 0))
    >>> book.resolve("BN2"), len(book.view("BN1").identifiers)
    ('BN1', 1)
    >>> _ = book.undo(entry.number, by="records office", at=datetime(2026, 11, 21, 9, 0))
    >>> book.resolve("BN2"), [line.action.value for line in book.log]
    ('BN2', ['merge', 'undo'])
    """

    def __init__(self) -> None:
        self._people: dict[str, PersonIdentity] = {}
        self._into: dict[str, str] = {}
        self._log: list[MergeEntry] = []
        self._holders: dict[tuple[str, str, str], set[str]] = {}

    def put(self, person: PersonIdentity) -> None:
        """Store a person, or a new state of one."""
        before = self._people.get(person.code)
        for held in before.finding() if before else ():
            self._holders[held.key].discard(person.code)
        self._people[person.code] = person
        for held in person.finding():
            self._holders.setdefault(held.key, set()).add(person.code)

    def get(self, code: str) -> PersonIdentity:
        """Give the record of this code alone, merged or not; `IdentityError` when unknown."""
        try:
            return self._people[code]
        except KeyError:
            raise IdentityError("ID-PERSON_UNKNOWN") from None

    def resolve(self, code: str) -> str:
        """Give the code to use: the survivor's when the record was merged."""
        self.get(code)
        while code in self._into:
            code = self._into[code]
        return code

    def members(self, code: str) -> tuple[str, ...]:
        """Give the codes of all records that are now this person, the survivor's first."""
        last = self.resolve(code)
        others = [c for c in self._people if c != last and self.resolve(c) == last]
        return (last, *others)

    def view(self, code: str) -> PersonIdentity:
        """Give the person as one: the survivor's record with the numbers and kin of all members.

        The same number in two records stands once, with the better provenance.
        """
        members = [self.get(member) for member in self.members(code)]
        numbers: dict[tuple[object, ...], Identifier] = {}
        order = tuple(Provenance)
        for held in (x for member in members for x in member.identifiers):
            known = numbers.setdefault((held.key, held.state), held)
            if order.index(held.provenance) > order.index(known.provenance):
                numbers[held.key, held.state] = replace(known, provenance=held.provenance)
        kin = dict.fromkeys(x for member in members for x in member.kin)
        return replace(members[0], identifiers=tuple(numbers.values()), kin=tuple(kin))

    def merge(
        self,
        survivor: str,
        loser: str,
        *,
        by: str,
        at: datetime,
        decision: Decision | None = None,
        confirmed: bool = False,
        reason: str | None = None,
    ) -> MergeEntry:
        """Make two records one person.

        With a ``decision`` of the ladder that is not ``match``, or when either record is
        provisional (unknown patient, newborn), somebody must have looked: ``confirmed``. Without a
        decision the merge is somebody's own. Raises `IdentityError`: ``ID-PERSON_UNKNOWN``,
        ``ID-MERGE_SELF``, ``ID-MERGE_UNCONFIRMED``, ``ID-MERGE_KIN`` (mother and child).
        """
        keep, lose = self.resolve(survivor), self.resolve(loser)
        if keep == lose:
            raise IdentityError("ID-MERGE_SELF")
        one, other = self.view(keep), self.view(lose)
        if {x.person for x in one.kin} & set(self.members(lose)):
            raise IdentityError("ID-MERGE_KIN")
        if {x.person for x in other.kin} & set(self.members(keep)):
            raise IdentityError("ID-MERGE_KIN")
        weak = decision is not None and decision.outcome != "match"
        automatic = decision is not None and (one.provisional or other.provisional)
        if (weak or automatic) and not confirmed:
            raise IdentityError("ID-MERGE_UNCONFIRMED")
        self._into[lose] = keep
        return self._write(
            action=MergeAction.MERGE,
            survivor=keep,
            loser=lose,
            by=by,
            at=at,
            rule=decision.rule if decision else "",
            evidence=decision.evidence if decision else (),
            reason=reason,
        )

    def undo(self, number: int, *, by: str, at: datetime, reason: str | None = None) -> MergeEntry:
        """Take a merge back: the losing record stands for itself again, with all it had before and
        what was written to its own code since. Records merged into it earlier go with it.

        Raises `IdentityError` (``ID-MERGE_NOT_STANDING``) when there is no such merge to undo.
        """
        entry = next((x for x in self._log if x.number == number), None)
        undone = {x.undoes for x in self._log}
        if entry is None or entry.action is not MergeAction.MERGE or number in undone:
            raise IdentityError("ID-MERGE_NOT_STANDING")
        del self._into[entry.loser]
        return self._write(
            action=MergeAction.UNDO,
            survivor=entry.survivor,
            loser=entry.loser,
            by=by,
            at=at,
            reason=reason,
            undoes=number,
        )

    def _write(self, **what: object) -> MergeEntry:
        entry = MergeEntry(number=len(self._log) + 1, **what)  # type: ignore[arg-type]
        self._log.append(entry)
        return entry

    @property
    def log(self) -> tuple[MergeEntry, ...]:
        """All merges and undoings, oldest first; nothing is ever taken out."""
        return tuple(self._log)

    def find(self, type: IdentifierType, value: str, issuer: str = "") -> tuple[str, ...]:
        """Give the people (survivors) who have or had a number, given in normal form."""
        held = self._holders.get((type.value, issuer, value), set())
        return tuple(sorted({self.resolve(code) for code in held}))

    def clashes(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Give each (type, value) that is active and verified for more than one person."""
        found: dict[tuple[str, str], set[str]] = {}
        for person in self:
            for held in person.identifiers:
                verified = held.provenance is Provenance.VERIFIED
                if verified and held.state is IdentifierState.ACTIVE:
                    found.setdefault((held.type.value, held.value), set()).add(person.code)
        return {key: tuple(sorted(codes)) for key, codes in found.items() if len(codes) > 1}

    def __iter__(self) -> Iterator[PersonIdentity]:
        """Yield each person once, as `view` shows her."""
        return (self.view(code) for code in self._people if code not in self._into)

    def __len__(self) -> int:
        return len(self._people) - len(self._into)

    def __repr__(self) -> str:
        return f"<PersonBook {len(self)} people, {len(self._log)} log entries>"
