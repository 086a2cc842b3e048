"""Who calls the insurance gateway: login, and the three ways in which a call proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vnhealth.protocol import result_code, vss
from vnhealth.protocol.vss import LoginReply, Receipt
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, texts
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ids import same
from vnhealth.sandbox._model import Account

__all__ = [
    "facility_of",
    "handlers",
    "header_account",
    "http_status",
    "query_account",
    "receipt_refusal",
    "refusal",
    "with_status",
]


def handlers(core: Core) -> Mapping[str, Handler]:
    """The login."""
    return {"login": lambda call: _login(core, call)}


def refusal(code: str, detail: str) -> Answer:
    """A refused login: APIKey is null."""
    return Answer(Response(http_status(code), LoginReply(code).to_bytes()), code)


def receipt_refusal(code: str, detail: str) -> Answer:
    """A refused call of the 130 family: an empty receipt with the meaning of the code."""
    known = result_code(vss.GATEWAY, code)
    text = known.meaning_vi if known else ""
    receipt = Receipt(code, message=f"{text}: {detail}" if detail else text)
    return Answer(Response(http_status(code), receipt.to_bytes()), code)


def http_status(code: str) -> int:
    """The HTTP status that usually comes with a code."""
    known = result_code(vss.GATEWAY, code)
    return known.http if known else 400


def with_status(answer: Answer, status: int | None) -> Answer:
    """The same answer under another HTTP status."""
    if status is None:
        return answer
    return replace(answer, response=replace(answer.response, status=status))


def _login(core: Core, call: Call) -> Answer:
    """Form or JSON; the password is an MD5 in upper case (lower case is taken too)."""
    try:
        fields = texts(call.request.fields())
    except BadBody:
        fields = {}
    account = _sender(core, fields.get("username", ""), fields.get("password", ""))
    if account is None or account.locked:
        return refusal("401" if account is None else "403", "")
    session = core.new_session(account, core.settings.vss_token)
    reply = LoginReply(
        code="200",
        access_token=core.ids.token(session),
        id_token=core.ids.token(session, "id"),
        username=account.username,
        expires_in=vss.format_expiry(session.expires),
    )
    return Answer(Response(200, reply.to_bytes()), "200", account.scope)


def _sender(core: Core, username: str, hashed: str) -> Account | None:
    """The account with this password, unless it is one for driver health checks only."""
    if username.endswith(vss.DRIVER_SUFFIX):
        return None
    return core.account(vss.GATEWAY, username, hashed, hashed=True)


def header_account(core: Core, call: Call) -> Account:
    """By the headers accessToken, tokenId and passwordHash. Raises `Refused`."""
    header = call.request.header
    return _of_session(
        core,
        header(vss.HEADER_ACCESS_TOKEN),
        header(vss.HEADER_TOKEN_ID),
        header(vss.HEADER_PASSWORD_HASH),
    )


def query_account(core: Core, values: Mapping[str, str], *, over: str = "401") -> Account:
    """By token, id_token, username and password of a query.

    Raises `Refused`: 401 for a wrong account, ``over`` for a session that is wrong or over.
    """
    username, hashed = values.get("username", ""), values.get("password", "")
    if _sender(core, username, hashed) is None:
        raise Refused("401")
    account = _of_session(
        core, values.get("token", ""), values.get("id_token", ""), hashed, over=over
    )
    if account.username != username:
        raise Refused(over)
    return account


def facility_of(core: Core, params: Mapping[str, str]) -> tuple[Account, str]:
    """Who asks by the query, and for which facility. Raises `Refused`."""
    account = query_account(core, params)
    facility = params.get("maCSKCB", "").strip()
    if not account.may_send(facility):
        raise Refused("403")
    return account, facility


def _of_session(
    core: Core, access: str, id_token: str, hashed: str, *, over: str = "401"
) -> Account:
    found = core.session_account(vss.GATEWAY, access)
    if found is None:
        raise Refused(over)
    session, account = found
    if not same(core.ids.token(session, "id"), id_token):
        raise Refused(over)
    if core.account(vss.GATEWAY, account.username, hashed, hashed=True) is None:
        raise Refused("401")
    return account
