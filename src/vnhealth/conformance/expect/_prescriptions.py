"""Expectations about prescriptions: codes, content, doctors, replacement, and what was believed."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Undecided, step
from vnhealth.conformance._stage import Send
from vnhealth.conformance._stage_rx import LETTERS, message_of
from vnhealth.conformance._watch import Watch
from vnhealth.protocol import donthuoc
from vnhealth.protocol._fields import amount

__all__ = [
    "code_kept",
    "codes_formed",
    "codes_not_counted",
    "codes_of_facility",
    "codes_of_kind",
    "codes_unique",
    "diagnoses_whole",
    "guardian_named",
    "held_prescriptions",
    "identity_kept",
    "medicines_whole",
    "moments_written",
    "rx_texts_kept",
    "sent_prescriptions",
    "sexes_translated",
]

Message = dict[str, Any]
NUMBERED = 1000
"""Codes whose middles lie closer together than this, one after the other, are counted up."""


def _tasks(watch: Watch) -> dict[str, Message]:
    return {task["id"]: task for task in watch.staged.tasks}


def held_prescriptions(watch: Watch) -> Iterator[tuple[Send, Message, Message]]:
    """Each prescription that is held: what was to arrive, its task, and the message."""
    tasks = _tasks(watch)
    seen = 0
    for send in watch.sends("prescription"):
        versions = watch.versions(send)
        if len(versions) >= send.version:
            seen += 1
            number = versions[send.version - 1][0].number
            yield send, tasks[send.task], message_of(watch.exchange.store.body(number))
    if not seen:
        raise Undecided("no prescription arrived")


def sent_prescriptions(watch: Watch) -> Iterator[tuple[str, Message, Message, Heard]]:
    """Each prescription that went out, taken or not: its task, the message, the call."""
    heard = watch.calls("submit")
    if not heard:
        raise Undecided("no prescription was sent")
    tasks: dict[tuple[str, bool], Message] = {}
    for task in watch.staged.tasks:
        if "patient" in task:
            tasks[task["patient"]["id"], "replaces" in task] = task
    for call in heard:
        message = message_of(call.request.body)
        replaces = bool(message.get("ma_don_thuoc_thay_the"))
        patient = str(message.get("ma_dinh_danh_y_te", ""))
        found = tasks.get((patient, replaces)) or tasks.get((patient, False))
        if found is not None:
            yield found["id"], found, message, call


def _all(watch: Watch, bad: Callable[[Message, Message], bool]) -> str:
    wrong = dict.fromkeys(
        name for name, task, message, _ in sent_prescriptions(watch) if bad(task, message)
    )
    return ", ".join(wrong)


def _codes(watch: Watch) -> list[str]:
    """The codes of all prescriptions that went out, taken or not, each once, in order."""
    found = [str(message_of(h.request.body).get("ma_don_thuoc", "")) for h in watch.calls("submit")]
    if not found:
        raise Undecided("no prescription was sent")
    return list(dict.fromkeys(found))


# codes


@step(
    "Mã đơn có 14 ký tự: cơ sở (5), bảy chữ số hoặc chữ cái a–z, gạch nối, loại đơn",
    "A code has 14 characters: facility (5), seven of 0-9 and a-z, hyphen, type",
)
def codes_formed(watch: Watch) -> str:
    """Of everything that went out."""
    bad = [code for code in _codes(watch) if not donthuoc.is_code(code)]
    return f"{len(bad)} codes" if bad else ""


@step("Mã đơn bắt đầu bằng mã cơ sở kê đơn", "A code begins with the facility that prescribes")
def codes_of_facility(watch: Watch) -> str:
    """Against the facility of the task."""
    known = {task["facility"] for task in watch.staged.tasks}
    bad = [code for code in _codes(watch) if code[:5] not in known]
    return f"{len(bad)} codes" if bad else ""


@step(
    "Loại đơn trong mã và trong loai_don_thuoc đúng với đơn đã kê",
    "The type in the code and in loai_don_thuoc is that of the prescription",
)
def codes_of_kind(watch: Watch) -> str:
    """Both, compared without case; T and y are one."""

    def bad(task: Message, message: Message) -> bool:
        wanted = donthuoc.code_key(f"-{LETTERS[task['kind']]}")
        given = donthuoc.code_key(f"-{message.get('loai_don_thuoc', '')}")
        code = donthuoc.code_key(str(message.get("ma_don_thuoc", "")))
        return given != wanted or code[-2:] != wanted

    return _all(watch, bad)


@step("Mỗi đơn có một mã riêng", "Every prescription has a code of its own")
def codes_unique(watch: Watch) -> str:
    """No code stands for two patients or two moments."""
    owners: dict[str, set[tuple[str, str]]] = {}
    for heard in watch.calls("submit"):
        message = message_of(heard.request.body)
        who = (str(message.get("ma_dinh_danh_y_te")), str(message.get("ngay_gio_ke_don")))
        owners.setdefault(donthuoc.code_key(str(message.get("ma_don_thuoc"))), set()).add(who)
    if not owners:
        raise Undecided("no prescription was sent")
    shared = sum(len(found) > 1 for found in owners.values())
    return f"{shared} codes" if shared else ""


@step(
    "Bảy ký tự giữa không phải số đếm, không suy ra được từ người bệnh",
    "The seven characters in the middle are no running number and do not follow from the patient",
)
def codes_not_counted(watch: Watch) -> str:
    """No two neighbours close together, no middle that is a part of a patient's number."""
    middles = [code[5:12] for code in _codes(watch) if donthuoc.is_code(code)]
    if len(middles) < 2:
        raise Undecided("fewer than two codes")
    numbers = [int(middle, 36) for middle in middles]
    near = sum(abs(b - a) < NUMBERED for a, b in pairwise(numbers))
    patients = [t["patient"] for t in watch.staged.tasks if "patient" in t]
    told = [p[name] for p in patients for name in ("id", "citizen_id", "phone")]
    inside = sum(any(middle in value for value in told) for middle in middles)
    return f"{near} counted, {inside} from numbers" if near or inside else ""


@step("Ghi lại mã của từng đơn đã gửi", "The code of each prescription is kept")
def code_kept(watch: Watch) -> str:
    """As the transaction of its entry in the results."""
    if not watch.results.states:
        raise Undecided("no results")
    wrong = [
        watch.name(send)
        for send, _, message in held_prescriptions(watch)
        if watch.results.transactions.get(send.task) != message.get("ma_don_thuoc")
    ]
    return ", ".join(wrong)


# content


@step(
    "Giới tính theo mã của hệ thống đơn thuốc (2 nam, 3 nữ, 1 chưa rõ), không phải mã của bảng XML",
    "Sex in the codes of this system (2 male, 3 female, 1 unknown), not those of the claim tables",
)
def sexes_translated(watch: Watch) -> str:
    """Against the staged patient."""
    return _all(watch, lambda task, m: m.get("gioi_tinh") != donthuoc.SEX[task["patient"]["sex"]])


@step(
    "Ngày sinh dd/MM/yyyy; ngày giờ kê đơn yyyy-MM-dd HH:mm:ss theo giờ Việt Nam",
    "Birth dates as dd/MM/yyyy; the moment as yyyy-MM-dd HH:mm:ss in Viet Nam time",
)
def moments_written(watch: Watch) -> str:
    """Form and value."""

    def bad(task: Message, message: Message) -> bool:
        born = dt.date.fromisoformat(task["patient"]["birth_date"])
        moment = donthuoc.format_moment(dt.datetime.fromisoformat(task["written_at"]))
        given = (message.get("ngay_sinh_benh_nhan"), message.get("ngay_gio_ke_don"))
        return given != (donthuoc.format_day(born), moment)

    return _all(watch, bad)


@step(
    "Họ tên, địa chỉ, lời dặn giữ nguyên, đủ dấu, Unicode dựng sẵn",
    "Names, addresses and advice stay as they were, with all marks, in composed Unicode",
)
def rx_texts_kept(watch: Watch) -> str:
    """Cell by cell."""

    def bad(task: Message, message: Message) -> bool:
        patient = task["patient"]
        wanted = (patient["name"], patient["address"], task["advice"])
        given = tuple(message.get(n) for n in ("ho_ten_benh_nhan", "dia_chi", "loi_dan"))
        return given != tuple(unicodedata.normalize("NFC", text) for text in wanted)

    return _all(watch, bad)


@step(
    "Số định danh, số thẻ BHYT, số điện thoại là chuỗi, giữ số 0 đứng đầu, đúng chỗ",
    "Citizen id, insurance card and phone are texts with their leading zeros, in their places",
)
def identity_kept(watch: Watch) -> str:
    """Of every patient."""
    places = {
        "citizen_id": "ma_dinh_danh_cong_dan",
        "insurance_card": "ma_so_the_bao_hiem_y_te",
        "phone": "so_dien_thoai_nguoi_kham_benh",
    }

    def bad(task: Message, message: Message) -> bool:
        patient = task["patient"]
        return any((message.get(place) or "") != patient[name] for name, place in places.items())

    return _all(watch, bad)


@step("Trẻ dưới 72 tháng có người giám hộ", "A child below 72 months has a guardian")
def guardian_named(watch: Watch) -> str:
    """Where one is staged."""
    wanted = [t["patient"]["guardian"] for t in watch.staged.tasks if "patient" in t]
    if not any(wanted):
        raise Undecided("no child staged")
    sent = [message_of(h.request.body) for h in watch.calls("submit")]
    named = {(m.get("ma_dinh_danh_y_te"), m.get("thong_tin_nguoi_giam_ho") or "") for m in sent}
    if not sent:
        raise Undecided("no prescription was sent")
    patients = [t["patient"] for t in watch.staged.tasks if "patient" in t]
    missing = [p for p in patients if p["guardian"] and (p["id"], p["guardian"]) not in named]
    return f"{len(missing)} patients" if missing else ""


@step("Đủ chẩn đoán, đúng mã và tên", "All diagnoses, with code and name")
def diagnoses_whole(watch: Watch) -> str:
    """In their order."""

    def bad(task: Message, message: Message) -> bool:
        wanted = [(d["code"], d["name"]) for d in task["diagnoses"]]
        return _items(message, "chan_doan", "ma_chan_doan", "ten_chan_doan") != wanted

    return _all(watch, bad)


@step(
    "Đủ thuốc, đúng mã, tên, đơn vị, số lượng, cách dùng",
    "All medicines, with code, name, unit, amount and use",
)
def medicines_whole(watch: Watch) -> str:
    """In their order; amounts compared as numbers."""
    names = ("ma_thuoc", "ten_thuoc", "don_vi_tinh", "cach_dung")

    def bad(task: Message, message: Message) -> bool:
        wanted = [tuple(m[n] for n in MEDICINE) for m in task["medicines"]]
        amounts = [Decimal(m["amount"]) for m in task["medicines"]]
        given = [amount(a) for (a,) in _items(message, "thong_tin_don_thuoc", "so_luong")]
        return _items(message, "thong_tin_don_thuoc", *names) != wanted or given != amounts

    return _all(watch, bad)


MEDICINE = ("code", "name", "unit", "usage")


def _items(message: Message, part: str, *names: str) -> list[tuple[str, ...]]:
    rows = message.get(part)
    found = rows if isinstance(rows, list) else []
    return [tuple(str(row.get(name, "")) for name in names) for row in found]
