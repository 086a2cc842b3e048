"""Short codes and texts that several tables share."""

from __future__ import annotations

from vnhealth.spec import Edition
from vnhealth.synth._context import Context
from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice
from vnhealth.synth._episode import Episode

__all__ = ["advice", "machine", "method", "patient_number", "record_number", "tender"]


def machine(prefix: str, facility: str, edition: Edition) -> str:
    """MA_MAY: group, funding, (facility until QD 4750,) serial; '' without a machine."""
    if not prefix:
        return ""
    if edition in (Edition.QD3176, Edition.QD1931):
        return f"{prefix}.1.MAU01"
    return f"{prefix}.1.{facility}.MAU01"


def tender(key: str, edition: Edition) -> str:
    """TT_THAU of a drug: decision, package, group and (since QD 130) year.

    >>> tender("para", Edition.QD4210).count(";"), tender("para", Edition.QD130).count(";")
    (2, 3)
    """
    dice = Dice("tender", key)
    text = f"{dice.between(11, 49)}/QĐ-MAU;G{dice.between(1, 3)};N{dice.between(1, 5)}"
    return text if edition is Edition.QD4210 else f"{text};2023"


def method(e: Episode) -> str:
    """PP_DIEU_TRI in words."""
    operated = any(s.service is not None and s.service.ma_nhom == 8 for s in e.services)
    if operated:
        return "Ngoại khoa"
    if e.scenario.tag in ("ngoaitru", "banngay"):
        return "Nội khoa kết hợp vật lý trị liệu"
    return "Nội khoa"


def advice(dice: Dice) -> str:
    """What the patient is told at the end."""
    return dice.pick([r["text"] for r in rows("notes") if r["kind"] == "loikhuyen"])


def patient_number(ctx: Context, e: Episode) -> str:
    """MA_BN: the same person keeps it at one facility."""
    return f"BN{Dice('patient', ctx.seed, ctx.facility.code, e.person.key).digits(9)}"


def record_number(ctx: Context, e: Episode) -> str:
    """MA_HSBA: number of the medical record or of the outpatient slip."""
    kind = "NT" if e.inpatient else "PK"
    return f"{kind}{ctx.day:%y}-{e.index:06d}"
