"""Between the text of a field and the value of a model.

Every converter reads the canonical text of a value and writes it again; what it cannot read it
leaves alone (None), so that nothing is guessed. ``data/paths.csv`` names the converter of a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from vnhealth.localtime import LocalTime, Precision
from vnhealth.models._episode import Diagnosis, DiagnosisSystem
from vnhealth.models._people import Department, Facility, Practitioner
from vnhealth.models._vocabulary import code_of, meaning_of
from vnhealth.records import to_text
from vnhealth.spec import Edition, Family, Field

__all__ = ["Converter", "converter"]


@dataclass(frozen=True, slots=True)
class Converter:
    """``read`` gives None (or an empty tuple) for what it cannot read; ``write`` gives text."""

    read: Callable[[str, Field], Any]
    write: Callable[[Any, Field], str]


def _family(f: Field) -> Family:
    return Family.F4210 if f.edition is Edition.QD4210 else Family.F130


def _text(text: str, f: Field) -> str:
    return text


def _integer(text: str, f: Field) -> int | None:
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else None


def _decimal(text: str, f: Field) -> Decimal | None:
    try:
        number = Decimal(text) if text.isascii() else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _write_decimal(number: Decimal, f: Field) -> str:
    return (
        to_text(int(number))
        if number == number.to_integral_value() and (f.type == "number" and f.decimals == 0)
        else to_text(number)
    )


def _time(text: str, f: Field) -> LocalTime | None:
    try:
        return LocalTime.parse(text)
    except ValueError:
        return None


def _write_time(time: LocalTime, f: Field) -> str:
    return time.text[:8] if f.type == "date8" else time.text


def _birth(text: str, f: Field) -> LocalTime | None:
    time = _time(text, f)
    if time is None:
        return None
    if time.precision < Precision.DAY:
        return _time(time.text[:8].ljust(12, "0"), f)
    return _time(text[:8], f) if text.endswith("0000") and len(text) == 12 else time


def _write_birth(time: LocalTime, f: Field) -> str:
    """8 or 12 digits; edition 4210 has no unknown parts and writes 01 for them."""
    if f.type != "date8":
        return time.text.ljust(12, "0")
    day = time.text[:8]
    if f.edition is Edition.QD4210:
        day = day[:4] + (day[4:6].replace("00", "01")) + (day[6:].replace("00", "01"))
    return day


def _flag(text: str, f: Field) -> bool | None:
    return {"1": True, "0": False}.get(text)


def _write_flag(flag: bool, f: Field) -> str:
    return "1" if flag else "0"


def _items(text: str, f: Field) -> list[str]:
    parts = text.split(f.separator) if f.separator else [text]
    return [part.strip() for part in parts if part.strip()]


def _joined(texts: Iterable[str], f: Field) -> str:
    return (f.separator or ";").join(texts)


def _many(one: Converter) -> Converter:
    """A list with the separator of the field; unreadable when one of its items is."""

    def read(text: str, f: Field) -> tuple[Any, ...]:
        found = tuple(one.read(item, f) for item in _items(text, f))
        return () if None in found else found

    return Converter(read, lambda values, f: _joined((one.write(v, f) for v in values), f))


def _coded(kind: type[Department] | type[Facility] | type[Practitioner]) -> Converter:
    return Converter(lambda text, f: kind(code=text), lambda value, f: value.code or "")


def _diagnosis(system: DiagnosisSystem | None) -> Converter:
    def read(text: str, f: Field) -> Diagnosis:
        return Diagnosis(code=text, system=system) if system else Diagnosis.of(text)

    return Converter(read, lambda value, f: value.code)


def _meaning(vocabulary: str) -> Converter:
    return Converter(
        lambda text, f: meaning_of(vocabulary, _family(f), text),
        lambda value, f: code_of(vocabulary, _family(f), value) or "",
    )


_TEXT = Converter(_text, _text)
_DECIMAL = Converter(_decimal, _write_decimal)
_TIME = Converter(_time, _write_time)

_CONVERTERS: dict[str, Converter] = {
    "text": _TEXT,
    "integer": Converter(_integer, lambda value, f: str(value)),
    "decimal": _DECIMAL,
    "time": _TIME,
    "birth": Converter(_birth, _write_birth),
    "flag": Converter(_flag, _write_flag),
    "list": _many(_TEXT),
    "times": _many(_TIME),
    "decimals": _many(_DECIMAL),
    "department": _coded(Department),
    "departments": _many(_coded(Department)),
    "facility": _coded(Facility),
    "facilities": _many(_coded(Facility)),
    "practitioner": _coded(Practitioner),
    "practitioners": _many(_coded(Practitioner)),
    "diagnosis": _diagnosis(None),
    "diagnoses": _many(_diagnosis(None)),
    "traditional_diagnoses": _many(_diagnosis(DiagnosisSystem.TRADITIONAL)),
}


def converter(name: str) -> Converter:
    """The converter of a name in ``data/paths.csv``; ``meaning X`` is that of a vocabulary."""
    kind, _, vocabulary = name.partition(" ")
    return _meaning(vocabulary) if kind == "meaning" else _CONVERTERS[kind]
