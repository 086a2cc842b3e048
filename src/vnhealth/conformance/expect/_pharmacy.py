"""Expectations about a pharmacy: what it asked, what it sold, what it reported."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Undecided, step
from vnhealth.conformance._stage_rx import message_of
from vnhealth.conformance._watch import Watch
from vnhealth.protocol import donthuoc
from vnhealth.protocol._fields import amount

__all__ = [
    "amended_sale_stands",
    "answers_noted",
    "asked_before_sale",
    "found_each",
    "hopeless_not_sold",
    "keys_in_headers",
    "only_staged_sales",
    "sales_whole",
]

Message = dict[str, Any]


def _sales(watch: Watch) -> dict[str, Message]:
    """The reports that stand at the end, by code and invoice."""
    found = {}
    for (_, kind, key), versions in watch.held.items():
        for submission, record in versions:
            if kind == "sale" and record.current:
                found[key] = json.loads(watch.exchange.store.body(submission.number))
    if not found:
        raise Undecided("no sale was reported")
    return found


def _asked(watch: Watch) -> dict[str, list[Heard]]:
    """Questions about a prescription by its code as it is compared."""
    found: dict[str, list[Heard]] = {}
    for heard in watch.calls("fetch"):
        code = donthuoc.code_key(heard.request.path.rpartition("/")[2])
        found.setdefault(code, []).append(heard)
    return found


@step(
    "Mọi lời gọi mang app-name và app-key trong tiêu đề, không ở chỗ khác",
    "Every call carries app-name and app-key in its headers and nowhere else",
)
def keys_in_headers(watch: Watch) -> str:
    """Of all calls of the pharmacy."""
    if not watch.heard:
        raise Undecided("no call")
    bad = 0
    for heard in watch.heard:
        key = heard.request.header(donthuoc.HEADER_APP_KEY)
        text = f"{heard.request.path}?{heard.request.query}{heard.request.body!r}"
        bad += not heard.request.header(donthuoc.HEADER_APP_NAME) or not key or key in text
    return f"{bad} of {len(watch.heard)} calls" if bad else ""


@step("Tra cứu mọi đơn được đưa đến", "Looks up every prescription that is brought")
def found_each(watch: Watch) -> str:
    """By its code."""
    asked = _asked(watch)
    if not watch.heard:
        raise Undecided("no call")
    wanted = {donthuoc.code_key(t["code"]) for t in watch.staged.tasks if t["task"] == "find"}
    missing = wanted - set(asked)
    return f"{len(missing)} prescriptions" if missing else ""


@step("Ghi đúng trả lời của từng lần tra cứu", "The answer to each look-up is noted as given")
def answers_noted(watch: Watch) -> str:
    """By the status in the results."""
    asked = _asked(watch)
    if not asked or not watch.results.text:
        raise Undecided("no results" if asked else "no question")
    noted = {r["task"]: str(r["code"]) for r in json.loads(watch.results.text).get("lookups", ())}
    wrong = 0
    for task in watch.staged.tasks:
        if task["task"] == "find":
            answers = asked.get(donthuoc.code_key(task["code"]), ())
            good = {str(h.response.status) for h in answers if h.response.status < 500}
            wrong += noted.get(task["id"]) not in good
    return f"{wrong} look-ups" if wrong else ""


@step(
    "Chỉ bán sau khi đã tra được đơn",
    "Sells only after the prescription was found",
)
def asked_before_sale(watch: Watch) -> str:
    """A good answer about the code stands before the report."""
    reports = watch.calls("report_sale")
    if not reports:
        raise Undecided("no sale was reported")
    asked = _asked(watch)
    early = 0
    for heard in reports:
        code = donthuoc.code_key(str(message_of(heard.request.body).get("ma_don_thuoc", "")))
        before = [h for h in asked.get(code, ()) if h.n < heard.n and h.response.status == 200]
        early += not before
    return f"{early} reports" if early else ""


@step(
    "Báo đủ thuốc đã bán: đúng thuốc đã kê, tên, đơn vị, số lượng, hoá đơn, cơ sở bán",
    "Reports all that was sold: prescribed medicine, name, unit, amount, invoice, pharmacy",
)
def sales_whole(watch: Watch) -> str:
    """The report that stands for each sale is the staged one."""
    held = _sales(watch)
    tasks = {task["id"]: task for task in watch.staged.tasks}
    wrong = []
    for send in watch.latest("sale"):
        report = held.get(send.ma_lk)
        if report is not None and _told(report) != _wanted(tasks[send.task]):
            wrong.append(watch.name(send))
    return ", ".join(wrong)


def _wanted(task: Message) -> list[str]:
    names = ("prescribed", "code", "name", "unit")
    rows = [m[n] for m in task["medicines"] for n in names]
    rows += [str(Decimal(m["amount"]).normalize()) for m in task["medicines"]]
    return [task["code"], task["invoice"], task["shop"]["id"], task["shop"]["name"], *rows]


def _told(report: Message) -> list[str]:
    names = ("ma_thuoc_da_ke_don", "ma_thuoc", "ten_thuoc", "don_vi_tinh")
    sold = report.get("thong_tin_thuoc", ())
    rows = [str(row.get(n, "")) for row in sold for n in names]
    rows += [str((amount(row.get("so_luong_ban")) or Decimal(0)).normalize()) for row in sold]
    heads = ("ma_don_thuoc", "ma_hoa_don", "ma_dinh_danh_co_so_cung_ung_thuoc")
    head = [str(report.get(n, "")) for n in (*heads, "ten_co_so_cung_ung_thuoc")]
    return [*head, *rows]


@step(
    "Không báo bán thứ không bán; mỗi lần bán một hoá đơn",
    "Reports no sale that there was not; each sale has one invoice",
)
def only_staged_sales(watch: Watch) -> str:
    """The reports that stand are the staged sales, no more."""
    known = {send.ma_lk for send in watch.sends("sale")}
    strange = set(_sales(watch)) - known
    return f"{len(strange)} reports" if strange else ""


@step(
    "Sửa báo cáo bán bằng chính số hoá đơn ấy, bản sau thay bản trước",
    "A report is corrected under its own invoice; the later one stands",
)
def amended_sale_stands(watch: Watch) -> str:
    """The amounts of the last version."""
    amended = {s.ma_lk for s in watch.sends("sale") if s.version > 1}
    if not amended:
        raise Undecided("no correction staged")
    held = _sales(watch)
    tasks = {task["id"]: task for task in watch.staged.tasks}
    wrong = [
        watch.name(send)
        for send in watch.latest("sale")
        if send.ma_lk in amended and _told(held.get(send.ma_lk, {})) != _wanted(tasks[send.task])
    ]
    return ", ".join(wrong)


@step(
    "Không bán, không báo bán đơn không có, đã bị thay hoặc quá năm ngày",
    "Neither sells nor reports from a prescription that is unknown, replaced or out of date",
)
def hopeless_not_sold(watch: Watch) -> str:
    """No report, and nothing said to be sold."""
    good = {send.task for send in watch.sends("sale")}
    bad = [t for t in watch.staged.tasks if t["task"] == "sell" and t["id"] not in good]
    if not bad or not watch.heard:
        raise Undecided("nothing of that sort staged")
    codes = {donthuoc.code_key(t["code"]) for t in bad}
    told = [
        donthuoc.code_key(str(message_of(h.request.body).get("ma_don_thuoc")))
        for h in watch.calls("report_")
    ]
    reports = sum(code in codes for code in told)
    said = sum(watch.results.states.get(t["id"]) in ("accepted", "duplicate") for t in bad)
    return f"{reports} reports, {said} said to be sold" if reports or said else ""
