"""Clients that ask a repository what it must answer: one of identified records, one of others."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from vnhealth.conformance.clients._place import Task
from vnhealth.conformance.clients._plain_stores import PlainStoresClient
from vnhealth.conformance.clients._probe import DTD, ProbeClient
from vnhealth.localtime import ICT
from vnhealth.protocol import gateways

__all__ = ["DeidProbe", "StoreProbe"]

JSON = {"Content-Type": "application/json; charset=utf-8"}
XML = {"Content-Type": "application/xml"}
FOREIGN = "98765"


class _StoreProbe(ProbeClient, PlainStoresClient):
    """Logins and calls of a repository, each noted under a label."""

    gateway = ""

    def url(self, path: str) -> str:
        """The address of a path."""
        return str(self.order["gateways"][self.gateway]["base_url"]) + path

    def account(self, facility: str) -> dict[str, str]:
        """The account that was given for the test."""
        return dict(self.order["gateways"][self.gateway]["accounts"][0])

    def asked(
        self,
        label: str,
        call: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A probe; gives the object that came back."""
        endpoint = gateways()[self.gateway].endpoint(call)
        path = f"{endpoint.path}?{urlencode(query)}" if query else endpoint.path
        answer = self._probe(label, endpoint.method, path, headers or {}, body)
        return self.receipt(answer) if answer else {}

    def let_in(self) -> None:
        """A wrong login, then the right one."""
        account = self.account("")
        name, password = account["username"], account["password"]
        for label, tried in (("wrong_login", password + "x"), ("login", password)):
            fields = {"username": name, "password": tried}
            said = self.asked(label, "login", json.dumps(fields).encode(), JSON)
        token = (said.get("data") or {}).get("access_token", "")
        self.bearing = {"Authorization": f"Bearer {token}"}

    def written(self) -> None:
        """The results: which request was which."""
        results = {"schema": "vnhealth-results/1", "records": [], "probes": self.probes}
        self.place.disk["results.json"] = json.dumps(results)


class StoreProbe(_StoreProbe):
    """Good and bad files, states, withdrawals and counts at the repository of a province."""

    gateway = "province"

    def run(self) -> None:
        """All probes; a probe that gets no answer is left out."""
        first, second = [t for t in self.order["tasks"] if t["task"] == "store"][:2]
        self.let_in()
        self.sends(first, second)
        self.withdraws(first)
        day = f"{self.place.clock().astimezone(ICT):%Y-%m-%d}"
        days = {"from_date": day, "to_date": day}
        self.asked("counts", "reconciliation", headers=self.bearing, query=days)
        self._probe("unknown", "GET", "/api/khong-co-loi-goi-nay", self.bearing)
        self.written()

    def sends(self, first: Task, second: Task) -> None:
        """Files, and what is known of them."""
        file, other = self.file(first, "claim"), self.file(second, "claim")
        self.asked("no_session", "submit", file, XML)
        under = {**XML, **self.bearing}
        self.asked("file1", "submit", file, under)
        self.asked("file2", "submit", other, under)
        self.asked("again", "submit", file, under)
        changed = {**first, "tables": _changed(first["tables"])}
        self.asked("changed", "submit", self.file(changed, "claim"), under)
        self.asked("foreign", "submit", self.file({**second, "facility": FOREIGN}, "claim"), under)
        self.asked("empty", "submit", b"", under)
        self.asked("wrong_type", "submit", file, {"Content-Type": "text/plain", **self.bearing})
        self.asked("entity", "submit", DTD, under)
        for label, key in (("state", second["ma_lk"]), ("never", "KHONGCO0001")):
            query = {"ma_lk": key, "ma_cskcb": second["facility"]}
            self.asked(label, "status", headers=self.bearing, query=query)

    def withdraws(self, task: Task) -> None:
        """Cancelled, again, with other content, and back."""
        who = {"MA_LK": task["ma_lk"], "MA_CSKCB": task["facility"]}
        under = {**JSON, **self.bearing}
        cancel = {**who, "LY_DO_HUY": "Gửi nhầm", "MA_YEU_CAU": "THU-HUY-1"}
        restore = {**who, "LY_DO": "Huỷ nhầm", "MA_YEU_CAU": "THU-KP-1"}
        other = {**cancel, "LY_DO_HUY": "Lý do khác"}
        query = {"ma_lk": task["ma_lk"], "ma_cskcb": task["facility"]}
        for label, call, fields in (
            ("cancel", "cancel", cancel),
            ("cancel_again", "cancel", cancel),
            ("cancel_other", "cancel", other),
        ):
            self.asked(label, call, json.dumps(fields, ensure_ascii=False).encode(), under)
        self.asked("state_cancelled", "status", headers=self.bearing, query=query)
        body = json.dumps(restore, ensure_ascii=False).encode()
        self.asked("restore", "restore", body, under)
        self.asked("state_restored", "status", headers=self.bearing, query=query)


def _changed(tables: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    """The same with another note."""
    first = tables["XML1"][0]
    return {**tables, "XML1": [{**first, "GHI_CHU": "Bản sửa"}, *tables["XML1"][1:]]}


class DeidProbe(_StoreProbe):
    """De-identified files, and files that are not, at a de-identified store."""

    gateway = "national_deid"

    def run(self) -> None:
        """All probes; a probe that gets no answer is left out."""
        tasks = [t for t in self.order["tasks"] if t["task"] == "store"]
        claims = [t["tables"] for t in tasks if not self.withheld(t["tables"])]
        facility = self.account("")["facility"]
        self.let_in()
        good = self.pseudonymised(facility, claims)
        row = claims[0]["XML1"][0]
        named = f"<XML1><HO_TEN>{row['HO_TEN']}</HO_TEN>"
        numbered = f"<XML1><SO_NGAY_DTRI>{row['SO_CCCD']}</SO_NGAY_DTRI>"
        under = {**XML, **self.bearing}
        self.asked("no_session", "submit", good, XML)
        self.asked("good", "submit", good, under)
        self.asked("identified", "submit", self.file(tasks[0], "claim"), under)
        self.asked("named", "submit", good.replace(b"<XML1>", named.encode(), 1), under)
        self.asked("numbered", "submit", good.replace(b"<XML1>", numbered.encode(), 1), under)
        self.asked("entity", "submit", DTD, under)
        self.written()
