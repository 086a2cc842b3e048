"""Identity checks as their client sees them: a consent is recorded, then one question is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from urllib.parse import quote

from vnhealth.protocol import Endpoint
from vnhealth.protocol.identity import Question, withdrawal_body
from vnhealth.protocol.repository import Envelope
from vnhealth.sync import _read
from vnhealth.sync._bearer import JSON
from vnhealth.sync._body import Body, checked_body, json_object, plain
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._gate import Gate
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, Status
from vnhealth.sync._repository import RepositoryGate
from vnhealth.sync._retry import Resend
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["IdentityGate"]

QUESTION = frozenset(field.name for field in fields_of(Question))


class IdentityGate(RepositoryGate):
    """Login and envelope of a repository; a consent is what is submitted.

    The number of a consent is the ``transaction`` of its outcome. A verification that is asked
    again under the same transaction gives the same answer, so a lost one may be repeated.
    """

    capabilities = Capabilities(
        kinds=("consent",), lookups=("verify", "look_up", "result", "withdraw")
    )
    look_up = Gate.look_up
    results = Gate.results
    reconciliation = Gate.reconciliation

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """Consents have one call."""
        return self.gateway.endpoint(kind)

    def body(self, data: bytes, kind: str) -> Body:
        """A `vnhealth.protocol.identity.Consent` as bytes."""
        data = plain(data)
        json_object(data, kind)
        return checked_body(data, kind, [self.scope], [], scope=self.scope)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """A consent; every one counts, so it is not sent again by itself."""
        return (
            yield from self.deliver(
                endpoint, body, headers=JSON, content=body.data, resend=Resend.ASK_FIRST
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        outcome = super()._receipt(answer, body)
        envelope = self._envelope(answer)
        data = envelope.data if envelope and isinstance(envelope.data, dict) else {}
        number = _read.text(data, "ma_dong_y")
        return replace(outcome, transaction=number, status=Status.ACCEPTED) if number else outcome

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """``verify`` and ``look_up`` take the fields of `vnhealth.protocol.identity.Question`.

        ``result`` takes number and transaction, ``withdraw`` takes consent and reason.
        """
        endpoint = self.gateway.endpoint(question)
        if question == "result":
            path = endpoint.path.replace("{ma}", quote(fields["number"], safe=""))
            query = {"ma_giao_dich": fields["transaction"]}
            answer = yield from self.ask(endpoint, path=path, query=query)
        else:
            if question == "withdraw":
                content = withdrawal_body(fields["consent"], fields["reason"])
            else:
                content = Question(**_known(fields)).to_bytes()
            answer = yield from self.ask(endpoint, headers=JSON, body=content)
        return self._told(question, answer)

    def _told(self, question: str, answer: HttpAnswer) -> Found:
        envelope = self._envelope(answer)
        assert isinstance(envelope, Envelope)
        data = envelope.data if isinstance(envelope.data, dict) else None
        return Found(
            gateway=self.key,
            question=question,
            code=envelope.code,
            message=envelope.message,
            rows=(data,) if data and envelope.success else (),
            raw=raw_answer(answer),
        )


def _known(fields: Mapping[str, str]) -> dict[str, str]:
    """Only what a question may hold: nothing else goes out."""
    return {name: value for name, value in fields.items() if name in QUESTION}
