"""Expectations about who sends prescriptions, and what must not be told of whom."""

from __future__ import annotations

from urllib.parse import unquote_plus

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Undecided, step
from vnhealth.conformance._stage_rx import message_of
from vnhealth.conformance._subject import accounts
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._prescriptions import sent_prescriptions
from vnhealth.conformance.expect._traffic import account_of

__all__ = [
    "about_patients",
    "doctor_linked",
    "doctor_unlinked",
    "everybody_by_own_session",
    "no_password_after_login",
    "no_patient_in_address",
    "no_patient_in_results",
    "one_new_login",
]

SHORTEST = 6
"""Shorter values of a patient occur by chance."""


@step(
    "Mỗi đơn gửi bằng phiên của chính bác sĩ kê đơn",
    "Each prescription goes out under the session of the doctor who wrote it",
)
def everybody_by_own_session(watch: Watch) -> str:
    """By the login that gave out its token."""
    wrong = dict.fromkeys(
        name
        for name, task, _, heard in sent_prescriptions(watch)
        if account_of(watch, heard) != task["doctor"]
    )
    return ", ".join(wrong)


def _calls_about(watch: Watch, call: str) -> list[Heard]:
    """The successful calls by which a facility links or unlinks the staged doctor."""
    doctors = {t["doctor"] for t in watch.staged.tasks if t["task"] == call}
    return [
        h
        for h in watch.calls(call)
        if h.code == "200" and message_of(h.request.body).get("ma_lien_thong_bac_si") in doctors
    ]


def _of_guest(watch: Watch) -> list[Heard]:
    """The logins of the doctor who is linked."""
    guests = {t["doctor"] for t in watch.staged.tasks if t["task"] == "link_doctor"}
    return [h for name in guests for h in watch.logins.get(name, ())]


@step(
    "Cơ sở thêm bác sĩ trước khi bác sĩ đăng nhập tại cơ sở",
    "The facility links a doctor before she logs in there",
)
def doctor_linked(watch: Watch) -> str:
    """By the session of the facility."""
    linked, logins = _calls_about(watch, "link_doctor"), _of_guest(watch)
    if not watch.heard:
        raise Undecided("no call")
    if not linked:
        return "not linked"
    return "logged in before" if logins and logins[0].n < linked[0].n else ""


@step(
    "Cơ sở xoá liên kết khi bác sĩ thôi làm việc, sau đó không dùng tài khoản của bác sĩ nữa",
    "The facility cuts the link when the doctor leaves, and uses her account no more",
)
def doctor_unlinked(watch: Watch) -> str:
    """After the last prescription."""
    cut = _calls_about(watch, "unlink_doctor")
    if not watch.heard:
        raise Undecided("no call")
    if not cut:
        return "not unlinked"
    late = [h for h in _of_guest(watch) if h.n > cut[-1].n]
    return f"{len(late)} logins after" if late else ""


def _passwords(watch: Watch) -> list[str]:
    found = []
    for facility in watch.staged.stage.facilities:
        found += [a["password"] for a in accounts(watch.exchange, watch.gateway, facility)]
    tokens = [h.request.header("authorization").partition(" ")[2] for h in watch.heard]
    return [*found, *dict.fromkeys(t for t in tokens if t)]


def about_patients(watch: Watch) -> list[str]:
    """What identifies the staged patients, whole."""
    names = ("id", "name", "citizen_id", "insurance_card", "phone", "address")
    told = [t["patient"][n] for t in watch.staged.tasks if "patient" in t for n in names]
    people = (t["person"] for t in watch.staged.tasks if "person" in t)
    told += [person[name] for person in people for name in ("HO_TEN", "SO_CCCD")]
    for message in watch.staged.lying:
        told += [
            message.get(name, "")
            for name in ("ma_dinh_danh_y_te", "ho_ten_benh_nhan", "ma_dinh_danh_cong_dan")
        ]
    return [value for value in dict.fromkeys(told) if len(value) >= SHORTEST]


@step(
    "Không để mật khẩu, phiên hay dữ liệu người bệnh trong địa chỉ",
    "No password, session or patient data stands in an address",
)
def no_patient_in_address(watch: Watch) -> str:
    """Path and query of every request."""
    if not watch.heard:
        raise Undecided("no request")
    secrets = [*_passwords(watch), *about_patients(watch)]
    places = [unquote_plus(f"{h.request.path}?{h.request.query}") for h in watch.heard]
    bad = [place for place in places if any(secret in place for secret in secrets)]
    return f"{len(bad)} requests" if bad else ""


@step(
    "Không ghi mật khẩu, phiên hay dữ liệu người bệnh vào kết quả",
    "No password, session or patient data stands in the results",
)
def no_patient_in_results(watch: Watch) -> str:
    """Everything in results.json."""
    if not watch.results.text:
        raise Undecided("no results")
    secrets = [*_passwords(watch), *about_patients(watch)]
    bad = [secret for secret in secrets if secret in watch.results.text]
    return f"{len(bad)} values" if bad else ""


@step(
    "Mật khẩu chỉ đi trong lời gọi đăng nhập",
    "A password travels in the login call only",
)
def no_password_after_login(watch: Watch) -> str:
    """Not in any other body or header."""
    calls = [h for h in watch.heard if not h.call.startswith("login")]
    if not calls:
        raise Undecided("no call under a session")
    secrets = [
        a["password"]
        for facility in watch.staged.stage.facilities
        for a in accounts(watch.exchange, watch.gateway, facility)
        if a["role"] != "pharmacy"
    ]
    bad = 0
    for heard in calls:
        text = heard.request.body.decode("utf-8", "replace") + str(dict(heard.request.headers))
        bad += any(secret in text for secret in secrets)
    return f"{bad} calls" if bad else ""


@step(
    "Khi phiên bị từ chối: đăng nhập lại một lần rồi gửi lại",
    "When a session is refused it logs in once and sends again",
)
def one_new_login(watch: Watch) -> str:
    """Two logins an account at the most."""
    if not watch.logins:
        raise Undecided("no login")
    worst = max(len(found) for found in watch.logins.values())
    return f"{worst} logins" if worst > 2 else ""
