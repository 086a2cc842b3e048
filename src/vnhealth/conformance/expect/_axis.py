"""Expectations about the ministry's data axis: messages, signatures, content."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from typing import Any

from lxml import etree

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._stage_rx import message_of
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._traffic import account_of
from vnhealth.localtime import ICT
from vnhealth.protocol import emrhub

__all__ = [
    "axis_content_kept",
    "axis_files_plain",
    "axis_header_right",
    "axis_never_refused_for",
    "axis_own_session",
    "axis_service_type",
    "axis_txn_kept",
    "message_ids_formed",
    "one_message_each",
    "repeated_is_refused",
]

CLOCK_MS = 10 * 60 * 1000
NAMED = {
    "version": emrhub.VERSION,
    "txn_type": emrhub.TXN_TYPE,
    "msg_type": "101",
}


def _pushes(watch: Watch) -> list[tuple[Heard, dict[str, Any], bytes]]:
    """Each push with its header and the file in it, empty when it is no Base64."""
    found = []
    for heard in watch.calls("push"):
        message = message_of(heard.request.body)
        header, data = message.get("header"), message.get("data")
        text = data.get("file_content") if isinstance(data, dict) else data
        try:
            file = base64.b64decode(str(text), validate=True)
        except ValueError:
            file = b""
        found.append((heard, header if isinstance(header, dict) else {}, file))
    if not found:
        raise Undecided("nothing was sent")
    return found


def _person(file: bytes) -> dict[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(file, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    row = next((e for e in root.iter() if e.find("MA_LK") is not None), None)
    return {} if row is None else {str(c.tag): c.text or "" for c in row if isinstance(c.tag, str)}


@step(
    "Đầu thông điệp đủ và đúng: phiên bản, nơi gửi, nơi nhận, loại, thời điểm tính bằng mili giây",
    "The header is whole and right: version, sender, receiver, types, moment in milliseconds",
)
def axis_header_right(watch: Watch) -> str:
    """Of every push."""
    known = {task["facility"] for task in watch.staged.tasks}
    bad = 0
    for heard, header, _ in _pushes(watch):
        named = all(str(header.get(name)) == value for name, value in NAMED.items())
        sent = header.get("send_datetime")
        now = heard.at.timestamp() * 1000
        timely = isinstance(sent, int) and abs(sent - now) < CLOCK_MS
        places = header.get("sender_id") in known and header.get("receiver_id") in emrhub.RECEIVERS
        bad += not (named and timely and places and header.get("data_type") in emrhub.DATA_TYPES)
    return f"{bad} messages" if bad else ""


@step(
    "msg_id là mã nơi gửi, ngày yymmdd theo giờ Việt Nam và 32 chữ số hệ 16",
    "msg_id is the sender, the day yymmdd in Viet Nam, and 32 hexadecimal digits",
)
def message_ids_formed(watch: Watch) -> str:
    """Of every push."""
    bad = 0
    for heard, header, _ in _pushes(watch):
        day = f"{heard.at.astimezone(ICT):%y%m%d}"
        form = re.escape(f"{header.get('sender_id')}{day}") + "[0-9a-f]{32}"
        bad += re.fullmatch(form, str(header.get("msg_id"))) is None
    return f"{bad} messages" if bad else ""


@step(
    "Mỗi tệp một msg_id; thử lại thì giữ msg_id và giữ đúng tệp ấy",
    "One msg_id for each file; a repeated try keeps the id and the very same file",
)
def one_message_each(watch: Watch) -> str:
    """By the record in the file."""
    ids: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[bytes]] = defaultdict(set)
    for _, header, file in _pushes(watch):
        ids[_person(file).get("MA_LK", "")].add(str(header.get("msg_id")))
        files[str(header.get("msg_id"))].add(file)
    several = sum(len(found) > 1 for found in ids.values())
    shared = sum(len(found) > 1 for found in files.values())
    return f"{several} records, {shared} ids" if several or shared else ""


@step(
    "Mọi lời gọi đẩy dữ liệu mang service-type: 100",
    "Every push carries service-type: 100",
)
def axis_service_type(watch: Watch) -> str:
    """As a header."""
    bad = [h for h, _, _ in _pushes(watch) if h.request.header("service-type") != "100"]
    return f"{len(bad)} calls" if bad else ""


def axis_never_refused_for(start: str, vi: str, en: str) -> Step:
    """No answer with a code that begins so."""

    @step(vi, en)
    def check(watch: Watch) -> str:
        bad = [h for h, _, _ in _pushes(watch) if h.code.startswith(start)]
        return f"{len(bad)} messages" if bad else ""

    return check


@step(
    "Dữ liệu là Base64 của tệp XML UTF-8, không BOM",
    "The data is the Base64 of an XML file in UTF-8 without a byte-order mark",
)
def axis_files_plain(watch: Watch) -> str:
    """Of every push."""
    bad = sum(not file.startswith(b"<") or not _person(file) for _, _, file in _pushes(watch))
    return f"{bad} messages" if bad else ""


@step(
    "Họ tên, ngày sinh, giới tính, nơi cư trú, số định danh giữ nguyên",
    "Name, birth date, sex, residence and identity number are as they were",
)
def axis_content_kept(watch: Watch) -> str:
    """Cell by cell; a file about nobody staged is wrong too."""
    people = {task["ma_lk"]: task["person"] for task in watch.staged.tasks}
    bad = 0
    for _, _, file in _pushes(watch):
        given = _person(file)
        wanted = people.get(given.get("MA_LK", ""), {"MA_LK": ""})
        bad += any(given.get(tag) != text for tag, text in wanted.items())
    return f"{bad} files" if bad else ""


@step(
    "Gửi bằng phiên của chính cơ sở nêu trong thông điệp",
    "Sent under the session of the facility that the message names",
)
def axis_own_session(watch: Watch) -> str:
    """By the login that gave out the token."""
    bad = [h for h, header, _ in _pushes(watch) if account_of(watch, h) != header.get("sender_id")]
    return f"{len(bad)} messages" if bad else ""


@step(
    "Biết lượt khám bị từ chối vì đã có trong sáu tháng, không gửi lại",
    "Knows that an examination was refused as one within six months, and does not push it",
)
def repeated_is_refused(watch: Watch) -> str:
    """By the results and by the calls."""
    wanted = [send for send in watch.staged.sends if send.refused]
    codes = [h.code for h, _, _ in _pushes(watch)]
    told = codes.count("PS_CCCD_DUPLICATE_IN_6_MONTHS")
    if not wanted or not told or not watch.results.states:
        raise Undecided("no repeated examination was refused")
    wrong = [s for s in wanted if watch.results.states.get(s.task) != "refused"]
    return f"{len(wrong)} unknown, {told} times" if wrong or told > len(wanted) else ""


@step("Giữ txn_id mà trục trả cho từng tệp", "The txn_id of each file is kept")
def axis_txn_kept(watch: Watch) -> str:
    """As the transaction in the results."""
    told: dict[str, set[str]] = defaultdict(set)
    for heard, _, file in _pushes(watch):
        header = message_of(heard.response.body).get("header")
        if isinstance(header, dict) and header.get("res_code") in emrhub.SAVED:
            told[_person(file).get("MA_LK", "")].add(str(header.get("txn_id")))
    looked = [send for send in watch.staged.sends if send.ma_lk in told]
    if not looked or not watch.results.states:
        raise Undecided("nothing was stored")
    wrong = [s for s in looked if watch.results.transactions.get(s.task) not in told[s.ma_lk]]
    return ", ".join(watch.name(s) for s in wrong)
