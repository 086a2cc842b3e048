"""A person with every number she ever had, what proves them, her kin, and merges to be undone.

`PersonIdentity` is immutable: each change gives a new person and keeps the past. The book of
`vnhealth.models.person_book` holds people by code, merges two records of one person without losing
either, writes each merge down and can undo it. `vnhealth.models.person_verification` has the
records of identity checks.

Legal source: decree 70/2024/NĐ-CP articles 11 and 12 (a number can be cancelled and established
anew; the old one stays on the card), decree 102/2025/NĐ-CP article 6 (the personal number is the
medical identifier). Shapes of temporary codes are this project's own policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from vnhealth.errors import IdentityError
from vnhealth.identity import kinds
from vnhealth.models._base import Model
from vnhealth.models._vocabulary import Sex

__all__ = [
    "Identifier",
    "IdentifierState",
    "IdentifierType",
    "Kin",
    "KinRole",
    "PersonIdentity",
    "Provenance",
    "newborn",
    "temporary_code",
    "unknown_patient",
]


class IdentifierType(StrEnum):
    """What a number is. The values of the first ones are kinds of `vnhealth.identity.kinds`."""

    PERSONAL_NUMBER = "cccd"
    OLD_IDENTITY_CARD = "cmnd"
    PASSPORT = "passport"
    SOCIAL_INSURANCE = "bhxh"
    INSURANCE_CARD = "bhyt_card"
    TEMPORARY_CARD = "bhyt_temp"
    PATIENT_CODE = "patient_code"
    TEMPORARY_CODE = "temporary_code"


class Provenance(StrEnum):
    """How a number came in. Scanning a card proves no more than typing it: a code can be printed by
    anyone. Only an answer of the registry, or a checked chip signature, verifies.
    """

    TYPED = "typed"
    SCANNED = "scanned"
    LOOKED_UP = "looked_up"
    VERIFIED = "verified"


_WORTH = {kind: place for place, kind in enumerate(Provenance)}


class IdentifierState(StrEnum):
    """Whether a number is in use. Numbers of the past still find the person."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    MISTAKEN = "mistaken"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Identifier(Model):
    """One number of one person.

    ``valid_from`` and ``valid_to`` are the days it holds (None: not known, open), both included.
    ``issuer`` is the issuing country or facility. ``recorded_at`` and ``recorded_by`` say who wrote
    it down when; ``reason`` why it ended. Only `IdentifierState.ACTIVE` ones are sent.

    >>> Identifier(type=IdentifierType.PERSONAL_NUMBER, value="001001000123")
    <Identifier 4 values>
    """

    type: IdentifierType
    value: str
    provenance: Provenance = Provenance.TYPED
    state: IdentifierState = IdentifierState.ACTIVE
    valid_from: date | None = None
    valid_to: date | None = None
    issuer: str | None = None
    recorded_at: datetime | None = None
    recorded_by: str | None = None
    reason: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Type, issuer and value: what makes two identifiers the same one."""
        return self.type.value, self.issuer or "", self.value

    def holds_on(self, day: date) -> bool:
        """Tell whether it was in use on a day."""
        if self.state is IdentifierState.MISTAKEN:
            return False
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class KinRole(StrEnum):
    """Who the other person is to this one."""

    MOTHER = "mother"
    CHILD = "child"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Kin(Model):
    """A link to another person by her code. It never makes two records one."""

    role: KinRole
    person: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonIdentity(Model):
    """A person as one facility or store knows her, with all identifiers, past ones too.

    ``code`` is the store's own key. ``provisional`` people (unknown patients, newborns without a
    name) are never merged automatically.

    >>> person = PersonIdentity(code="BN1").with_identifier(
    ...     Identifier(type=IdentifierType.PERSONAL_NUMBER, value="001 001 000 123"))
    >>> person.current(IdentifierType.PERSONAL_NUMBER).value
    '001001000123'
    """

    code: str
    name: str | None = None
    birth_date: str | None = None
    sex: Sex | None = None
    provisional: bool = False
    identifiers: tuple[Identifier, ...] = ()
    kin: tuple[Kin, ...] = ()

    def with_identifier(self, new: Identifier) -> PersonIdentity:
        """Add a number, checked and in normal form; what is known already gains provenance only.

        Raises `IdentityError` with the reason code of the kind when the value is not of its type,
        ``ID-IDENTIFIER_IN_USE`` when another active personal number or insurance code stands here:
        use `reissue` for a changed one.
        """
        new = _checked(new)
        for held in self.identifiers:
            if held.key == new.key and held.state is new.state:
                better = max(held.provenance, new.provenance, key=_WORTH.__getitem__)
                return self._put(held, replace(held, provenance=better))
        taken = self.current(new.type) if new.type in _ONE_AT_A_TIME else None
        if taken is not None and new.state is IdentifierState.ACTIVE:
            raise IdentityError("ID-IDENTIFIER_IN_USE", type=new.type)
        return replace(self, identifiers=(*self.identifiers, new))

    def reissue(self, new: Identifier, *, on: date, reason: str | None = None) -> PersonIdentity:
        """Put a newly established number in the place of the active one of its type.

        The old one stays, superseded the day before ``on``.
        """
        held = self.current(new.type)
        if held is None:
            return self.with_identifier(new)
        ended = self._ended(held, IdentifierState.SUPERSEDED, on, reason)
        return ended.with_identifier(replace(new, valid_from=new.valid_from or on))

    def cancel(
        self, type: IdentifierType, value: str, *, on: date, reason: str | None = None
    ) -> PersonIdentity:
        """Note that a number was cancelled from ``on``; it still finds the person.

        Raises `IdentityError` (``ID-IDENTIFIER_UNKNOWN``) when she has no such active number.
        """
        return self._ended(self._active(type, value), IdentifierState.CANCELLED, on, reason)

    def mistaken(
        self, type: IdentifierType, value: str, *, reason: str | None = None
    ) -> PersonIdentity:
        """Note that a number never was hers; it no longer finds her, and is kept for the record."""
        held = self._active(type, value)
        state = IdentifierState.MISTAKEN
        return self._put(held, replace(held, state=state, reason=reason))

    def _active(self, type: IdentifierType, value: str) -> Identifier:
        normal = _normal(type, value)
        for held in self.identifiers:
            if held.state is IdentifierState.ACTIVE and (held.type, held.value) == (type, normal):
                return held
        raise IdentityError("ID-IDENTIFIER_UNKNOWN", type=type)

    def _ended(
        self, held: Identifier, state: IdentifierState, on: date, reason: str | None
    ) -> PersonIdentity:
        last = date.fromordinal(on.toordinal() - 1)
        return self._put(held, replace(held, state=state, valid_to=last, reason=reason))

    def _put(self, old: Identifier, new: Identifier) -> PersonIdentity:
        kept = tuple(new if held is old else held for held in self.identifiers)
        return replace(self, identifiers=kept)

    def current(self, type: IdentifierType) -> Identifier | None:
        """Give the active number of a type; the best proven one when there are several."""
        active = [x for x in self.history(type) if x.state is IdentifierState.ACTIVE]
        return max(active, key=lambda x: _WORTH[x.provenance], default=None)

    def on(self, type: IdentifierType, day: date) -> tuple[Identifier, ...]:
        """Give the numbers of a type that held on a day."""
        return tuple(x for x in self.history(type) if x.holds_on(day))

    def history(self, type: IdentifierType) -> tuple[Identifier, ...]:
        """Give all numbers of a type in the order they were written down."""
        return tuple(x for x in self.identifiers if x.type is type)

    def finding(self) -> Iterator[Identifier]:
        """Yield the numbers that may find her: all but mistaken ones."""
        return (x for x in self.identifiers if x.state is not IdentifierState.MISTAKEN)

    def mother(self) -> str | None:
        """Give the code of the mother, when the two are linked."""
        return next((k.person for k in self.kin if k.role is KinRole.MOTHER), None)


_ONE_AT_A_TIME = frozenset((IdentifierType.PERSONAL_NUMBER, IdentifierType.SOCIAL_INSURANCE))
_TEMPORARY = re.compile(r"[0-9A-Z]{5}-(?:NB|KR)-[0-9]{6,}")
_TEMPORARY_PARTS = {"newborn": "NB", "unknown": "KR"}


def _normal(type: IdentifierType, value: str) -> str:
    return kinds.check(type, value).normalized or value if type in kinds.KINDS else value.strip()


def _checked(new: Identifier) -> Identifier:
    if new.type in kinds.KINDS:
        found = kinds.check(new.type, new.value)
        if not found.is_valid:
            raise IdentityError(f"ID-{found.code}", **kinds.texts(new.type))
        return replace(new, value=found.normalized)
    value = new.value.strip()
    if not value:
        raise IdentityError("ID-EMPTY", **kinds.texts("opaque_key"))
    if new.type is IdentifierType.TEMPORARY_CODE and not _TEMPORARY.fullmatch(value):
        raise IdentityError("ID-TEMPORARY_CODE_SHAPE")
    return replace(new, value=value)


def temporary_code(facility: str, purpose: str, number: int) -> str:
    """Give a code for a person without any number: facility, ``NB`` (newborn) or ``KR`` (unknown
    patient, "không rõ"), running number. It can never be taken for a real number: it has hyphens
    and letters, as 12 or 9 digits or a letter with 7 digits have not.

    ``purpose`` is ``newborn`` or ``unknown``. Raises `IdentityError` (``ID-TEMPORARY_CODE_SHAPE``).

    >>> temporary_code("01901", "newborn", 7)
    '01901-NB-000007'
    """
    code = f"{facility}-{_TEMPORARY_PARTS.get(purpose, '')}-{number:06}"
    if not _TEMPORARY.fullmatch(code):
        raise IdentityError("ID-TEMPORARY_CODE_SHAPE")
    return code


def _provisional(code: str, value: str, at: datetime, by: str | None) -> PersonIdentity:
    number = Identifier(
        type=IdentifierType.TEMPORARY_CODE,
        value=value,
        valid_from=at.date(),
        recorded_at=at,
        recorded_by=by,
    )
    return PersonIdentity(code=code, provisional=True).with_identifier(number)


def unknown_patient(
    code: str, temporary: str, *, at: datetime, sex: Sex | None = None, by: str | None = None
) -> PersonIdentity:
    """Make the record of somebody nobody can name yet; link or merge it when she is known.

    >>> at = datetime(2026, 11, 20, 3, 15)
    >>> unknown_patient("BN9", temporary_code("01901", "unknown", 1), at=at).provisional
    True
    """
    return replace(_provisional(code, temporary, at, by), sex=sex)


def newborn(
    code: str,
    temporary: str,
    mother: PersonIdentity,
    *,
    born: datetime,
    sex: Sex | None = None,
    by: str | None = None,
) -> tuple[PersonIdentity, PersonIdentity]:
    """Make the child's own record, linked to the mother's; gives (child, mother).

    The child takes no number of the mother's. Her own number comes later by `with_identifier`.

    >>> mother = PersonIdentity(code="BN1")
    >>> born = datetime(2026, 11, 20, 8, 15)
    >>> child, mother = newborn(
    ...     "BN2", temporary_code("01901", "newborn", 1), mother, born=born)
    >>> child.mother(), mother.kin[0].person, child.birth_date
    ('BN1', 'BN2', '202611200815')
    """
    child = replace(
        _provisional(code, temporary, born, by),
        birth_date=born.strftime("%Y%m%d%H%M"),
        sex=sex,
        kin=(Kin(role=KinRole.MOTHER, person=mother.code),),
    )
    linked = replace(mother, kin=(*mother.kin, Kin(role=KinRole.CHILD, person=code)))
    return child, linked
