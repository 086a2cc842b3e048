"""Health checks as their clients see it: the ministry's axis and the health record of Hà Nội."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from types import MappingProxyType
from typing import Any

import pybase64

from vnhealth.protocol import Endpoint, emrhub, hanoi_hssk
from vnhealth.protocol.health_check import day_of, signed_message
from vnhealth.protocol.health_inspect import inspect
from vnhealth.sync import _read
from vnhealth.sync._bearer import JSON, BearerGate, read_as
from vnhealth.sync._body import Body, checked_body, plain
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._errors import NotSent
from vnhealth.sync._outcome import Outcome, Status
from vnhealth.sync._session import Account, Token
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["EmrhubGate", "HanoiHsskGate", "message_number"]

KIND = "health_check"


class _HealthCheckGate(BearerGate):
    """Files of health checks in an envelope; the facility of the account has 13 digits."""

    def body(self, data: bytes, kind: str) -> Body:
        """The file has to be signed by the doctor and the facility already, where that counts."""
        data = plain(data)
        found = inspect(data)
        if not found.readable:
            raise NotSent("ERR-SYNC-14", call=KIND, kind="".join(f.code for f in found.findings))
        senders = [found.sender] if found.sender else []
        keys = (record.key or "" for record in found.records)
        return checked_body(data, kind, senders, keys, scope=self.scope)

    def _number(self, body: Body) -> str:
        """The last part of msg_id of a file that goes out now.

        The day is that of our own clock: an odd clock at the gateway must not make a new message.
        """
        return message_number(body.digest, day_of(self.session.clock()))


def message_number(digest: str, day: dt.date) -> str:
    """The last part of msg_id: the same file has the same one on the same day.

    >>> message_number("ab", dt.date(2026, 8, 3)) == message_number("ab", dt.date(2026, 8, 3))
    True
    """
    mixed = hashlib.sha256(f"{digest} {day.isoformat()}".encode()).digest()
    return uuid.UUID(bytes=mixed[:16], version=4).hex


class EmrhubGate(_HealthCheckGate):
    """The ministry's axis: messages are signed with the key that it gave out (``sign``)."""

    capabilities = Capabilities(kinds=(KIND,), repeatable=True)
    calls = MappingProxyType({KIND: "push"})
    life = dt.timedelta(minutes=60)

    def __init__(self, key: str, account: Account, **how: Any) -> None:
        super().__init__(key, account, **how)
        sign = getattr(account, "sign", None)
        if sign is None:
            raise NotSent("ERR-SYNC-17", what="sign")
        self._sign = sign

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(emrhub.Reply, answer)
        if reply is None or reply.data is None or reply.code != "CM_SUCCESS":
            return None
        seconds = _read.number(dict(reply.data), "duration")
        server = self.session.clock() + self.session.offset
        ends = server + dt.timedelta(seconds=seconds) if seconds else None
        return self._opened(reply.data.get("token"), ends)

    def _code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(emrhub.Reply, answer)
        return None if reply is None else reply.code

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """A signed message with the file in Base64, as a text."""
        now = self.session.clock()
        header = emrhub.push_header(body.facility, now, self._number(body), day_of(now))
        data = pybase64.b64encode(body.data).decode("ascii")
        return (
            yield from self.deliver(
                endpoint,
                body,
                headers={**JSON, "service-type": emrhub.SERVICE_TYPE},
                content=signed_message(header, data, self._sign),
                resend=self._again,
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        reply = read_as(emrhub.Reply, answer)
        assert reply is not None
        data = dict(reply.data or {})
        return self._verdict(
            answer,
            reply.code,
            transaction=_read.text(dict(reply.header), "txn_id") or None,
            message=_read.text(data, "data_state_msg") or _read.text(dict(reply.header), "res_msg"),
            accepted=Status.ACCEPTED if reply.code in emrhub.SAVED else Status.PENDING,
        )


class HanoiHsskGate(_HealthCheckGate):
    """The health record of Hà Nội: an answer says that a file is queued, and nothing more."""

    capabilities = Capabilities(kinds=(KIND,))
    calls = MappingProxyType({KIND: "submit"})
    life = dt.timedelta(minutes=50)

    def _login_code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(hanoi_hssk.LoginReply, answer)
        return None if reply is None else str(reply.code)

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(hanoi_hssk.LoginReply, answer)
        return self._opened(reply.access_token) if reply and reply.code == 200 else None

    def _code(self, answer: HttpAnswer) -> str | None:
        receipt = read_as(hanoi_hssk.Receipt, answer)
        return None if receipt is None else str(receipt.status)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """An envelope with the file in Base64."""
        now = self.session.clock()
        content = hanoi_hssk.submit_body(
            body.facility,
            now,
            day_of(now),
            self._number(body),
            pybase64.b64encode(body.data).decode("ascii"),
        )
        return (
            yield from self.deliver(
                endpoint, body, headers=JSON, content=content, resend=self._again
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        receipt = read_as(hanoi_hssk.Receipt, answer)
        assert receipt is not None
        return self._verdict(
            answer,
            str(receipt.status),
            transaction=receipt.transaction,
            message=receipt.message,
            accepted=Status.PENDING,
        )
