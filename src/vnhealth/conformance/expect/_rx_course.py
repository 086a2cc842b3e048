"""Expectations about the course of a prescription: replaced, refused, in doubt."""

from __future__ import annotations

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._stage_rx import message_of
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._prescriptions import held_prescriptions
from vnhealth.protocol import donthuoc

__all__ = [
    "refused_is_not_taken",
    "replaced_by_new_code",
    "rx_not_pushed",
    "same_code_again",
]


@step(
    "Đơn thay thế mang mã mới và nêu mã của đơn bị thay; đơn cũ không bị sửa",
    "What replaces a prescription has a new code and names the old one; the old stays unchanged",
)
def replaced_by_new_code(watch: Watch) -> str:
    """425/QĐ-BYT: a prescription that was sent is never changed."""
    wrong, seen = [], 0
    by_task = {send.task: message for send, _, message in held_prescriptions(watch)}
    for task in watch.staged.tasks:
        if task["task"] != "replace":
            continue
        old, new = by_task.get(task["replaces"]), by_task.get(task["id"])
        if old is None or new is None:
            return "no replacement arrived"
        seen += 1
        codes = [donthuoc.code_key(str(m["ma_don_thuoc"])) for m in (old, new)]
        named = donthuoc.code_key(str(new.get("ma_don_thuoc_thay_the") or ""))
        wrong += [task["id"]] if codes[0] == codes[1] or named != codes[0] else []
    if not seen:
        raise Undecided("no replacement staged")
    return ", ".join(wrong)


@step(
    "Gửi lại đúng đơn ấy, cùng mã, khi không biết đã tới hay chưa",
    "Sends the very same prescription under the same code when its arrival is in doubt",
)
def same_code_again(watch: Watch) -> str:
    """No second code for the same patient and moment."""
    codes: dict[tuple[str, str], set[str]] = {}
    for heard in watch.calls("submit"):
        message = message_of(heard.request.body)
        who = (str(message.get("ma_dinh_danh_y_te")), str(message.get("ngay_gio_ke_don")))
        codes.setdefault(who, set()).add(str(message.get("ma_don_thuoc")))
    if not codes:
        raise Undecided("no prescription was sent")
    several = sum(len(found) > 1 for found in codes.values())
    return f"{several} prescriptions" if several else ""


def rx_not_pushed(call: str) -> Step:
    """What was refused for good is not sent again as it is."""

    @step(
        "Không gửi lại nguyên xi thứ đã bị từ chối hẳn",
        "Does not push again what was refused for good",
    )
    def check(watch: Watch) -> str:
        refused: set[bytes] = set()
        again = 0
        calls = watch.calls(call)
        for heard in calls:
            again += heard.request.body in refused
            if _refused_for_good(heard):
                refused.add(heard.request.body)
        if not calls:
            raise Undecided("nothing was sent")
        return f"{again} times" if again else ""

    return check


def _refused_for_good(heard: Heard) -> bool:
    """A sentence without the words of success, under a status that is no matter of time."""
    text = heard.response.body.decode("utf-8", "replace")
    passing = heard.response.status in (401, 408, 429) or heard.response.status >= 500
    return not passing and '"success"' in text and donthuoc.WELL not in text.lower()


@step(
    "Biết thứ đã bị từ chối là chưa được nhận",
    "Knows that what was refused was not taken",
)
def refused_is_not_taken(watch: Watch) -> str:
    """Of what is not held, nothing is said to be accepted; what is refused is said to be."""
    lost = [s for s in watch.staged.sends if watch.state(s) == "missing"]
    if not lost or not watch.results.states:
        raise Undecided("nothing was refused" if watch.results.states else "no results")
    wrong = [s for s in lost if watch.results.states.get(s.task) != "refused"]
    return ", ".join(watch.name(s) for s in wrong)
