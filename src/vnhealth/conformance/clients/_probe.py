"""A client that asks a server what it must answer, and what it must refuse."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

from vnhealth.conformance.clients._place import Answer, NoAnswer, Task, Workplace
from vnhealth.conformance.clients._plain import PlainClient

__all__ = ["ENTITY", "ProbeClient"]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENTITY = "vnhealth-probe-entity"
DTD = f'<!DOCTYPE GIAMDINHHS [<!ENTITY e "{ENTITY}">]><GIAMDINHHS>&e;</GIAMDINHHS>'.encode()
LOOKS = 20


class ProbeClient(PlainClient):
    """Sends good and bad requests in a fixed order and notes which request was which."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self.sent = 0
        self.probes: dict[str, int] = {}

    def run(self) -> None:
        """All probes; a probe that gets no answer is left out."""
        checkin = next(t for t in self.order["tasks"] if t["task"] == "checkin")
        claims = [t for t in self.order["tasks"] if t["task"] == "claim"]
        facility = checkin["facility"]
        self._login(facility)
        self._files(checkin, claims)
        self._bad_files(claims[0])
        self._probe("unknown", "GET", "/api/qd130/khongCoLoiGoiNay", self._headers(facility))
        self._verdict(facility)
        results = {"schema": "vnhealth-results/1", "records": [], "probes": self.probes}
        self.place.disk["results.json"] = json.dumps(results)

    def _probe(
        self, label: str, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> Answer | None:
        self.sent += 1
        try:
            answer = self.place.send(method, self.url(path), headers, body)
        except NoAnswer:
            return None
        self.probes[label] = self.sent
        return answer

    def _login(self, facility: str) -> None:
        account = self.account(facility)
        path = self.endpoint("login").path
        for label, password in (
            ("wrong_login", account["password"] + "x"),
            ("login", account["password"]),
        ):
            form = {"username": account["username"], "password": self.password_hash(password)}
            answer = self._probe(label, "POST", path, FORM, urlencode(form).encode())
            key = self.value(self.receipt(answer), "APIKey") if answer else None
            if label == "login" and isinstance(key, dict):
                self.tokens[facility] = key

    def _headers(self, facility: str) -> dict[str, str]:
        held = self.tokens.get(facility, {})
        return {
            "accessToken": str(held.get("access_token", "")),
            "tokenId": str(held.get("id_token", "")),
            "passwordHash": self.password_hash(self.account(facility)["password"]),
        }

    def _send(self, label: str, task: Task, kind: str, **changes: str) -> None:
        facility = task["facility"]
        form = {
            "username": self.account(facility)["username"],
            "loaiHoSo": self.file_kind(kind),
            "maTinh": facility[:2],
            "maCSKCB": facility,
            "fileHSBase64": self.base64(self.file(task, kind)),
            **changes,
        }
        session = {} if label == "no_session" else self._headers(facility)
        path = self.endpoint(self.call_of(task, kind)).path
        self._probe(label, "POST", path, {**FORM, **session}, urlencode(form).encode())

    def _files(self, checkin: Task, claims: list[Task]) -> None:
        self._send("checkin", checkin, "checkin")
        for number, claim in enumerate(claims[:2], 1):
            self._send(f"claim{number}", claim, "claim")

    def _bad_files(self, claim: Task) -> None:
        self._send("no_session", claim, "claim")
        self._send("foreign", claim, "claim", maCSKCB="98765", maTinh="98")
        self._send("bad_base64", claim, "claim", fileHSBase64="%%%")
        self._send("bad_kind", claim, "claim", loaiHoSo="99")
        self._send("entity", claim, "claim", fileHSBase64=base64.b64encode(DTD).decode())

    def _verdict(self, facility: str) -> None:
        claim = next(t for t in self.order["tasks"] if t["task"] == "claim")
        query = urlencode({"maLk": claim["ma_lk"], "loaiHoSo": "130", "maCSKCB": facility})
        path = f"{self.endpoint('result_by_record').path}?{query}"
        for _ in range(LOOKS):
            answer = self._probe("verdict", "GET", path, self._headers(facility))
            said: dict[str, Any] = self.receipt(answer) if answer else {}
            if self.code_of(said) != "200" or self.value(said, "trangThai") == "DA_XU_LY":
                return
            self.place.sleep(2.0)
