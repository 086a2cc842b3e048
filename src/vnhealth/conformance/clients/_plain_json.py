"""What the plain clients of gateways that speak JSON have in common: bearer sessions, retries."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from vnhealth.conformance.clients._place import Answer, NoAnswer, Task
from vnhealth.conformance.clients._plain import ATTEMPTS, PlainClient, Refused
from vnhealth.protocol import Endpoint, gateways

__all__ = ["PlainJsonClient"]

SHORT = dt.timedelta(minutes=50)
"""How long a session is taken to last when nobody says."""


class PlainJsonClient(PlainClient):
    """`PlainClient` for another gateway: accounts by user name, a bearer token each."""

    gateway = ""

    def account(self, facility: str) -> dict[str, str]:
        """The account of a user name."""
        accounts = self.order["gateways"][self.gateway]["accounts"]
        return next(dict(a) for a in accounts if a["username"] == facility)

    def endpoint(self, call: str) -> Endpoint:
        """A call of the gateway."""
        return gateways()[self.gateway].endpoint(call)

    def url(self, path: str) -> str:
        """The address of a path."""
        return str(self.order["gateways"][self.gateway]["base_url"]) + path

    def encoded(self, value: Any) -> bytes:
        """A message as JSON."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    # sessions

    def credentials(self, name: str) -> tuple[str, dict[str, str]]:
        """The call that logs an account in, and its fields."""
        return "login", {"username": name, "password": self.account(name)["password"]}

    def opened(self, answer: Answer) -> dict[str, Any] | None:
        """Token and end of a session, None when the answer gives none."""
        data = self.value(self.receipt(answer), "data")
        return self.held(data.get("access_token")) if isinstance(data, dict) else None

    def held(self, token: Any) -> dict[str, Any] | None:
        """A token and when it ends by the clock of this machine."""
        if not token:
            return None
        return {"token": token, "until": self.place.clock() + self.life(str(token))}

    def life(self, token: str) -> dt.timedelta:
        """How long a token lives, with a margin: a JWT says it."""
        try:
            part = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            whole = dt.timedelta(seconds=int(claims["exp"]) - int(claims["iat"]))
        except (IndexError, KeyError, ValueError, binascii.Error):
            whole = SHORT
        return whole - min(dt.timedelta(seconds=60), whole / 2)

    def login(self, facility: str) -> dict[str, Any]:
        """One session. Raises `Refused` when the account is not let in."""
        call, fields = self.credentials(facility)
        endpoint = self.endpoint(call)
        for attempt in range(ATTEMPTS):
            answer = self.once(endpoint, endpoint.path, {}, self.encoded(fields))
            held = self.opened(answer) if answer else None
            if held is not None:
                self.tokens[facility] = held
                return held
            if answer and not self.is_transient(answer, self.said(answer)):
                self.barred.add(facility)
                raise Refused
            self.place.sleep(self.pause(attempt))
        raise Refused

    def session_headers(self, facility: str) -> dict[str, str]:
        """The header that proves who calls."""
        return {"Authorization": f"Bearer {self.token(facility)['token']}"}

    # calls

    def once(
        self, endpoint: Endpoint, path: str, headers: dict[str, str], body: bytes
    ) -> Answer | None:
        """One request; None when nothing came back."""
        try:
            return self.request(endpoint, path, headers, body)
        except NoAnswer:
            return None

    def request(
        self, endpoint: Endpoint, path: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """One request. Raises `NoAnswer`."""
        kind = {"Content-Type": self.content_type(endpoint)} if body else {}
        return self.place.send(endpoint.method, self.url(path), {**kind, **headers}, body)

    def content_type(self, endpoint: Endpoint) -> str:
        """What a body is called."""
        known = {"json": "application/json; charset=utf-8", "xml": "application/xml"}
        return known[endpoint.content]

    def under_session(
        self, name: str, endpoint: Endpoint, path: str = "", body: bytes = b""
    ) -> Answer:
        """A call of an account; when its session was refused, one login and one more try."""
        path = path or endpoint.path
        answer = self.request(endpoint, path, self.session_headers(name), body)
        if answer.status == 401:
            self.tokens.pop(name, None)
            answer = self.request(endpoint, path, self.session_headers(name), body)
        return answer

    def patient(self, name: str, call: str, path: str = "", body: bytes = b"") -> Answer | None:
        """A call that is made again while there is no proper answer."""
        endpoint = self.endpoint(call)
        for attempt in range(ATTEMPTS):
            try:
                answer = self.under_session(name, endpoint, path, body)
            except NoAnswer:
                answer = None
            if answer and not self.is_transient(answer, self.said(answer)):
                return answer
            self.place.sleep(self.pause(attempt))
        return None

    def said(self, answer: Answer) -> str:
        """What decides: the code of an answer."""
        return str(self.value(self.receipt(answer), "code") or "")

    def receipt(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of an answer, also after a byte-order mark; else an empty one."""
        plain = Answer(answer.status, answer.headers, answer.body.removeprefix(b"\xef\xbb\xbf"))
        return super().receipt(plain)

    def is_transient(self, answer: Answer, said: str) -> bool:
        """True when the same may go well later: no proper answer, or one that says so."""
        return not said or answer.status in (408, 429) or answer.status >= 500

    def is_final(self, answer: Answer, code: str) -> bool:
        """True when sending the same again is useless."""
        return not self.is_transient(answer, code) and answer.status != 401

    def after_answer(self, task: Task, kind: str, answer: Answer) -> bool:
        """Taken, refused for good, or neither."""
        said = self.said(answer)
        if self.is_receipt(answer, said):
            self.note_receipt(task, kind, answer)
            return True
        if self.is_final(answer, said):
            self.keep(task, state="refused")
            return True
        return False

    def note_receipt(self, task: Task, kind: str, answer: Answer) -> None:
        """Write down that a file was taken."""
        raise NotImplementedError
