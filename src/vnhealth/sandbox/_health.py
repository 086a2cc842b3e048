"""Health-check files in the sandbox: the verdict on their form, and their intake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol.health_check import SENDER
from vnhealth.protocol.health_inspect import inspect
from vnhealth.sandbox._check import Checked, File, RecordVerdict, own
from vnhealth.sandbox._forms import Refused
from vnhealth.sandbox._model import Account

__all__ = ["KIND", "check_health_file", "checked_header"]

KIND = "health_check"


def check_health_file(file: File) -> Checked:
    """The verdict on the form of a health-check file; nothing medical is judged."""
    found = inspect(file.body)
    whole = list(found.findings)
    if found.sender is not None and found.sender != file.facility:
        whole.append(own("GW-KSK-12"))
    records = tuple(RecordVerdict(record.key, record.findings) for record in found.records)
    return Checked(Findings(whole), records)


def checked_header(
    header: Any, account: Account, wanted: Mapping[str, tuple[str, ...]], *, bad: str, foreign: str
) -> str:
    """Look at the header of a message; gives its msg_id.

    ``wanted`` has the values that a field may have. Raises `Refused` with ``bad`` and the name of
    the field, or with ``foreign`` when the sender is not the account's facility.
    """
    if not isinstance(header, dict):
        raise Refused(bad, "header")
    sender, number = header.get("sender_id"), header.get("msg_id")
    if not isinstance(sender, str) or not SENDER.fullmatch(sender):
        raise Refused(bad, "sender_id")
    if not account.may_send(sender):
        raise Refused(foreign, "sender_id")
    for name, values in wanted.items():
        if str(header.get(name)) not in values:
            raise Refused(bad, name)
    if not isinstance(number, str) or not _is_message_id(number, sender):
        raise Refused(bad, "msg_id")
    moment = str(header.get("send_datetime"))
    if len(moment) != 13 or not (moment.isascii() and moment.isdigit()):
        raise Refused(bad, "send_datetime")
    return number


def _is_message_id(number: str, sender: str) -> bool:
    day, unique = number[len(sender) : len(sender) + 6], number[len(sender) + 6 :]
    parts = number.startswith(sender) and day.isascii() and day.isdigit() and len(unique) == 32
    return parts and not unique.strip("0123456789abcdefABCDEF")
