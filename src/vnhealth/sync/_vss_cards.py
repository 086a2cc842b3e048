"""The card look-up as the client of the insurance gateway sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from vnhealth.protocol import vss
from vnhealth.protocol.vss_lookup import CardQuestion, CardReply
from vnhealth.sync._capabilities import Found
from vnhealth.sync._errors import NotSent, Rejected, RemoteError, Unavailable
from vnhealth.sync._gate import Gate
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["CardRegister", "Officer", "question_of"]

QUESTION = "card"


@dataclass(frozen=True, slots=True, repr=False)
class Officer:
    """The officer who looks cards up: name and CCCD as registered on the portal."""

    name: str
    cccd: str

    def __repr__(self) -> str:
        return "<Officer>"


def question_of(card: str, name: str, birth_date: dt.date | int, officer: Officer) -> CardQuestion:
    """A question in the form of the wire.

    >>> question_of("0199000001", "An", 1990, Officer("Bình", "1")).birth_date
    '1990'
    """
    whole = isinstance(birth_date, dt.date)
    born = f"{birth_date:%d/%m/%Y}" if whole else str(birth_date)
    return CardQuestion(
        card.strip(), name.strip(), born, officer.name.strip(), officer.cccd.strip()
    )


class CardRegister(Gate):
    """The part of the gateway that knows cards."""

    def look_up_card(self, question: CardQuestion) -> Plan[CardReply]:
        """Ask; see `vnhealth.sync.VssClient.look_up_card`."""
        return (yield from self._card(question))[0]

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """The same by the names of the wire: maThe, hoTen, ngaySinh, hoTenCb, cccdCb."""
        reply, answer = yield from self._card(CardQuestion.from_fields(fields))
        document = answer.document() or {}
        shown = reply.meaning is not None and reply.meaning.shows_card
        return Found(
            gateway=self.key,
            question=question,
            code=reply.code,
            message=reply.note,
            rows=(document,) if shown else (),
            raw=raw_answer(answer),
        )

    def _card(self, question: CardQuestion) -> Plan[tuple[CardReply, HttpAnswer]]:
        missing = question.missing()
        if missing:
            raise NotSent("ERR-SYNC-40", what=missing)
        endpoint = self.gateway.endpoint("card")
        answer = yield from self.ask(
            endpoint, headers={"Content-Type": vss.JSON_CONTENT_TYPE}, body=question.to_bytes()
        )
        reply = CardReply.from_json(answer.document())
        params = self._params(endpoint.name, answer, reply.code)
        if reply.meaning is None:
            raise RemoteError(**params)
        if reply.meaning.kind == "request":
            raise Rejected(**params)
        if reply.meaning.kind == "failure":
            raise Unavailable(**params)
        return reply, answer
