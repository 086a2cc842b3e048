"""What the gateways with a bearer token share: one call per kind of file, whole files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeVar

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import Endpoint
from vnhealth.protocol._json import compact
from vnhealth.sync._body import Body
from vnhealth.sync._codes import known_code
from vnhealth.sync._gate import Gate
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, Status, gateway_finding
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["JSON", "BearerGate", "MultipartGate", "multipart", "read_as"]

JSON = {"Content-Type": "application/json; charset=utf-8"}
T_co = TypeVar("T_co", covariant=True)

NO_FILES: Mapping[str, str] = MappingProxyType({})
VERDICTS = {"accepted": Status.ACCEPTED, "duplicate": Status.DUPLICATE, "refused": Status.REFUSED}


class Shape(Protocol[T_co]):
    """A message shape of `vnhealth.protocol`."""

    def from_json(self, value: Any) -> T_co:
        """The message; `ValueError` when the value is none."""
        ...


def read_as(shape: Shape[T_co], answer: HttpAnswer) -> T_co | None:
    """An answer as a message of the contract, or None."""
    try:
        return shape.from_json(answer.document())
    except ValueError:
        return None


def multipart(
    parts: Mapping[str, bytes], files: Mapping[str, str] = NO_FILES
) -> tuple[dict[str, str], bytes]:
    """Header and body of a multipart form; ``files`` has file names by part.

    The boundary is made from the content, so that the same file gives the same bytes.

    >>> header, body = multipart({"type": b"3176"})
    >>> body.count(header["Content-Type"].partition("=")[2].encode())
    2
    """
    line = "vnhealth" + hashlib.sha256(b"\n".join(parts.values())).hexdigest()[:32]
    body = b""
    for name, data in parts.items():
        head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"'
        if name in files:
            head += f'; filename="{files[name]}"\r\nContent-Type: text/xml'
        body += head.encode() + b"\r\n\r\n" + data + b"\r\n"
    header = {"Content-Type": f"multipart/form-data; boundary={line}"}
    return header, body + f"--{line}--\r\n".encode()


class BearerGate(Gate):
    """Says its calls by kind of file, and how long a token lives that does not tell."""

    calls: ClassVar[Mapping[str, str]] = {"claim": "submit"}
    life: ClassVar[timedelta]

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """One call per kind; the edition of a file makes no difference."""
        return self.gateway.endpoint(self.calls[kind])

    def _login_request(self) -> HttpRequest:
        """JSON with user name and password, as most gateways want it."""
        fields = {"username": self.session.username, "password": self.session.secret.reveal()}
        return self._request(self.gateway.endpoint("login"), headers=JSON, body=compact(fields))

    def _login_code(self, answer: HttpAnswer) -> str | None:
        return self._code(answer)

    def _session_headers(self, token: Token) -> dict[str, str]:
        return {"Authorization": f"Bearer {token.access}"}

    def _opened(self, access: object, ends: datetime | None = None) -> Token | None:
        usable = self._usable_token(access)
        return None if usable is None else self.session.opened(usable, "", ends, self.life)

    @property
    def _again(self) -> Resend:
        """Whether a file may go out again when its answer was lost."""
        safe = self.capabilities.repeatable or self.policy.resend_replaces
        return Resend.SAFE if safe else Resend.ASK_FIRST

    def _verdict(
        self,
        answer: HttpAnswer,
        code: str,
        *,
        transaction: str | None = None,
        message: str = "",
        accepted: Status = Status.ACCEPTED,
        findings: tuple[Finding, ...] = (),
    ) -> Outcome:
        """The outcome that a code stands for; a refusal carries at least one finding."""
        known = known_code(self.key, code)
        status = VERDICTS.get(known.outcome if known else "", Status.UNKNOWN)
        if status is Status.ACCEPTED:
            status = accepted
        if status is Status.UNKNOWN and transaction is None and 400 <= answer.status < 500:
            status = Status.REFUSED
        if status is Status.REFUSED and not findings:
            findings = (gateway_finding(self.key, code, Severity.ERROR, text=message),)
        return Outcome(
            gateway=self.key,
            status=status,
            code=code,
            message=message,
            transaction=transaction,
            findings=Findings(findings),
            raw=raw_answer(answer),
        )


class MultipartGate(BearerGate):
    """Login and files as multipart forms; says the field and the name of the file."""

    file_field: ClassVar[str]
    file_name: ClassVar[str]

    def _login_request(self) -> HttpRequest:
        fields = {"username": self.session.username, "password": self.session.secret.reveal()}
        header, body = multipart({name: text.encode() for name, text in fields.items()})
        return self._request(self.gateway.endpoint("login"), headers=header, body=body)

    def _send_form(
        self, endpoint: Endpoint, body: Body, parts: Mapping[str, bytes]
    ) -> Plan[Outcome]:
        """Deliver a file as it is, with what goes beside it."""
        header, content = multipart(parts, {self.file_field: self.file_name})
        return (
            yield from self.deliver(
                endpoint, body, headers=header, content=content, resend=self._again
            )
        )
