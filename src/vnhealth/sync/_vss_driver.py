"""Driver health checks as their client sees them: an account in the headers, no session."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from vnhealth.errors import ConformanceError
from vnhealth.findings import Findings, Severity
from vnhealth.protocol import Endpoint, vss, vss_driver
from vnhealth.protocol._json import compact
from vnhealth.protocol.vss_driver import DriverReply
from vnhealth.sync._body import Body, checked_body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._errors import AuthFailed, NotSent
from vnhealth.sync._gate import Gate
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, Status, gateway_finding
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Account, Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["DriverGate"]

KIND = "gksk"
LIFE = dt.timedelta(days=1)
"""How long the account is taken for good before it is looked at again."""


class DriverGate(Gate):
    """Keeps only the MD5 of the password, which stands in the headers of every call."""

    capabilities = Capabilities(kinds=(KIND,))

    def _secret(self, account: Account) -> str:
        return vss.password_hash(account.password)

    # there is no login: the account is its own session until it is refused

    def _login(self, stale: Token | None) -> Plan[Token]:
        if stale is not None and stale is self.session.token:
            self.session.refused()
        why = self.session.may_login()
        if why is not None:
            raise AuthFailed(why, gateway=self.key)
        yield from ()
        return self.session.opened("-", "", None, LIFE)

    def _login_request(self) -> HttpRequest:
        raise self.lacks("login")

    def _login_code(self, answer: HttpAnswer) -> str | None:
        raise self.lacks("login")

    def _open(self, answer: HttpAnswer) -> Token | None:
        raise self.lacks("login")

    def _session_headers(self, token: Token) -> dict[str, str]:
        return {
            vss_driver.HEADER_USERNAME: self.session.username,
            vss_driver.HEADER_PASSWORD: self.session.secret.reveal(),
        }

    def _code(self, answer: HttpAnswer) -> str | None:
        reply = _reply(answer)
        return None if reply is None else reply.state

    # checks

    def send_check(self, check: Mapping[str, Any]) -> Plan[Outcome]:
        """One check given by its fields."""
        return (yield from self.submit_file(compact(check), kind=KIND))

    def body(self, data: bytes, kind: str) -> Body:
        """The fields have to have their form; number and facility have to be the account's."""
        try:
            check = json.loads(data)
        except ValueError:
            check = None
        if not isinstance(check, dict):
            raise NotSent("ERR-SYNC-14", call=KIND, kind="?")
        found = vss_driver.inspect(check)
        if not found.ok:
            raise ConformanceError(findings=found)
        number = str(check["SO"]).strip()
        facilities = [vss_driver.facility_of(number), str(check["IDBENHVIEN"]).strip()]
        return checked_body(data, kind, facilities, [number], scope=self.scope)

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """The one call."""
        return self.gateway.endpoint("gksk")

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """JSON as it is. A second ADD could be refused, so a lost one is not repeated by itself."""
        edit = json.loads(body.data).get("STATE") == "EDIT"
        return (
            yield from self.deliver(
                endpoint,
                body,
                headers={"Content-Type": vss.JSON_CONTENT_TYPE},
                content=body.data,
                resend=Resend.SAFE if edit else Resend.ASK_FIRST,
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        reply = _reply(answer)
        assert reply is not None
        return Outcome(
            gateway=self.key,
            status=Status.ACCEPTED if reply.accepted else Status.REFUSED,
            code=reply.state,
            message=reply.text,
            transaction=reply.uuid or None,
            findings=_findings(self.key, reply),
            raw=raw_answer(answer),
        )


def _findings(gateway: str, reply: DriverReply) -> Findings:
    if reply.accepted:
        return Findings()
    return Findings([gateway_finding(gateway, reply.state, Severity.ERROR, text=reply.text)])


def _reply(answer: HttpAnswer) -> DriverReply | None:
    try:
        return DriverReply.from_json(answer.document())
    except ValueError:
        return None
