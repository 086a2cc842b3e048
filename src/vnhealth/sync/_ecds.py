"""Disease surveillance (ECDS) as its client sees it: up to 50 cases in a call, an outcome each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from vnhealth.errors import ConformanceError
from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import Endpoint, ecds
from vnhealth.protocol._fields import fields_of
from vnhealth.protocol._json import compact
from vnhealth.protocol.ecds import Reply
from vnhealth.protocol.ecds_check import check_case
from vnhealth.sync import _read
from vnhealth.sync._bearer import JSON, BearerGate, read_as
from vnhealth.sync._body import Body, checked_body, json_object, plain
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import SyncError
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, RecordOutcome, Status, gateway_finding
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["EcdsGate"]


class EcdsGate(BearerGate):
    """A case without its number counts as new each time, so none is sent twice by itself."""

    capabilities = Capabilities(
        kinds=("case",), results=True, lookups=("catalogue",), batch=ecds.MAX_BATCH
    )
    calls = MappingProxyType({"case": "submit"})
    life = dt.timedelta(seconds=ecds.TOKEN_SECONDS)

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(Reply, answer)
        data = reply.data if reply and isinstance(reply.data, dict) else {}
        seconds = _read.number(data, "expiresIn")
        server = self.session.clock() + self.session.offset
        ends = server + dt.timedelta(seconds=seconds) if seconds else None
        return self._opened(data.get("accessToken"), ends)

    def _code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(Reply, answer)
        return None if reply is None else reply.code

    # cases

    def body(self, data: bytes, kind: str) -> Body:
        """A case as JSON, of the right form: else `ConformanceError`."""
        data = plain(data)
        value = json_object(data, kind)
        found = check_case(value)
        if not found.ok:
            raise ConformanceError(findings=found)
        facility = _read.text(value, "maCoSoDieuTri") or self.scope
        number = _read.text(value, "maCaBenh")
        return checked_body(data, kind, [facility], [number], scope=self.scope)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """One case."""
        return (
            yield from self.deliver(
                endpoint, body, headers=JSON, content=body.data, resend=self._again
            )
        )

    def submit_files(
        self, files: Sequence[bytes], *, kind: str, edition: str
    ) -> Plan[tuple[Outcome, ...]]:
        """Several cases go out in lots; an error before anything was taken is raised."""
        if kind not in self.capabilities.kinds:
            raise self.lacks(kind)
        if len(files) == 1:
            return ((yield from self.submit_file(files[0], kind=kind)),)
        bodies = [self.body(data, kind) for data in files]
        outcomes: list[Outcome] = []
        for start in range(0, len(bodies), ecds.MAX_BATCH):
            lot = bodies[start : start + ecds.MAX_BATCH]
            try:
                outcomes += yield from self._send_lot(lot)
            except SyncError as error:
                if not outcomes:
                    raise
                outcomes += [self.not_sent(body.data, error) for body in lot]
        return tuple(outcomes)

    def _send_lot(self, lot: Sequence[Body]) -> Plan[tuple[Outcome, ...]]:
        content = b"[" + b",".join(body.data for body in lot) + b"]"
        endpoint = self.gateway.endpoint("submit_batch")
        return (
            yield from self.deliver_all(
                endpoint, lot, headers=JSON, content=content, resend=self._again
            )
        )

    def send_again(self, outcome: Outcome, data: bytes) -> Plan[Outcome]:
        """By itself, also when it went out in a lot."""
        return (yield from self.submit_file(data, kind=outcome.kind))

    def _receipts(self, answer: HttpAnswer, bodies: Sequence[Body]) -> tuple[Outcome, ...]:
        reply = read_as(Reply, answer)
        assert reply is not None
        data = reply.data if isinstance(reply.data, dict) else {}
        items = {_read.index(row, "viTri"): row for row in _read.rows(data, "ketQua")}
        if not items:
            return tuple(self._receipt(answer, body) for body in bodies)
        return tuple(self._item(answer, items.get(index)) for index in range(len(bodies)))

    def _item(self, answer: HttpAnswer, row: dict[str, Any] | None) -> Outcome:
        """One case of a lot; one that the answer leaves out may have been taken."""
        if row is None:
            return Outcome(gateway=self.key, status=Status.UNKNOWN, raw=raw_answer(answer))
        taken = row.get("thanhCong") is True
        code = ecds.OK if taken else _read.text(row, "maLoi")
        return self._case(answer, Reply(taken, code, _read.text(row, "thongDiep"), row))

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        reply = read_as(Reply, answer)
        assert reply is not None
        return self._case(answer, reply)

    def _case(self, answer: HttpAnswer, reply: Reply) -> Outcome:
        """One case: taken, refused, or left out for a passing reason."""
        data = reply.data if isinstance(reply.data, dict) else {}
        outcome = self._verdict(
            answer,
            reply.code,
            transaction=_read.text(data, "maCaBenh") or None,
            message=reply.message,
            findings=tuple(self._errors(data)),
        )
        if reply.ok or outcome.status is not Status.UNKNOWN:
            return outcome
        known = known_code(self.key, reply.code)
        return replace(outcome, status=Status.MISSING if known else Status.REFUSED)

    def _errors(self, row: dict[str, Any]) -> list[Finding]:
        return [
            gateway_finding(
                self.key,
                _read.text(error, "maLoi"),
                Severity.ERROR,
                tag=_field(_read.text(error, "truong")),
                text=_read.text(error, "moTa"),
            )
            for error in _read.rows(row, "danhSachLoi")
        ]

    # questions

    def results(self, since: dt.date, until: dt.date) -> Plan[tuple[RecordOutcome, ...]]:
        """Cases reported between two days, latest version only."""
        found: list[RecordOutcome] = []
        page, total = 1, 1
        while len(found) < total:
            asked = {
                "tuNgay": since.isoformat(),
                "denNgay": until.isoformat(),
                "trang": str(page),
                "kichThuoc": "100",
            }
            data = yield from self._asked("list", asked)
            rows = _read.rows(data, "danhSach")
            total = _read.number(data, "tongSo") if rows else 0
            found += [_record(row, self.scope) for row in rows]
            page += 1
        return tuple(found)

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """A catalogue by its ``name`` on the wire; further fields (tuKhoa, maTinh …) narrow it."""
        narrowed = dict(fields)
        name = narrowed.pop("name")
        endpoint = self.gateway.endpoint("catalogue")
        path = endpoint.path.replace("{ten}", name)
        answer = yield from self.ask(endpoint, path=path, headers=JSON, body=compact(narrowed))
        reply = read_as(Reply, answer)
        assert reply is not None
        rows = reply.data if isinstance(reply.data, list) else []
        return Found(
            gateway=self.key,
            question=question,
            code=reply.code,
            message=reply.message,
            rows=tuple(row for row in rows if isinstance(row, dict)),
            findings=Findings(),
            raw=raw_answer(answer),
        )

    def _asked(self, name: str, fields: Mapping[str, str]) -> Plan[dict[str, Any]]:
        endpoint = self.gateway.endpoint(name)
        answer = yield from self.ask(endpoint, headers=JSON, body=compact(dict(fields)))
        reply = read_as(Reply, answer)
        assert reply is not None
        return reply.data if isinstance(reply.data, dict) else {}


def _field(name: str) -> str | None:
    """A field of a case; anything else could be a value and is dropped."""
    known = {field.name for field in fields_of(ecds.GATEWAY, "case")}
    return name if name in known else None


def _record(row: dict[str, Any], facility: str) -> RecordOutcome:
    number = _read.text(row, "maCaBenh")
    return RecordOutcome(
        ma_lk=number or None,
        status=Status.ACCEPTED,
        facility=facility,
        transaction=number or None,
        received_at=_read.moment(_read.text(row, "ngayBaoCao")),
    )
