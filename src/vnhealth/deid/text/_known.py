"""What the record of an encounter says about people: values that must not stand in its texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from vnhealth.localtime import LocalTime

if TYPE_CHECKING:
    from vnhealth.deid._policy import Policy
    from vnhealth.records import Claim

__all__ = ["Known"]

_FIELD_OF = {
    "name": "names",
    "address": "addresses",
    "id": "ids",
    "phone": "phones",
    "date": "dates",
    "dob": "births",
    "org": "orgs",
}
_LONGEST = 300
_MOST = 400


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """Names, addresses, numbers, phones and dates that belong to one encounter.

    Dates may be written in any usual form; ``births`` are dates of which the year alone already
    tells something, ``orgs`` are employers and schools. The representation shows only how many.

    >>> Known(names=["Trần Thị Mẫu"], phones=("0900000123",))
    <Known 1 names 1 phones>
    """

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    births: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            object.__setattr__(self, field.name, _clean(values))

    @classmethod
    def from_dict(cls, values: Mapping[str, Iterable[str]]) -> Known:
        """From a mapping of field to values, as in the files of ``vnhealth deid text``.

        Unknown fields and values that are no text are left out.

        >>> Known.from_dict({"ids": ["001099000123"], "other": ["x"]})
        <Known 1 ids>
        """
        own = {field.name for field in fields(cls)}
        return cls(**{name: _listed(value) for name, value in values.items() if name in own})

    @classmethod
    def from_claim(
        cls,
        claim: Claim,
        *,
        policy: Policy | str = "linked",
        roster: Mapping[str, str] | None = None,
    ) -> Known:
        """Everything that the tables of one encounter say about people.

        The policy says which field feeds what (``feed=``). ``roster`` maps staff codes of the
        facility to names; those whose code stands in the encounter are added.

        >>> from vnhealth.records import Claim
        >>> from vnhealth.records.bhyt130 import Xml1
        >>> Known.from_claim(Claim(xml1=Xml1(ma_lk="A1", ho_ten="Trần Thị Mẫu", dien_thoai="09")))
        <Known 1 names 1 phones>
        """
        found: dict[str, dict[str, None]] = {name: {} for name in _FIELD_OF.values()}
        for name, rows in claim.tables.items():
            feeds = _feeds(_policy(policy), claim.family.value, name)
            for row in rows:
                for attr, target in feeds:
                    text = _text(getattr(row, attr, None))
                    if text:
                        found[target][text] = None
        values = {name: tuple(texts) for name, texts in found.items()}
        if roster:
            codes = {part.strip() for text in values["ids"] for part in text.split(";")}
            values["names"] += tuple(roster[code] for code in sorted(codes & roster.keys()))
        return cls(**values)

    def __or__(self, other: Known) -> Known:
        """Both together."""
        return Known(
            **{f.name: (*getattr(self, f.name), *getattr(other, f.name)) for f in fields(self)}
        )

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def __repr__(self) -> str:
        counts = [(len(getattr(self, f.name)), f.name) for f in fields(self)]
        return f"<Known {' '.join(f'{n} {name}' for n, name in counts if n) or 'nothing'}>"


def _listed(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable):
        return ()
    return tuple(str(v) for v in value if isinstance(v, str | int) and not isinstance(v, bool))


def _clean(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        values = (values,)
    kept = dict.fromkeys(v.strip()[:_LONGEST] for v in values if isinstance(v, str))
    kept.pop("", None)
    return tuple(kept)[:_MOST]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.text if isinstance(value, LocalTime) else str(value)


def _policy(policy: Policy | str) -> Policy:
    from vnhealth.deid._policy import Policy as PolicyClass

    return PolicyClass.load(policy) if isinstance(policy, str) else policy


@cache
def _feeds(policy: Policy, family: str, table: str) -> tuple[tuple[str, str], ...]:
    """Attribute of a record and the field of `Known` it feeds."""
    return tuple(
        (row.tag.lower(), _FIELD_OF[row.params["feed"]])
        for row in policy
        if row.family == family and row.table == table and row.params.get("feed") in _FIELD_OF
    )
