"""Clinical texts from templates: varied, plausible, about nobody."""

from __future__ import annotations

from functools import cache

from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice
from vnhealth.synth._items import Diagnosis

__all__ = ["note", "vitals"]


@cache
def _templates(kind: str) -> tuple[str, ...]:
    return tuple(r["text"] for r in rows("notes") if r["kind"] == kind)


def vitals(dice: Dice) -> dict[str, str]:
    """Vital signs and other numbers for one note."""
    tenth = dice.below(10)
    return {
        "mach": str(dice.between(68, 98)),
        "nhiet": f"36,{tenth}",
        "nhiet1": f"36.{tenth}",
        "ha": f"{dice.between(11, 14)}0/{dice.between(6, 8)}0",
        "tho": str(dice.between(16, 21)),
        "thobe": str(dice.between(38, 48)),
        "spo2": str(dice.between(95, 99)),
        "truoc": str(dice.between(1, 5)),
        "gio": str(dice.between(5, 8)),
        "dau": str(dice.between(2, 5)),
        "can": str(dice.between(46, 72)),
        "so_ngay": "28",
    }


def note(dice: Dice, kind: str, diagnosis: Diagnosis, day: int = 1, service: str = "") -> str:
    """One text of a kind, for example ``vao`` (admission) or ``ngay`` (daily)."""
    reason = diagnosis.reason
    return dice.pick(_templates(kind)).format(
        **vitals(dice),
        reason=reason,
        reason_lower=reason[:1].lower() + reason[1:],
        signs=diagnosis.signs[:1].upper() + diagnosis.signs[1:],
        name=diagnosis.name.lower(),
        ngay=day,
        service=service,
    )
