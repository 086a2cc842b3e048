"""Expectations about the books: what had to arrive, what is held, what the client believes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._stage import Send
from vnhealth.conformance._watch import Watch

__all__ = [
    "accepted_is_known",
    "asked_with_patience",
    "cards_asked",
    "cards_known",
    "cards_not_pushed",
    "checkin_first",
    "corrected",
    "counts_agree",
    "counts_asked",
    "never_too_good",
    "none_refused",
    "nothing_doubled",
    "nothing_foreign",
    "nothing_lost",
    "refusal_is_known",
    "restarted",
    "results_written",
    "same_file_not_pushed",
    "transactions_kept",
    "verdicts_fetched",
    "versions_in_order",
    "warning_is_accepted",
    "withdrawn_and_back",
]

GOOD = ("accepted", "accepted_with_warnings", "duplicate")
OPEN = ("pending", "unknown", "sending")


def _places(watch: Watch, sends: list[Send]) -> str:
    return ", ".join(watch.name(s) for s in sends[:8]) + (" …" if len(sends) > 8 else "")


def nothing_lost(kind: str = "", gateway: str = "") -> Step:
    """Every version of every record that had to arrive is held."""

    @step(
        "Mọi hồ sơ phải gửi đều đã tới cổng, không mất hồ sơ nào",
        "Every record that had to arrive is held by the gateway; none is lost",
    )
    def check(watch: Watch) -> str:
        lost = [s for s in watch.sends(kind, gateway) if watch.state(s) == "missing"]
        return f"lost {len(lost)}: {_places(watch, lost)}" if lost else ""

    return check


def nothing_doubled(kind: str = "", gateway: str = "") -> Step:
    """No record was taken more often than there are versions of it."""

    @step(
        "Không hồ sơ nào được cổng nhận nhiều lần hơn số phiên bản của nó",
        "No record was taken more often than it has versions",
    )
    def check(watch: Watch) -> str:
        sends = watch.latest(kind, gateway)
        if not any(watch.versions(s) for s in sends):
            raise Undecided("nothing arrived")
        wanted = Counter((s.kind, s.ma_lk) for s in watch.sends(kind, gateway))
        doubled = [s for s in sends if len(watch.versions(s)) > wanted[s.kind, s.ma_lk]]
        return f"doubled {len(doubled)}: {_places(watch, doubled)}" if doubled else ""

    return check


@step(
    "Không gửi hồ sơ nào ngoài những hồ sơ được giao",
    "Nothing is sent that was not in the order",
)
def nothing_foreign(watch: Watch) -> str:
    """No key that was not staged."""
    known = {s.ma_lk for s in watch.staged.sends}
    strange = sum(1 for f in watch.files if f.kind != "deid" and set(f.keys) - known)
    if not watch.files:
        raise Undecided("nothing arrived")
    return f"{strange} files" if strange else ""


@step(
    "Check-in của mỗi lượt tới trước hồ sơ của lượt đó",
    "The check-in of each visit arrives before its claim",
)
def checkin_first(watch: Watch) -> str:
    """By the moment of acknowledged receipt."""
    late = []
    seen = 0
    for send in watch.latest("checkin"):
        checkins, claims = watch.versions(send), watch.held.get(("vss", "claim", send.ma_lk), [])
        if not checkins or not claims:
            continue
        seen += 1
        if claims[0][0].number < checkins[0][0].number:
            late.append(send)
    if not seen:
        raise Undecided("no visit has both")
    return _places(watch, late)


@step(
    "Các phiên bản của một hồ sơ tới theo đúng thứ tự, phiên bản cuối là bản mới nhất",
    "The versions of a record arrive in order; the last one held is the newest",
)
def versions_in_order(watch: Watch) -> str:
    """The content of what is current equals the newest staged version."""
    wrong, seen = [], 0
    for send in watch.latest():
        file = watch.arrived(send)
        if file is None:
            continue
        rows = [case.get("XML1", case.get("XML0", [{}])) for case in file.opened.cases]
        first = next((row for found in rows for row in found if row.get("MA_LK") == send.ma_lk), {})
        staged = (send.tables.get("XML1") or send.tables["XML0"])[0]
        marks = ("GIOI_TINH", "NGAY_TTOAN", "NGAY_YL")
        seen += 1
        if any(first.get(tag, "") != staged[tag] for tag in marks if tag in staged):
            wrong.append(send)
    if not seen:
        raise Undecided("nothing arrived")
    return _places(watch, wrong)


@step(
    "Hồ sơ bị từ chối được gửi lại bản đã sửa, giữ MA_LK, và được chấp nhận",
    "A refused record is sent again corrected, under its MA_LK, and accepted",
)
def corrected(watch: Watch) -> str:
    """The version after a refused one is accepted."""
    refused = [s for s in watch.sends() if s.refused]
    if not any(watch.state(s) == "refused" for s in refused):
        raise Undecided("nothing was refused")
    wanted = {s.ma_lk for s in refused}
    bad = [
        s
        for s in watch.latest("claim")
        if s.ma_lk in wanted and watch.state(s) not in ("accepted", "accepted_with_warnings")
    ]
    return _places(watch, bad)


@step(
    "Ghi kết quả đúng lược đồ đã công bố",
    "Writes its results by the published schema",
)
def results_written(watch: Watch) -> str:
    """There is a usable results.json with an entry for each file."""
    if watch.results.broken:
        return watch.results.broken
    missing = [s for s in watch.staged.sends if s.task not in watch.results.states]
    return _places(watch, missing)


def _said(watch: Watch, send: Send) -> str:
    return watch.results.states.get(send.task, "")


@step(
    "Không coi là đã chấp nhận khi cổng chưa chấp nhận",
    "Never takes for accepted what the gateway has not accepted",
)
def never_too_good(watch: Watch) -> str:
    """Accepted is only what the gateway accepted; pending only what it holds."""
    wrong = []
    for send in watch.staged.sends:
        said, held = _said(watch, send), watch.state(send)
        too_good = said in GOOD and held not in ("accepted", "accepted_with_warnings")
        if too_good or (said == "pending" and held == "missing"):
            wrong.append(send)
    if not watch.results.states:
        raise Undecided("no results")
    return _places(watch, wrong)


@step(
    "Biết mọi hồ sơ mà cổng đã chấp nhận",
    "Knows every record that the gateway accepted",
)
def accepted_is_known(watch: Watch) -> str:
    """What the gateway accepted is accepted, or replaced, in the results."""
    return _known(watch, ("accepted", "accepted_with_warnings"), (*GOOD, "replaced", "cancelled"))


@step("Cổng không từ chối hồ sơ nào", "The gateway refuses no record")
def none_refused(watch: Watch) -> str:
    """Of what had to arrive and should be right."""
    held = [s for s in watch.sends() if not s.refused and watch.state(s) != "missing"]
    if not held:
        raise Undecided("nothing arrived")
    return _places(watch, [s for s in held if watch.state(s) == "refused"])


@step("Biết mọi hồ sơ bị từ chối", "Knows every record that was refused")
def refusal_is_known(watch: Watch) -> str:
    """What the gateway refused is refused, or replaced, in the results."""
    return _known(watch, ("refused",), ("refused", "replaced"))


@step(
    "Hồ sơ được chấp nhận kèm cảnh báo không bị coi là bị từ chối",
    "A record accepted with warnings is not taken for a refused one",
)
def warning_is_accepted(watch: Watch) -> str:
    """Three states are kept."""
    return _known(watch, ("accepted_with_warnings",), (*GOOD, "replaced", *OPEN))


def _known(watch: Watch, held: tuple[str, ...], said: tuple[str, ...]) -> str:
    looked = [s for s in watch.staged.sends if watch.state(s) in held]
    if not looked or not watch.results.states:
        raise Undecided("no such record" if watch.results.states else "no results")
    wrong = [s for s in looked if _said(watch, s) not in said]
    return _places(watch, wrong)


@step(
    "Hỏi cho tới khi mọi hồ sơ có kết quả",
    "Asks until every record has its verdict",
)
def verdicts_fetched(watch: Watch) -> str:
    """Nothing is open in the results while the gateway has a verdict."""
    looked = [s for s in watch.staged.sends if watch.state(s) not in ("missing", "pending")]
    if not watch.staged.sends or not any(watch.state(s) != "missing" for s in watch.staged.sends):
        raise Undecided("nothing arrived")
    wrong = [s for s in looked if _said(watch, s) in OPEN]
    never = [s for s in watch.sends() if watch.state(s) == "pending"]
    return _places(watch, wrong + never)


@step(
    "Giữ mã giao dịch của từng hồ sơ",
    "Keeps the transaction id of each record",
)
def transactions_kept(watch: Watch) -> str:
    """The transaction in the results is the gateway's."""
    looked = [s for s in watch.sends() if watch.state(s) != "missing"]
    if not looked or not watch.results.states:
        raise Undecided("nothing arrived")
    wrong = [s for s in looked if watch.results.transactions.get(s.task) != watch.transaction(s)]
    return _places(watch, wrong)


@step(
    "Hỏi kết quả thưa, không dồn dập",
    "Asks for verdicts with patience, not in a stampede",
)
def asked_with_patience(watch: Watch) -> str:
    """At most four questions per file and one more for every half minute that passed."""
    questions = watch.calls("result")
    if not watch.files:
        raise Undecided("nothing arrived")
    passed = (watch.heard[-1].at - watch.heard[0].at).total_seconds()
    allowed = len(watch.files) * (4 + passed / 30)
    return f"{len(questions)} questions, {int(allowed)} allowed" if len(questions) > allowed else ""


@step("Lấy số liệu đối soát của ngày từ cổng", "Takes the day's counts from the gateway")
def counts_asked(watch: Watch) -> str:
    """One proper reconciliation per facility, for the day that was asked."""
    day = watch.staged.stage.day
    texts = (f"{day:%d/%m/%Y}".replace("/", "%2F"), day.isoformat())
    done = {
        h.facility
        for h in watch.calls("reconciliation")
        if h.code in ("200", "OK")
        and any(h.request.query.replace("/", "%2F").count(text) == 2 for text in texts)
    }
    missing = set(watch.staged.stage.facilities) - done
    return f"{len(missing)} facilities" if missing else ""


@step(
    "Số liệu đối soát ghi lại khớp với cổng: đã gửi = chấp nhận + từ chối + đang chờ",
    "The counts written down are the gateway's: sent = accepted + refused + pending",
)
def counts_agree(watch: Watch) -> str:
    """By facility and kind, against what the gateway itself answered."""
    if not watch.calls("reconciliation"):
        raise Undecided("no reconciliation")
    wanted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    day = watch.staged.stage.day
    for row in watch.exchange.reconcile(watch.gateway, since=day, until=day):
        for name in ("sent", "accepted", "refused", "pending"):
            wanted[row.facility, row.kind][name] += getattr(row, name)
    said = {
        (row["facility"], row["kind"]): {
            name: row[name] for name in ("sent", "accepted", "refused", "pending")
        }
        for row in watch.results.counts
    }
    wrong = [key for key, counts in wanted.items() if said.get(key) != dict(counts)]
    return f"{len(wrong)} rows of {len(wanted)}" if wrong else ""


@step(
    "Không gửi lại nguyên xi một tệp mà cổng đã từ chối hẳn",
    "Does not push a file again that the gateway refused for good",
)
def same_file_not_pushed(watch: Watch) -> str:
    """The same bytes after a final refusal in the receipt."""
    refused: Counter[bytes] = Counter()
    again = 0
    for file in watch.files:
        if refused[file.file]:
            again += 1
        if file.heard.code in ("201", "202", "204", "205", "403", "1001"):
            refused[file.file] += 1
    if not watch.files:
        raise Undecided("nothing arrived")
    return f"{again} times" if again else ""


def restarted(times: int) -> Step:
    """The client was killed so often and started again."""

    @step(
        f"Phần mềm đã bị tắt {times} lần và chạy lại",
        f"The client was killed {times} times and started again",
    )
    def check(watch: Watch) -> str:
        if watch.lives != times + 1:
            raise Undecided(f"{watch.lives - 1} kills")
        return ""

    return check


@step(
    "Hồ sơ huỷ rồi khôi phục trở lại đúng trạng thái, mỗi yêu cầu một mã",
    "A record cancelled and restored stands again; each request has its own id",
)
def withdrawn_and_back(watch: Watch) -> str:
    """One successful cancellation, one successful restoration, nothing cancelled at the end."""
    done = {h.code for name in ("cancel", "restore") for h in watch.calls(name, "province")}
    if not done:
        raise Undecided("no cancellation")
    left = sum(1 for found in watch.held.values() for _, record in found if record.cancelled)
    missing = {"CANCELLED", "RESTORED"} - done
    return f"missing {sorted(missing)}, cancelled {left}" if missing or left else ""


def _questions(watch: Watch) -> dict[str, list[Heard]]:
    """Questions to the card register by the card asked about."""
    found: dict[str, list[Heard]] = defaultdict(list)
    for heard in watch.heard:
        if heard.call.startswith("card"):
            found[str(watch.login_form(heard).get("maThe", ""))].append(heard)
    return found


@step(
    "Hỏi thẻ bằng hàm hiện hành, đúng thẻ, họ tên, ngày sinh và người tra cứu, trước check-in",
    "Cards are asked about by the current function, with all fields, before the check-in",
)
def cards_asked(watch: Watch) -> str:
    """Every staged question arrives as it was staged."""
    asked = _questions(watch)
    checkins = watch.calls("checkin")
    wrong = 0
    for task in watch.staged.tasks:
        if task["task"] != "lookup":
            continue
        wanted = (task["name"], task["birth_date"], task["officer"], task["officer_id"])
        found = False
        for heard in asked.get(task["card"], ()):
            fields = watch.login_form(heard)
            given = tuple(fields.get(n) for n in ("hoTen", "ngaySinh", "hoTenCb", "cccdCb"))
            early = not checkins or heard.n < checkins[0].n
            found |= heard.call == "card" and given == wanted and early
        wrong += not found
    return f"{wrong} cards" if wrong else ""


@step(
    "Ghi đúng mã trả lời của từng thẻ",
    "The answer on each card is noted as it was given",
)
def cards_known(watch: Watch) -> str:
    """By the code in the results."""
    asked = _questions(watch)
    if not asked or not watch.results.text:
        raise Undecided("no question")
    noted = {r["task"]: str(r["code"]) for r in json.loads(watch.results.text).get("lookups", ())}
    wrong = 0
    for task in watch.staged.tasks:
        if task["task"] == "lookup":
            answers = asked.get(task["card"])
            wrong += not answers or noted.get(task["id"]) != answers[-1].code
    return f"{wrong} cards" if wrong else ""


@step(
    "Chỉ hỏi lại khi cơ sở dữ liệu thẻ chưa trả lời được, không hỏi lại câu đã có trả lời",
    "Asks again only when the register could not answer, never what it has answered",
)
def cards_not_pushed(watch: Watch) -> str:
    """Each card is asked once, and once more for each fault."""
    asked = _questions(watch)
    if not asked:
        raise Undecided("no question")
    again = [
        h
        for found in asked.values()
        if len(found) > 1 + sum(bool(f.fault) for f in found)
        for h in found[:1]
    ]
    return f"{len(again)} cards" if again else ""
