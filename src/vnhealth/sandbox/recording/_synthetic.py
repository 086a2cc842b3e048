"""Invented values in the place of those that scrubbing took: requests for the sandbox."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from vnhealth.protocol import Endpoint, gateways
from vnhealth.protocol._json import compact
from vnhealth.protocol.vss import password_hash
from vnhealth.sandbox._exchange import Exchange
from vnhealth.sandbox._http import Request
from vnhealth.sandbox._model import Credentials
from vnhealth.sandbox.recording._cassette import Recorded
from vnhealth.sandbox.recording._shape import Shape
from vnhealth.sandbox.recording._xml import xml_bytes

__all__ = ["Forge"]

BOUNDARY = "vnhealth-replay"
MEDIA = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}",
    "other": "application/xml",
}
SECRET = "A" * 32
_FILL = str.maketrans({"x": "A", "0": "1", "?": "A"})
_SAME = {"token": "accesstoken", "access": "accesstoken", "tokenid": "idtoken"}


class Forge:
    """Makes the requests of a replay at one gateway.

    Accounts and facilities are those of the exchange, by the numbers that the cassette has; tokens
    are those that the sandbox gave. ``answers`` are its JSON answers by number of the exchange.
    """

    def __init__(self, exchange: Exchange, gateway: str, answers: Mapping[int, Any]) -> None:
        self._exchange = exchange
        self._gateway = gateways()[gateway]
        self._answers = answers
        self._tokens: dict[str, str] = {}
        self._account = 0

    def request(self, recorded: Recorded, endpoint: Endpoint) -> Request:
        """A request of the same shape as a recorded one."""
        shape = recorded.request
        values = _Values(self, endpoint, self._template(endpoint, shape))
        path = endpoint.path
        for name, leaf in shape["path"].items():
            path = path.replace("{" + name + "}", quote(values.text(leaf, name), safe=""))
        content, body = values.body(shape)
        headers = {name: self.header(name) for name in shape["headers"]}
        headers = {name: value for name, value in headers.items() if value}
        if content in MEDIA:
            headers["content-type"] = MEDIA[content]
        query = values.value(shape["query"])
        where = self._gateway.prefix + path
        return Request(recorded.method, where, headers, urlencode(query), body)

    def login(self) -> Request | None:
        """A login of the account in use, or None where its form is not known or not needed."""
        if self._tokens or not self._gateway.login:
            return None
        endpoint = self._gateway.endpoint("login")
        fields = self._login_fields()
        content = self._gateway.login.split()[0]
        body = _encoded(content, dict(fields))
        where = self._gateway.prefix + endpoint.path
        return Request(endpoint.method, where, {"content-type": MEDIA[content]}, body=body)

    def learn(self, answer: Any) -> None:
        """Keep the tokens of an answer of a login."""
        for name, item in answer.items() if isinstance(answer, dict) else ():
            if isinstance(item, str) and "token" in name.lower():
                self._tokens[_plain(name)] = item
            self.learn(item)

    def _template(self, endpoint: Endpoint, shape: Mapping[str, Any]) -> dict[str, str]:
        """What stands in the fields of a login; the account is the one of the cassette."""
        if endpoint.name != "login" or not self._gateway.login:
            return {}
        for _, leaf in shape["body"].get("fields", ()):
            if leaf["is"] == "account":
                self._account = leaf["n"]
        return self._login_fields()

    def _login_fields(self) -> dict[str, str]:
        account = self.account(self._account)
        values = {
            "username": account.username,
            "password": account.password,
            "md5": password_hash(account.password),
            "facility": account.facility,
        }
        fields = self._gateway.login.split()[1:]
        return dict(field.format(**values).split("=", 1) for field in fields)

    def account(self, number: int | None = None) -> Credentials:
        """The account of a number; it belongs to the facility of the same number."""
        facilities = self._exchange.facilities
        place = self._account if number is None else number
        code = facilities[place % len(facilities)].code
        return self._exchange.credentials(code, self._gateway.key)

    def secret(self, key: str) -> str:
        """What stands for a secret of this name now."""
        if "password" in key.lower() or key.lower() == "mat_khau":
            password = self.account().password
            hashed = "{md5}" in self._gateway.login
            return password_hash(password) if hashed else password
        name = _plain(key)
        return self._tokens.get(name) or self._tokens.get(_SAME.get(name, ""), SECRET)

    def earlier(self, leaf: Mapping[str, Any]) -> str | None:
        """The text that stands in the sandbox's answer where the recorded one stood."""
        found: Any = self._answers.get(leaf["exchange"])
        for step in leaf["path"]:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found if isinstance(found, str) else None

    def header(self, name: str) -> str:
        """The value of a header by its name; empty for those that mean nothing here."""
        match name:
            case "authorization":
                return f"Bearer {self.secret('token')}"
            case "accesstoken" | "tokenid" | "idtoken" | "passwordhash" | "password":
                return self.secret(name)
            case "username":
                return self.account().username
            case "csyt" | "ma_cskcb":
                return self.account().facility
            case "tinh":
                return self.account().facility[:2]
            case _:
                return ""


class _Values:
    """Values for shapes; ``fixed`` are texts by the name of their field."""

    def __init__(self, forge: Forge, endpoint: Endpoint, fixed: Mapping[str, str]) -> None:
        self._forge = forge
        self._endpoint = endpoint
        self._fixed = fixed

    def body(self, shape: Mapping[str, Any]) -> tuple[str, bytes]:
        content, body = shape["content"], shape["body"]
        if content == "none":
            return content, b""
        if content == "other":
            return content, self._bytes(body, "")
        if content == "json":
            return content, compact(self.value(body))
        return content, _encoded(content, self.value(body), _file_names(body))

    def value(self, shape: Shape, key: str = "") -> Any:
        match shape["is"]:
            case "object":
                return {name: self.value(item, name) for name, item in shape["fields"]}
            case "list":
                items = [self.value(item, key) for item in shape["items"]]
                return [items[i % len(items)] for i in range(shape["count"])] if items else []
            case "null":
                return None
            case "boolean":
                return True
            case "number":
                return _number(shape["form"])
        text = self.text(shape, key)
        return _number(text) if shape.get("type") == "number" else text

    def text(self, shape: Shape, key: str = "") -> str:
        """The content of a leaf; what is packed in a text is packed again."""
        if key in self._fixed:
            return self._fixed[key]
        match shape["is"]:
            case "secret":
                return self._forge.secret(key)
            case "kind":
                return self._endpoint.record
            case "word" | "code":
                return str(shape[shape["is"]])
            case "account":
                return self._forge.account(shape["n"]).username
            case "facility":
                return self._forge.account(shape["n"]).facility
            case "province":
                return self._forge.account().facility[:2]
            case "record":
                return f"R{shape['n'] + 1:0{max(shape['length'] - 1, 1)}d}"
            case "earlier":
                return self._forge.earlier(shape) or SECRET
            case "json":
                return compact(self.value(shape["of"])).decode()
            case "base64":
                return base64.b64encode(self._bytes(shape["of"], key)).decode("ascii")
            case "null":
                return ""
            case "xml" | "bytes" | "file":
                return self._bytes(shape, key).decode("utf-8", "replace")
        return str(shape.get("form", "A" * shape.get("length", 1))).translate(_FILL)

    def _bytes(self, shape: Shape, key: str) -> bytes:
        match shape["is"]:
            case "xml":
                return xml_bytes(shape["root"], self.text)
            case "bytes":
                return b"\xff" * int(shape["length"])
            case "file":
                return self._bytes(shape["of"], key)
        return self.text(shape, key).encode()


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _number(form: str) -> Any:
    try:
        return json.loads(form.translate(_FILL))
    except ValueError:
        return 1


def _file_names(body: Shape) -> frozenset[str]:
    return frozenset(name for name, item in body["fields"] if item["is"] == "file")


def _encoded(content: str, fields: Mapping[str, Any], files: frozenset[str] = frozenset()) -> bytes:
    """Fields as a body of a kind."""
    if content == "json":
        return compact(fields)
    if content == "form":
        return urlencode(fields).encode("ascii")
    rows = []
    for name, value in fields.items():
        filename = '; filename="tep.xml"' if name in files else ""
        rows.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}')
        rows.append(f"\r\n\r\n{value}\r\n")
    return "".join((*rows, f"--{BOUNDARY}--\r\n")).encode()
