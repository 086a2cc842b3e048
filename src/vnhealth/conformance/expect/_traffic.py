"""Expectations about the line: sessions, secrets, calls, pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._watch import Watch

__all__ = [
    "account_of",
    "backs_off",
    "gives_up_when_barred",
    "injected",
    "no_secret_in_address",
    "no_secret_in_results",
    "own_account",
    "password_hashed",
    "province_right",
    "right_call",
    "right_kind",
    "sessions",
    "three_headers",
]


@step(
    "Mật khẩu gửi dưới dạng MD5 chữ hoa, không gửi chữ rõ",
    "The password travels as MD5 in upper case, never in clear text",
)
def password_hashed(watch: Watch) -> str:
    """Of every login."""
    given = [watch.login_form(h).get("password", "") for h in watch.calls("login")]
    if not given:
        raise Undecided("no login")
    bad = [p for p in given if len(p) != 32 or p != p.upper() or not p.isalnum()]
    return f"{len(bad)} of {len(given)} logins" if bad else ""


def sessions(allowed: int) -> Step:
    """At most so many logins for an account in each life of the client."""

    @step(
        f"Dùng lại phiên: mỗi tài khoản đăng nhập tối đa {allowed} lần trong mỗi lần chạy",
        f"Keeps its session: at most {allowed} logins for an account in each run",
    )
    def check(watch: Watch) -> str:
        if not watch.logins:
            raise Undecided("no login")
        worst = max(max(Counter(h.life for h in found).values()) for found in watch.logins.values())
        return f"{worst} logins, {allowed} allowed" if worst > allowed else ""

    return check


@step(
    "Mỗi lời gọi có phiên mang đủ accessToken, tokenId, passwordHash",
    "Every call under a session carries accessToken, tokenId and passwordHash",
)
def three_headers(watch: Watch) -> str:
    """Of all calls but the login."""
    calls = [h for h in watch.heard if h.gateway == "vss" and h.call not in ("login", "")]
    if not calls:
        raise Undecided("no call under a session")
    names = ("accessToken", "tokenId", "passwordHash")
    bad = [h for h in calls if not all(h.request.header(name) for name in names)]
    return f"{len(bad)} of {len(calls)} calls" if bad else ""


def _secrets(watch: Watch) -> list[str]:
    found = []
    for facility in watch.staged.stage.facilities:
        found.append(watch.exchange.credentials(facility, watch.gateway).password)
    found += [h.request.header("accessToken") for h in watch.heard]
    found += [h.request.header("passwordHash") for h in watch.heard]
    found += [h.request.header("authorization").partition(" ")[2] for h in watch.heard]
    found += [watch.login_form(h).get("password", "") for h in watch.calls("login")]
    return [secret for secret in dict.fromkeys(found) if secret]


@step(
    "Không để mật khẩu, phiên hay số giấy tờ trong địa chỉ",
    "No password, session or number of a paper stands in an address",
)
def no_secret_in_address(watch: Watch) -> str:
    """Query and path of every request."""
    if not watch.heard:
        raise Undecided("no request")
    secrets = _secrets(watch)
    for send in watch.staged.sends:
        secrets += [row.get("SO_CCCD", "") for row in send.tables.get("XML1", ())]
    secrets = [secret for secret in secrets if secret]
    bad = [
        h for h in watch.heard if any(s in h.request.query or s in h.request.path for s in secrets)
    ]
    return f"{len(bad)} requests" if bad else ""


@step("Không ghi mật khẩu hay phiên vào kết quả", "No password or session stands in the results")
def no_secret_in_results(watch: Watch) -> str:
    """Of everything that the client wrote down in results.json."""
    if not watch.results.text:
        raise Undecided("no results")
    bad = [secret for secret in _secrets(watch) if secret in watch.results.text]
    return f"{len(bad)} secrets" if bad else ""


@step(
    "Mỗi cơ sở dùng tài khoản và phiên của chính mình",
    "Every facility uses its own account and session",
)
def own_account(watch: Watch) -> str:
    """The user name of the form and of the session belong to the facility of the file."""
    files = [f for f in watch.files if f.heard.gateway == "vss"]
    if not files:
        raise Undecided("no file arrived")
    bad = 0
    for file in files:
        facility = file.form.get("maCSKCB", "")
        known = facility in watch.staged.stage.facilities
        name = watch.exchange.credentials(facility, "vss").username if known else ""
        if file.form.get("username") != name or _session_of(watch, file.heard) not in ("", name):
            bad += 1
    return f"{bad} of {len(files)} files" if bad else ""


def account_of(watch: Watch, heard: Heard) -> str:
    """The account whose login gave out the bearer token of a call, empty when none did."""
    token = heard.request.header("authorization").partition(" ")[2].encode()
    owners = (
        name
        for name, logins in watch.logins.items()
        if token and any(token in login.response.body for login in logins)
    )
    return next(owners, "")


def _session_of(watch: Watch, heard: Heard) -> str:
    session = watch.exchange.ids.session(heard.request.header("accessToken"))
    return session.username if session else ""


def _answers(watch: Watch, code: str, bad: Callable[[dict[str, str]], bool]) -> str:
    files = [f for f in watch.files if f.heard.gateway == "vss"]
    if not files:
        raise Undecided("no file arrived")
    wrong = [f for f in files if bad(f.form)]
    return f"{len(wrong)} of {len(files)} files" if wrong else ""


@step("maTinh là hai ký tự đầu của mã cơ sở", "maTinh is the first two characters of the facility")
def province_right(watch: Watch) -> str:
    """In every form."""
    return _answers(watch, "205", lambda form: form.get("maTinh") != form.get("maCSKCB", "")[:2])


@step(
    "loaiHoSo là 0 cho check-in và 130 cho hồ sơ",
    "loaiHoSo is 0 for check-ins and 130 for claims",
)
def right_kind(watch: Watch) -> str:
    """As the call wants it."""
    files = [f for f in watch.files if f.heard.gateway == "vss"]
    if not files:
        raise Undecided("no file arrived")
    wanted = {"checkin": "0", "claim": "130"}
    bad = [f for f in files if f.form.get("loaiHoSo") != wanted[f.kind]]
    return f"{len(bad)} of {len(files)} files" if bad else ""


@step(
    "Gửi bằng lời gọi của chuẩn có hiệu lực vào ngày kết thúc lượt khám",
    "Sent by the call of the edition in force on the day on which the visit ends",
)
def right_call(watch: Watch) -> str:
    """By NGAY_RA; check-ins by NGAY_VAO."""
    wanted = {s.ma_lk: "3176" if s.edition == "1931" else s.edition for s in watch.staged.sends}
    looked = [f for f in watch.files if f.heard.gateway == "vss" and set(f.keys) & set(wanted)]
    if not looked:
        raise Undecided("no file could be opened")
    bad = [f for f in looked if not f.heard.call.endswith("_" + wanted[f.keys[0]])]
    return f"{len(bad)} of {len(looked)} files" if bad else ""


def injected(fault: str) -> Step:
    """The fault took place: without it the test decides nothing."""

    @step(f"Lỗi {fault} đã được tạo ra", f"Fault {fault} was injected")
    def check(watch: Watch) -> str:
        if not any(name.startswith(fault) for name in watch.faults):
            raise Undecided(f"{fault} did not come up")
        return ""

    return check


def backs_off(seconds: float) -> Step:
    """After a fault at a call, the same call waits before it is tried again."""

    @step(
        f"Sau khi bị lỗi tạm thời, chờ ít nhất {seconds:g} giây rồi mới thử lại",
        f"After a transient fault it waits at least {seconds:g} s before the next try",
    )
    def check(watch: Watch) -> str:
        struck = [h for h in watch.heard if h.fault]
        if not struck:
            raise Undecided("no fault")
        hasty = 0
        for heard in struck:
            later = [h for h in watch.heard if h.n > heard.n and h.call == heard.call]
            if later and (later[0].at - heard.at).total_seconds() < seconds:
                hasty += 1
        return f"{hasty} times" if hasty else ""

    return check


@step(
    "Khi tài khoản bị từ chối thì dừng và báo, không đăng nhập dồn dập",
    "When the account is refused it stops and says so; no storm of logins",
)
def gives_up_when_barred(watch: Watch) -> str:
    """At most two logins per account and life, and nothing is said to be sent."""
    if not watch.logins:
        raise Undecided("no login")
    worst = max(max(Counter(h.life for h in found).values()) for found in watch.logins.values())
    good = [s for s in watch.results.states.values() if s not in ("not_sent", "unknown", "sending")]
    if worst > 2:
        return f"{worst} logins"
    return f"{len(good)} records said to be sent" if good else ""
