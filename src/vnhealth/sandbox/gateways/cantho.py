"""The health database of Cần Thơ: multipart, and the result of the import in the answer."""

from __future__ import annotations

import datetime as dt

from vnhealth.protocol import Endpoint, cantho
from vnhealth.protocol.cantho import ImportReply, RecordError, TokenReply
from vnhealth.sandbox._core import Answer, Call, Core, Front
from vnhealth.sandbox._forms import Refused, bearer_account, clear_account, guarded, multipart, said
from vnhealth.sandbox._http import Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Record, State
from vnhealth.sandbox._results import claim_intake, errors_of, taken_and_judged

__all__ = ["front"]

LIFE = dt.timedelta(minutes=cantho.TOKEN_MINUTES)


def front(core: Core, key: str) -> Front:
    """The database of Cần Thơ."""
    gateway = Cantho(core)
    handlers = {
        "login": guarded(gateway.login, _refusal, "401"),
        "submit": guarded(gateway.submit, _refusal, "400"),
    }
    return Front(handlers, refused)


def refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal; the document shows one form with success and message."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(cantho.GATEWAY, code, detail, status)
    return Answer(Response(http, TokenReply(False, message=text).to_bytes()), code)


class Cantho:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def login(self, call: Call) -> Answer:
        """Multipart with the password in clear text; the life of the token in minutes, as text."""
        fields = {name: part.text for name, part in multipart(call.request).items()}
        account = clear_account(self._core, cantho.GATEWAY, fields, "401")
        token = self._core.ids.token(self._core.new_session(account, LIFE))
        reply = TokenReply(True, token, str(cantho.TOKEN_MINUTES))
        return Answer(Response(200, reply.to_bytes()), "200", account.scope)

    def submit(self, call: Call) -> Answer:
        """A claim file; its records are inserted, updated or failed, and the answer says so."""
        account = bearer_account(self._core, cantho.GATEWAY, call.request)
        if account is None:
            raise Refused("401")
        parts = multipart(call.request)
        file, kind = parts.get(cantho.FILE_FIELD), parts.get("type")
        if file is None or not file.data:
            raise Refused("400", cantho.FILE_FIELD)
        if kind is None or kind.text != cantho.KIND:
            raise Refused("400", "type")
        intake = claim_intake(cantho.GATEWAY, account, file.data, foreign="403")
        known = self._known(intake)
        kept, records = taken_and_judged(self._core, intake)
        failed = [record for record in records if record.state is State.REFUSED]
        taken = [record for record in records if record.state is not State.REFUSED]
        updated = sum(record.key in known for record in taken)
        reply = ImportReply(
            kept.transaction,
            inserted=len(taken) - updated,
            updated=updated,
            errors=tuple(RecordError(record.key, _errors(record)) for record in failed),
            failed=len(failed),
        )
        code = "FAILED" if failed else "200"
        return Answer(Response(200, reply.to_bytes()), code, kept.facility, kept.transaction)

    def _known(self, intake: Intake) -> set[str]:
        """The keys of the file that the database holds already."""
        ledger = self._core.ledger
        found = set()
        for key in intake.keys:
            where = (intake.gateway, intake.facility, intake.kind)
            record = ledger.current(*where, key) if key is not None else None
            if record is not None and record.state is not State.REFUSED:
                found.add(record.key or "")
        return found


def _errors(record: Record) -> str:
    """The errors of a record as one text, without any value of the file."""
    return "; ".join(
        f"{f.table or 'FILE'}.{f.tag or '-'}: {f.message_vi} [{f.code}]"
        for f in errors_of([record])
    )
