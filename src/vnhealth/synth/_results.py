"""Results of tests and readings of images."""

from __future__ import annotations

import datetime as dt

from vnhealth.synth._data import indicators, readings
from vnhealth.synth._dice import Dice
from vnhealth.synth._episode import ResultLine
from vnhealth.synth._facilities import Staff
from vnhealth.synth._items import Indicator, Service
from vnhealth.synth._people import Person

__all__ = ["read_out"]


def _value(dice: Dice, indicator: Indicator) -> str:
    """A value of the indicator's range, with its number of decimals. No floats are used."""
    scale = 10**indicator.so_le
    number = dice.between(int(indicator.thap * scale), int(indicator.cao * scale))
    if not indicator.so_le:
        return str(number)
    whole, part = divmod(number, scale)
    return f"{whole}.{part:0{indicator.so_le}d}"


def read_out(
    dice: Dice, service: Service, at: dt.datetime, doctor: Staff, person: Person
) -> list[ResultLine]:
    """The rows of XML4 for one examination."""
    measured = [
        ResultLine(service, i, None, _value(dice, i), at, doctor) for i in indicators(service.key)
    ]
    possible = readings(service.key)
    if not possible:
        return measured
    reading = dice.pick(possible)
    text = reading.ket_luan.format(nhom_mau=person.blood)
    return [*measured, ResultLine(service, None, reading, text, at, doctor)]
