"""The people that the identity gateway is asked about: those of `vnhealth.synth`, by the seed."""

from __future__ import annotations

from collections.abc import Mapping

from vnhealth.identity import cccd
from vnhealth.identity.matching import Scope
from vnhealth.identity.person_index import Candidate, PersonIndex
from vnhealth.identity.person_record import PersonRecord
from vnhealth.protocol.identity import Result

__all__ = ["Population"]

SIZE = 2000


class Population:
    """An index over invented people, made on the first question."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._index: PersonIndex | None = None

    def verify(self, fields: Mapping[str, str]) -> Result:
        """Whether the number, name and date of birth are those of one person."""
        found = self._who_is(fields)
        number = cccd.normalize(fields["so_dinh_danh"])
        return Result.MATCH if number in _matches(found) else Result.NO_MATCH

    def look_up(self, fields: Mapping[str, str]) -> Result:
        """Whether there is exactly one such person, perhaps some, or none."""
        found = self._who_is(fields)
        if len(_matches(found)) == 1:
            return Result.FOUND
        return Result.DOUBTFUL if found else Result.NOT_FOUND

    def _who_is(self, fields: Mapping[str, str]) -> tuple[Candidate, ...]:
        record = PersonRecord(
            name=fields["ho_ten"],
            birth_date=fields["ngay_sinh"],
            sex=fields.get("gioi_tinh", ""),
            cccd=fields.get("so_dinh_danh", ""),
            phone=fields.get("dien_thoai", ""),
            ward=fields.get("ma_xa", ""),
        )
        if self._index is None:
            self._index = _made(self._seed)
        return self._index.who_is(record, Scope.NATION)


def _matches(found: tuple[Candidate, ...]) -> set[str]:
    return {candidate.code for candidate in found if candidate.decision.outcome == "match"}


def _made(seed: int) -> PersonIndex:
    from vnhealth.synth import people

    index = PersonIndex.open()
    for person in people(SIZE, seed=seed):
        record = PersonRecord(
            name=person.name,
            birth_date=f"{person.born:%Y-%m-%d}",
            sex=person.sex,
            cccd=person.cccd,
            phone=person.phone,
            ward=person.place.commune,
        )
        index.add(person.cccd, record)
    return index
