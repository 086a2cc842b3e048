"""What the data axis looks at before it stores: message signature, file signatures, the person."""

from __future__ import annotations

import base64
import binascii
import datetime as dt

from vnhealth.identity import cccd
from vnhealth.protocol import health_check
from vnhealth.protocol.emrhub import Push
from vnhealth.protocol.health_inspect import HealthFile, HealthRecord
from vnhealth.sandbox._core import Core
from vnhealth.sandbox._forms import Refused
from vnhealth.sandbox._keys import IssuedKeys
from vnhealth.sandbox._store import local_day

__all__ = [
    "AXIS",
    "DOCTOR",
    "FACILITY",
    "MESSAGE",
    "Examinations",
    "check_file_signatures",
    "check_message_signature",
    "check_persons",
]

MESSAGE, DOCTOR, FACILITY, AXIS = "message", "doctor", "facility", "axis"
"""Purposes of the keys that are given out, and of the key of the axis itself."""
FILE_KEYS = (
    (health_check.CKS_DOCTOR, DOCTOR, health_check.file_for_doctor),
    (health_check.CKS_FACILITY, FACILITY, health_check.file_for_facility),
)
DUPLICATE_MONTHS = 6


def check_message_signature(keys: IssuedKeys, push: Push) -> None:
    """Raises `Refused` when the signature of the message is missing or wrong."""
    if not push.signature:
        raise Refused("PS_DS_RSA_SIGNATURE_MISSING")
    given = push.raw_signature
    if not any(keys.right(MESSAGE, push.sender, given, over) for over in push.signed_texts()):
        raise Refused("PS_DS_RSA_SIGNATURE_INVALID")


def check_file_signatures(keys: IssuedKeys, sender: str, body: bytes) -> None:
    """Raises `Refused` when one of the two signatures of a file is missing or wrong."""
    for name, purpose, signed in FILE_KEYS:
        value = health_check.signature_of(body, name)
        if not value:
            raise Refused("PS_DS_CA_SIGNATURE_MISSING", name)
        try:
            given = base64.b64decode(value, validate=True)
        except binascii.Error:
            given = b""
        if not keys.right(purpose, sender, given, signed(body)):
            raise Refused("PS_DS_CA_SIGNATURE_INVALID", name)


def check_persons(found: HealthFile) -> None:
    """Raises `Refused` when a number says another sex or year of birth than the record.

    This stands for the check against the population database.
    """
    if any(map(_contradicts, found.records)):
        raise Refused("PS_DS_VERIFY_FAIL", "SO_CCCD")


def _contradicts(record: HealthRecord) -> bool:
    number = cccd.parse(record.fields["SO_CCCD"])
    if number.outcome != "yes":
        return False
    same_sex = record.fields["GIOI_TINH"] in (number.details["sex"], "", "3")
    same_year = record.birth_year in (number.details["birth_year"], "")
    return not (same_sex and same_year)


class Examinations:
    """When each person was last examined, over all facilities; without the numbers themselves."""

    SPACE = "emrhub:person"

    def __init__(self, core: Core) -> None:
        self._core = core

    def check(self, found: HealthFile) -> None:
        """Raises `Refused` when a person has an examination within six months."""
        for record in found.records:
            last = self._core.ledger.store.get(self.SPACE, self._place(record))
            if not record.fields["SO_CCCD"] or last is None:
                continue
            if self._today() < _months_after(dt.date.fromisoformat(last), DUPLICATE_MONTHS):
                raise Refused("PS_CCCD_DUPLICATE_IN_6_MONTHS", "SO_CCCD")

    def remember(self, found: HealthFile) -> None:
        """Note that the persons of a file were examined today."""
        for record in found.records:
            self._core.ledger.store.put(self.SPACE, self._place(record), self._today().isoformat())

    def _place(self, record: HealthRecord) -> str:
        """A name for a person that only this sandbox can make from the number."""
        return self._core.ids.letters(32, self.SPACE, record.fields["SO_CCCD"])

    def _today(self) -> dt.date:
        return local_day(self._core.clock.now())


def _months_after(day: dt.date, months: int) -> dt.date:
    """The same day some months later; the first of the next month when there is none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    try:
        return day.replace(year=year, month=month)
    except ValueError:
        return dt.date(year, month + 1, 1)
