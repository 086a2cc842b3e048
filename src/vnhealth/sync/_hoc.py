"""The health operations centre (HOC) as its client sees it: a receipt, and no verdict."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Any

from vnhealth.protocol import Endpoint, hoc, vss
from vnhealth.protocol.hoc import Receipt
from vnhealth.sync import _read
from vnhealth.sync._bearer import BearerGate, read_as
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._outcome import Outcome, Status
from vnhealth.sync._session import Account, Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["HocGate"]

LONGEST = dt.timedelta(seconds=900)
"""A token is kept no longer, as the known client does."""


class HocGate(BearerGate):
    """The token comes from a Keycloak realm, at the real centre on another host (``login_url``)."""

    capabilities = Capabilities(kinds=("claim", "checkin"))
    calls = MappingProxyType({"claim": "submit", "checkin": "checkin"})
    life = LONGEST

    def __init__(self, key: str, account: Account, **how: Any) -> None:
        super().__init__(key, account, **how)
        self._client_id: str = getattr(account, "client_id", "") or hoc.CLIENT_ID

    def _login_request(self) -> HttpRequest:
        fields = {
            "grant_type": hoc.GRANT,
            "client_id": self._client_id,
            "username": self.session.username,
            "password": self.session.secret.reveal(),
        }
        return self._request(
            self.gateway.endpoint("login"),
            headers={"Content-Type": vss.FORM_CONTENT_TYPE},
            body=vss.encode_form(fields),
        )

    def _login_code(self, answer: HttpAnswer) -> str | None:
        document = answer.document() or {}
        return "200" if document.get("access_token") else _read.text(document, "error") or None

    def _open(self, answer: HttpAnswer) -> Token | None:
        document = answer.document() or {}
        server = self.session.clock() + self.session.offset
        ends = vss.parse_expiry(document.get("expires_in"), server)
        longest = server + LONGEST
        return self._opened(document.get("access_token"), min(ends or longest, longest))

    def _code(self, answer: HttpAnswer) -> str | None:
        receipt = read_as(Receipt, answer)
        return None if receipt is None else str(receipt.code)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The raw file; whose it is stands in the headers."""
        headers = {
            "Content-Type": hoc.XML_CONTENT_TYPES[0],
            hoc.HEADER_PROVINCE: body.facility[:2],
            hoc.HEADER_FACILITY: body.facility,
        }
        return (
            yield from self.deliver(
                endpoint, body, headers=headers, content=body.data, resend=self._again
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        receipt = read_as(Receipt, answer)
        assert receipt is not None
        return self._verdict(
            answer,
            str(receipt.code),
            transaction=receipt.transaction,
            message=receipt.message,
            accepted=Status.PENDING,
        )
