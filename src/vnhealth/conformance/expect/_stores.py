"""Expectations about the repositories: how files travel, what is sent again, what is withdrawn."""

from __future__ import annotations

from collections import defaultdict

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Undecided, step
from vnhealth.conformance._stage_rx import message_of
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._traffic import account_of
from vnhealth.protocol import repository

__all__ = [
    "feed_taken",
    "file_of_account",
    "refused_stays_home",
    "same_bytes_again",
    "same_request_again",
    "sent_as_xml",
    "tracking_kept",
    "withdrawn_with_reason",
]

FEED = "national_deid"


@step(
    "Gửi tệp XML thô với Content-Type application/xml, không bọc, không mã hoá thêm",
    "Sends the raw XML file as application/xml, neither wrapped nor encoded once more",
)
def sent_as_xml(watch: Watch) -> str:
    """Of every file."""
    files = watch.files_of()
    if not files:
        raise Undecided("no file arrived")
    bad = 0
    for file in files:
        kind = file.heard.request.header("content-type").partition(";")[0].strip().lower()
        raw = "not_xml" not in file.opened.odd and bool(file.opened.cases)
        bad += kind not in repository.XML_CONTENT_TYPES or not raw
    return f"{bad} of {len(files)} files" if bad else ""


@step(
    "Hồ sơ của cơ sở nào gửi bằng phiên của cơ sở đó, MACSKCB trong tệp cũng vậy",
    "Records of a facility go under its own session, and MACSKCB of the file says the same",
)
def file_of_account(watch: Watch) -> str:
    """By the login that gave out the token."""
    files = watch.files_of()
    if not files:
        raise Undecided("no file arrived")
    owners = {send.ma_lk: send.facility for send in watch.staged.sends}
    bad = 0
    for file in files:
        wanted = {owners.get(key, "") for key in file.keys} or {""}
        bad += {account_of(watch, file.heard), file.opened.facility} != wanted
    return f"{bad} of {len(files)} files" if bad else ""


@step(
    "Giữ tracking_id mà kho trả cho từng tệp",
    "The tracking_id of each file is kept",
)
def tracking_kept(watch: Watch) -> str:
    """As the transaction in the results, at every store."""
    looked = [s for s in watch.staged.sends if watch.state(s) != "missing"]
    if not looked or not watch.results.states:
        raise Undecided("nothing arrived")
    wrong = [s for s in looked if watch.results.transactions.get(s.task) != watch.transaction(s)]
    return ", ".join(watch.name(s) for s in wrong)


@step(
    "Khi không biết đã tới hay chưa: hỏi, hoặc gửi lại đúng từng byte, để kho nhận ra",
    "When in doubt it asks, or sends the very same bytes again, so that the store knows them",
)
def same_bytes_again(watch: Watch) -> str:
    """No record arrives in more forms than it has versions."""
    forms: dict[str, set[bytes]] = defaultdict(set)
    for file in watch.files_of():
        for key in file.keys:
            forms[key].add(file.file)
    if not forms:
        raise Undecided("no file arrived")
    versions: dict[str, int] = defaultdict(int)
    for send in watch.sends():
        versions[send.ma_lk] += 1
    several = sum(len(found) > versions[key] for key, found in forms.items())
    return f"{several} records" if several else ""


@step(
    "Không gửi lại nguyên xi tệp mà kho đã từ chối hẳn",
    "Does not push a file again that the store refused for good",
)
def refused_stays_home(watch: Watch) -> str:
    """The same bytes after a refusal that is no matter of time or session."""
    refused: set[bytes] = set()
    again = 0
    calls = [h for h in watch.heard if h.call == "submit"]
    for heard in calls:
        again += heard.request.body in refused
        if 400 <= heard.response.status < 500 and heard.response.status not in (401, 408, 429):
            refused.add(heard.request.body)
    if not calls:
        raise Undecided("nothing was sent")
    return f"{again} times" if again else ""


def _withdrawals(watch: Watch) -> list[tuple[str, Heard]]:
    found = [(name, h) for name in ("cancel", "restore") for h in watch.calls(name)]
    if not found:
        raise Undecided("nothing was withdrawn")
    return found


@step(
    "Huỷ và khôi phục nêu đúng MA_LK, MA_CSKCB, lý do và mã yêu cầu riêng của từng việc",
    "Cancelling and restoring name MA_LK, MA_CSKCB, the reason and the request id of each",
)
def withdrawn_with_reason(watch: Watch) -> str:
    """Against the tasks."""
    reasons = {"cancel": "LY_DO_HUY", "restore": "LY_DO"}
    tasks = {t["task"]: t for t in watch.staged.tasks}
    bad = 0
    for name, heard in _withdrawals(watch):
        task, fields = tasks[name], message_of(heard.request.body)
        wanted = (task["ma_lk"], task["facility"], task["reason"], task["request_id"])
        given = tuple(fields.get(n) for n in ("MA_LK", "MA_CSKCB", reasons[name], "MA_YEU_CAU"))
        bad += given != wanted
    return f"{bad} calls" if bad else ""


@step(
    "Lặp lại một yêu cầu huỷ hay khôi phục thì dùng lại chính mã yêu cầu ấy",
    "A repeated cancellation or restoration carries the very same request id",
)
def same_request_again(watch: Watch) -> str:
    """One id for each of the two."""
    ids: dict[str, set[str]] = defaultdict(set)
    calls = _withdrawals(watch)
    for name, heard in calls:
        ids[name].add(str(message_of(heard.request.body).get("MA_YEU_CAU")))
    several = [name for name, found in ids.items() if len(found) > 1]
    if len(calls) < 3:
        raise Undecided("nothing was repeated")
    return ", ".join(several)


@step(
    "Kho không định danh nhận mọi tệp được gửi tới, không tệp nào còn giá trị phải từ chối",
    "The de-identified store takes every file that it is sent; none holds what it must refuse",
)
def feed_taken(watch: Watch) -> str:
    """No refusal for what a file holds."""
    files = watch.files_of("deid", FEED)
    if not files:
        raise Undecided("nothing reached the de-identified store")
    bad = [f for f in files if f.heard.response.status in (403, 415, 422)]
    taken = [f for f in files if f.taken]
    return f"{len(bad)} refused, {len(taken)} taken" if bad or not taken else ""
