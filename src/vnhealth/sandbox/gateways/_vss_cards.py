"""Card look-up at the insurance gateway: the current function, and the withdrawn ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial

from vnhealth.identity import names
from vnhealth.identity.bhyt_card import normalize
from vnhealth.localtime import ICT
from vnhealth.protocol import result_code, vss
from vnhealth.protocol.vss_lookup import (
    CardQuestion,
    CardReply,
    Lookup,
    card_code,
    read_birth_date,
)
from vnhealth.sandbox import _cards
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, guarded, texts
from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox._model import Account
from vnhealth.sandbox.gateways._vss_session import http_status, query_account

__all__ = ["handlers", "refusal"]

AUDIT = "vss-card-audit"
SHOWN = 20
"""Earlier look-ups that an answer lists."""
WITHDRAWN = ("card_595", "card_2018", "card_2019")


def handlers(core: Core) -> Mapping[str, Handler]:
    """The look-up, and three that say that they are gone."""
    gone = dict.fromkeys(WITHDRAWN, lambda call: refusal("410", ""))
    return {"card": guarded(partial(_look_up, core), refusal, "205"), **gone}


def refusal(code: str, detail: str) -> Answer:
    """An answer without a card; ``detail`` stands in for the meaning of the code."""
    of_card, of_gateway = card_code(code), result_code(vss.GATEWAY, code)
    known = of_card or of_gateway
    note = detail or (known.meaning_vi if known else "")
    verdict = of_card is not None and of_card.kind not in ("request", "session")
    status = 200 if verdict else http_status(code)
    return Answer(Response(status, CardReply(code=code, note=note).to_bytes()), code)


def _look_up(core: Core, call: Call) -> Answer:
    """JSON or form; the session in the query, the body or a Bearer header."""
    values = {**texts(call.request.fields()), **call.request.params()}
    account = _account(core, call.request, values)
    question = CardQuestion.from_fields(values)
    missing = question.missing()
    if missing:
        raise Refused("205", f"Null {missing}")
    born = read_birth_date(question.birth_date)
    if born is None:
        raise Refused("205", "ngaySinh")
    on = core.clock.now().astimezone(ICT).date()
    code, holder = _officer(question), None
    if code == "000":
        code, holder = _found(core.ids.seed, question, born, on)
    return _answer(core, account, code, holder, on)


def _account(core: Core, request: Request, values: Mapping[str, str]) -> Account:
    scheme, _, token = request.header("authorization").partition(" ")
    if "token" in values or scheme.lower() != "bearer":
        return query_account(core, values, over="501")
    found = core.session_account(vss.GATEWAY, token.strip())
    if found is None:
        raise Refused("501")
    return found[1]


def _officer(question: CardQuestion) -> str:
    """Whether the officer is registered: 054 for the CCCD, 055 for the name."""
    name = _cards.officers().get(question.officer_id)
    if name is None:
        return "054"
    return "000" if names.key(name) == names.key(question.officer) else "055"


def _found(
    seed: int, question: CardQuestion, born: dt.date | int, on: dt.date
) -> tuple[str, _cards.Holder | None]:
    """The code of a question and, where somebody has the number, who."""
    digits = _cards.card_digits(question.card)
    if not digits:
        return "051", None
    card = normalize(question.card)
    if digits.startswith(_cards.MAGIC):
        code = digits[-3:] if card_code(digits[-3:]) else "050"
        return code, _cards.magic_holder(card, question.name, born, on)
    elsewhere = _cards.ELSEWHERE.get(card[:2]) if len(card) == 15 else None
    if elsewhere is not None:
        return elsewhere, None
    found = _cards.holders(seed, digits, on)
    if not found:
        return "050", None
    holder = next((h for h in found if h.is_called(question.name)), found[0])
    return _compared(holder, card, question.name, born), holder


def _compared(holder: _cards.Holder, card: str, name: str, born: dt.date | int) -> str:
    """What the question gets wrong, the card first."""
    if len(card) == 15 and card != holder.card:
        wrong = {"052": slice(3, 5), "053": slice(2, 3)}
        return next((c for c, part in wrong.items() if card[part] != holder.card[part]), "051")
    if not holder.is_called(name):
        return "061" if names.initials(name) == names.initials(holder.name) else "060"
    return "000" if holder.born_on(born) else "070"


def _answer(
    core: Core, account: Account, code: str, holder: _cards.Holder | None, on: dt.date
) -> Answer:
    meaning = card_code(code)
    earlier = _audited(core, account, holder, code) if holder else ()
    if holder is None or meaning is None or not meaning.shows_card:
        return refusal(code, "")
    reply = _cards.reply_of(holder, code, meaning.meaning_vi, on, earlier)
    return Answer(Response(200, reply.to_bytes()), code, account.scope)


def _audited(core: Core, account: Account, holder: _cards.Holder, code: str) -> tuple[Lookup, ...]:
    """Note this look-up; gives the earlier ones of the same person, oldest first."""
    store = core.ledger.store
    rows = [text.split("|") for _, text in store.scan(AUDIT, f"{holder.key}/")]
    moment = f"{core.clock.now().astimezone(ICT):%Y%m%d%H%M}"
    with store.transaction():
        key = f"{holder.key}/{len(rows) + 1:08d}"
        store.put(AUDIT, key, "|".join((account.username, moment, code)))
    return tuple(_event(*row) for row in rows[-SHOWN:])


def _event(user: str, at: str, code: str) -> Lookup:
    known = card_code(code)
    return Lookup(user=user, at=at, notice=known.meaning_vi if known else "", code=code)
