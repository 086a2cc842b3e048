"""The health-data portal of Điện Biên as its client sees it: trangThai is the verdict."""

from __future__ import annotations

import datetime as dt
import re

from vnhealth.findings import Finding, Severity
from vnhealth.protocol import Endpoint, dienbien
from vnhealth.protocol.dienbien import TokenReply, Verdict
from vnhealth.protocol.vss import parse_expiry
from vnhealth.sync import _read
from vnhealth.sync._bearer import MultipartGate, read_as
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._outcome import Outcome, gateway_finding
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["DienbienGate"]

LONGEST = dt.timedelta(minutes=15)
"""A token is kept no longer, as the known client does: it may be taken back early."""
_ERROR = re.compile(r"hồ sơ thứ (\d{1,6}):?\s*\(Lỗi cấu trúc (xml\d{1,2})\s*-\s*([A-Z0-9_]*)", re.I)


class DienbienGate(MultipartGate):
    """The errors of a file are free text: what can be read of it becomes findings."""

    capabilities = Capabilities(kinds=("claim",))
    life = LONGEST
    file_field = dienbien.FILE_FIELD
    file_name = dienbien.FILE_NAME

    def _login_code(self, answer: HttpAnswer) -> str | None:
        return "200" if read_as(TokenReply, answer) else self._code(answer)

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(TokenReply, answer)
        if reply is None:
            return None
        server = self.session.clock() + self.session.offset
        ends, longest = parse_expiry(reply.expires, server), server + LONGEST
        return self._opened(reply.access_token, min(ends or longest, longest))

    def _code(self, answer: HttpAnswer) -> str | None:
        """trangThai; without it an HTTP status can refuse, but never accept."""
        verdict = read_as(Verdict, answer)
        if verdict is None:
            return None
        if verdict.state is not None:
            return str(verdict.state)
        return str(answer.status) if answer.status >= 400 else None

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The file as it is, in a multipart form."""
        return (yield from self._send_form(endpoint, body, {dienbien.FILE_FIELD: body.data}))

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        verdict = read_as(Verdict, answer)
        assert verdict is not None
        text = verdict.errors or ""
        return self._verdict(
            answer,
            self._code(answer) or "",
            transaction=verdict.transaction,
            message=text,
            findings=tuple(self._errors(text)),
        )

    def _errors(self, text: str) -> list[Finding]:
        """A finding for each error that has the known form; none when the text has another."""
        found = list(_ERROR.finditer(text))
        ends = [match.start() for match in found[1:]] + [len(text)]
        return [
            gateway_finding(
                self.key,
                str(dienbien.INVALID),
                Severity.ERROR,
                encounter=int(match[1]) - 1,
                table=_read.table(match[2].upper()),
                tag=_read.tag(match[3].upper()),
                text=text[match.start() : end],
            )
            for match, end in zip(found, ends, strict=False)
        ]
