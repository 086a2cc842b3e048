"""The health database of Cần Thơ as its client sees it: the counts of an import tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from vnhealth.findings import Findings, Severity
from vnhealth.protocol import Endpoint, cantho
from vnhealth.protocol.cantho import ImportReply, TokenReply
from vnhealth.sync._bearer import MultipartGate, read_as
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._outcome import GatewayFinding, Outcome, RecordOutcome, Status, gateway_finding
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["CanthoGate"]


class CanthoGate(MultipartGate):
    """Records are inserted or updated by MA_LK, so a file may be sent again."""

    capabilities = Capabilities(kinds=("claim",), repeatable=True)
    life = dt.timedelta(minutes=cantho.TOKEN_MINUTES)
    file_field = cantho.FILE_FIELD
    file_name = "hoso.xml"

    def _login_code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(TokenReply, answer)
        if reply is None:
            return None
        return "200" if reply.ok else "401"

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(TokenReply, answer)
        if reply is None or not reply.ok:
            return None
        minutes = reply.minutes or ""
        server = self.session.clock() + self.session.offset
        known = minutes.isascii() and minutes.isdigit() and len(minutes) < 6
        return self._opened(
            reply.token, server + dt.timedelta(minutes=int(minutes)) if known else None
        )

    def _code(self, answer: HttpAnswer) -> str | None:
        """``success`` false with HTTP 200 is known of logins only: so log in once more."""
        reply = read_as(ImportReply, answer)
        if reply is not None:
            return "FAILED" if reply.failed or reply.errors else "200"
        if read_as(TokenReply, answer) is None:
            return None
        return "401" if answer.status < 400 else str(answer.status)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The file as it is, in a multipart form beside its type."""
        parts = {cantho.FILE_FIELD: body.data, "type": cantho.KIND.encode()}
        return (yield from self._send_form(endpoint, body, parts))

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        code = self._code(answer) or ""
        reply = read_as(ImportReply, answer)
        if reply is None:
            said = read_as(TokenReply, answer)
            return self._verdict(answer, code, message=said.message if said else "")
        failed = {
            error.key: gateway_finding(
                self.key, code, Severity.ERROR, encounter=_place(body, error.key), text=error.text
            )
            for error in reply.errors
        }
        outcome = self._verdict(
            answer, code, transaction=reply.transaction, findings=tuple(failed.values())
        )
        if outcome.accepted and reply.taken < len(body.keys):
            return replace(outcome, status=Status.UNKNOWN)
        return replace(outcome, records=_records(body, reply.transaction, failed))


def _place(body: Body, key: str | None) -> int | None:
    return body.keys.index(key) if key in body.keys else None


def _records(
    body: Body, transaction: str | None, failed: dict[str | None, GatewayFinding]
) -> tuple[RecordOutcome, ...]:
    """Each record by itself, once every failed one can be told by its MA_LK."""
    if not set(failed) <= set(body.keys):
        return ()
    return tuple(
        RecordOutcome(
            ma_lk=key,
            status=Status.REFUSED if key in failed else Status.ACCEPTED,
            transaction=transaction,
            findings=Findings([failed[key]] if key in failed else []),
        )
        for key in body.keys
    )
