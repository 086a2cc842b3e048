"""The base of all wire records: one row of one table, immutable, named by the official tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from functools import cache
from typing import Any, ClassVar, Self, dataclass_transform

from vnhealth.errors import EncodeError
from vnhealth.records._convert import Value, from_python, to_text
from vnhealth.spec import Family, Field, Kind, record_fields, record_kind

__all__ = ["Record"]


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Record:
    """One row. Attributes are the official tags in lower case; an absent value is None.

    The class of a table serves all editions of its family, so every attribute is optional; what an
    edition requires is checked by `vnhealth.rules`. Where the text of a value was not in canonical
    form, `raw` gives it back exactly; ``extra`` holds elements that no edition knows.

    >>> from vnhealth.records.bhyt130 import Xml2
    >>> row = Xml2.from_row({"MA_LK": "A1", "SO_LUONG": "2.50", "UNUSED": 1})
    >>> row.so_luong, row.text("SO_LUONG"), row.ma_thuoc is None
    (Decimal('2.50'), '2.50', True)
    """

    TABLE: ClassVar[str]
    FAMILY: ClassVar[Family]
    ATTRS: ClassVar[tuple[str, ...]]
    """Attribute names in record order."""

    _raw: ClassVar[Mapping[str, str]] = {}
    _extra: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - self.kinds().keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown)[:5])}")
        state, raw = self._converted(values)
        self._set(state, raw)

    def _set(
        self,
        state: dict[str, Any],
        raw: Mapping[str, str] | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if raw:
            state["_raw"] = raw
        if extra:
            state["_extra"] = extra
        object.__setattr__(self, "__dict__", state)

    @classmethod
    def _trusted(
        cls,
        state: dict[str, Any],
        raw: Mapping[str, str] | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> Self:
        """From attribute values that a decoder has already converted."""
        row = cls.__new__(cls)
        row._set(state, raw, extra)
        return row

    @classmethod
    def kinds(cls) -> dict[str, Kind]:
        """The kind of every attribute."""
        try:
            return cls.__dict__["_kinds"]  # type: ignore[no-any-return]
        except KeyError:
            fields = record_fields(cls.FAMILY, cls.TABLE)
            found = {f.attr: record_kind(cls.FAMILY, cls.TABLE, f.tag) for f in fields}
            type.__setattr__(cls, "_kinds", found)
            return found

    @classmethod
    def fields(cls) -> tuple[Field, ...]:
        """The specification of the fields, in record order."""
        return record_fields(cls.FAMILY, cls.TABLE)

    @classmethod
    def _converted(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        kinds = cls.kinds()
        numeric = _numeric(cls.FAMILY, cls.TABLE)
        state: dict[str, Any] = {}
        raw: dict[str, str] = {}
        for attr, given in values.items():
            tag = attr.upper()
            value, text = from_python(kinds[attr], given, tag, numeric_code=attr in numeric)
            state[attr] = value
            if text:
                raw[tag] = text
        return state, raw

    @classmethod
    def from_row(cls, row: Any, *, strict: bool = False) -> Self:
        """From a dict, a mapping-like database row, a named tuple, a dataclass or a plain object.

        Column names are the tags in any case. Columns that are no field are ignored, or refused
        with ``strict=True``. Text that is not in the form of its field is kept and reported by the
        checks; a value of a wrong Python type raises `vnhealth.errors.EncodeError` (an `int` where
        an identifier belongs has already lost its zeros).
        """
        columns = {str(name).lower(): value for name, value in _columns(row)}
        known = cls.kinds()
        unknown = sorted(columns.keys() - known.keys())
        if strict and unknown:
            raise EncodeError("ERR-REC-02", table=cls.TABLE, names=", ".join(unknown[:5]))
        state, raw = cls._converted({k: v for k, v in columns.items() if k in known})
        return cls._trusted(state, raw)

    def raw(self, tag: str) -> str:
        """The text of a value exactly as it was read; canonical text when it was built here."""
        tag = tag.upper()
        text = self._raw.get(tag)
        return to_text(self[tag]) if text is None else text

    def text(self, tag: str) -> str:
        """The text to write for a tag: canonical, or the raw text where the value is unknown."""
        tag = tag.upper()
        value: Value = self[tag]
        if tag in self._raw and (value is None or not isinstance(value, str)):
            return self._raw[tag]
        return to_text(value)

    @property
    def raw_texts(self) -> Mapping[str, str]:
        """Tag to text, only for values whose text was not canonical."""
        return self._raw

    @property
    def extra(self) -> tuple[tuple[str, str], ...]:
        """Elements that no edition of the family knows, as (tag, text)."""
        return self._extra

    def replace(self, **changes: Any) -> Self:
        """A copy with some values changed.

        >>> from vnhealth.records.bhyt130 import Xml2
        >>> Xml2(ma_lk="A1").replace(ma_lk="A2").ma_lk
        'A2'
        """
        state = {attr: self.__dict__[attr] for attr in self.ATTRS if attr in self.__dict__}
        changed, raw = self._converted(changes)
        kept = {t: text for t, text in self._raw.items() if t.lower() not in changes}
        return self._trusted({**state, **changed}, {**kept, **raw}, self._extra)

    def to_dict(self) -> dict[str, Value]:
        """Tag to value, in record order, absent values as None."""
        return {attr.upper(): getattr(self, attr) for attr in self.ATTRS}

    def items(self) -> Iterator[tuple[str, Value]]:
        """(tag, value) of the values that are there."""
        for attr in self.ATTRS:
            value = getattr(self, attr)
            if value is not None:
                yield attr.upper(), value

    def __getitem__(self, tag: str) -> Any:
        attr = tag.lower()
        if attr not in self.ATTRS:
            raise KeyError(tag[:40])
        return getattr(self, attr)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; use replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        mine, theirs = self.__dict__, other.__dict__
        return all(mine.get(a) == theirs.get(a) for a in self.ATTRS) and self._extra == getattr(
            other, "_extra", ()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.__dict__.get("ma_lk"), self.__dict__.get("stt")))

    def __repr__(self) -> str:
        filled = sum(1 for _ in self.items())
        return f"<{type(self).__module__.split('.')[-2]}.{type(self).__name__} {filled} values>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.__dict__))


@cache
def _numeric(family: Family, table: str) -> frozenset[str]:
    """Attributes whose annex type is a number: their codes may come as `int`."""
    return frozenset(f.attr for f in record_fields(family, table) if f.type == "number")


def _restore(cls: type[Record], state: dict[str, Any]) -> Record:
    row = cls.__new__(cls)
    row._set(dict(state))
    return row


def _columns(row: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(row, Record):
        yield from ((tag, row.raw(tag)) for tag in row.to_dict())
    elif isinstance(row, Mapping):
        yield from row.items()
    elif is_dataclass(row) and not isinstance(row, type):
        yield from ((f.name, getattr(row, f.name)) for f in dataclass_fields(row))
    elif hasattr(row, "_asdict"):
        yield from row._asdict().items()
    elif hasattr(row, "_mapping"):
        yield from row._mapping.items()
    elif hasattr(row, "keys"):
        yield from ((name, row[name]) for name in row.keys())  # noqa: SIM118
    else:
        yield from ((n, v) for n, v in vars(row).items() if not n.startswith("_"))
