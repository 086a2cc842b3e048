"""The health-data portal of Điện Biên: multipart, and the verdict in the answer (200 or 201)."""

from __future__ import annotations

from vnhealth.protocol import Endpoint, dienbien
from vnhealth.protocol.dienbien import TokenReply, Verdict
from vnhealth.sandbox._core import Answer, Call, Core, Front
from vnhealth.sandbox._forms import Refused, bearer_account, clear_account, guarded, multipart, said
from vnhealth.sandbox._http import Response
from vnhealth.sandbox._model import Record, State
from vnhealth.sandbox._results import claim_intake, errors_of, taken_and_judged

__all__ = ["front"]

MAX_ERRORS = 20


def front(core: Core, key: str) -> Front:
    """The portal of Điện Biên."""
    gateway = Dienbien(core)
    handlers = {
        "login": guarded(gateway.login, _refusal, "401"),
        "submit": guarded(gateway.submit, _refusal, "400"),
    }
    return Front(handlers, refused)


def refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal; login and submission share one form."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(dienbien.GATEWAY, code, detail, status)
    state = int(code) if code in ("1", "2") else None
    return Answer(Response(http, Verdict(None, state, text).to_bytes()), code)


class Dienbien:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def login(self, call: Call) -> Answer:
        """Multipart with the password as it was typed."""
        fields = {name: part.text for name, part in multipart(call.request).items()}
        account = clear_account(self._core, dienbien.GATEWAY, fields, "401")
        session = self._core.new_session(account, dienbien.TOKEN_LIFE)
        token = self._core.ids.token(session)
        reply = TokenReply(token, account.username, dienbien.format_expiry(session.expires))
        return Answer(Response(200, reply.to_bytes()), "200", account.scope)

    def submit(self, call: Call) -> Answer:
        """A whole claim file, in spite of the name of the call; judged at once."""
        account = bearer_account(self._core, dienbien.GATEWAY, call.request)
        if account is None:
            raise Refused("401")
        part = multipart(call.request).get(dienbien.FILE_FIELD)
        if part is None or not part.data:
            raise Refused("400", dienbien.FILE_FIELD)
        intake = claim_intake(dienbien.GATEWAY, account, part.data, foreign="400")
        kept, records = taken_and_judged(self._core, intake, tracking=True)
        wrong = any(record.state is State.REFUSED for record in records)
        code = str(dienbien.INVALID if wrong else dienbien.VALID)
        reply = Verdict(kept.transaction, int(code), _errors(records) if wrong else None)
        return Answer(
            Response(201 if wrong else 200, reply.to_bytes()), code, kept.facility, kept.transaction
        )


def _errors(records: tuple[Record, ...]) -> str:
    """The errors of a file as one text, without any value of the file."""
    found = [
        dienbien.error_text(
            number, f.table, f"{f.tag or f.table or 'FILE'}: {f.message_vi} [{f.code}]"
        )
        for number, record in enumerate(records, 1)
        for f in errors_of([record])
    ]
    return "; ".join(found[:MAX_ERRORS])
