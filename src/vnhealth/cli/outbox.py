"""``vnhealth outbox``: keep files, send them to every gateway, see what became of them."""

from __future__ import annotations

import csv
import datetime as dt
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli import _outbox_day, _outbox_feedback
from vnhealth.cli._common import Exit, out, print_json, progress, say, tracked
from vnhealth.cli._outbox_common import (
    DEFAULT_DB,
    Accounts,
    Db,
    Format,
    Reason,
    Values,
    connections,
    log_as_json,
    moment,
    opened,
    plain,
    worker_name,
)

if TYPE_CHECKING:
    from vnhealth.sync.outbox import Facts, Outbox, Worker

app = typer.Typer(
    help="Hộp thư đi bền vững: gửi đủ, đúng thứ tự, không trùng. / The durable outbox.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

WENT_WELL = ("accepted", "accepted_with_warnings", "pending", "replaced", "cancelled")
PEOPLE = ("refused", "held")
"""States in which somebody has to do something."""
LONGEST_NAP_S = 5.0


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    to: Annotated[list[str], typer.Option("--to", help="Cổng nhận, lặp lại được / gateway.")],
    db: Db = DEFAULT_DB,
    reason: Annotated[
        str, typer.Option(help="Tệp là bản sửa; lý do / the files are corrections; why.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="Loại tệp không phải XML giám định / of other files.")
    ] = "",
    facility: Annotated[str, typer.Option(help="Cơ sở, cùng --kind / with --kind.")] = "",
    key: Annotated[str, typer.Option(help="Khoá hồ sơ, cùng --kind / with --kind.")] = "",
    ended: Annotated[
        str, typer.Option(help="yyyy-mm-ddThh:mm, khi hạn bắt đầu / when deadlines start.")
    ] = "",
    format: Format = "human",
) -> None:
    """Đưa tệp vào hộp thư đi. / Put files into the outbox."""
    from vnhealth.protocol import gateway

    for destination in to:
        gateway(destination)
    facts = _facts(kind, facility, key, ended, len(files)) if kind else None
    new = 0
    with opened(db) as box:
        for file in tracked(files, say("Đưa vào", "Adding"), len(files)):
            data = file.read_bytes()
            if reason:
                new += box.correct(data, reason=reason, to=to, facts=facts).new
            else:
                new += box.add(data, to=to, facts=facts).new
    if format == "json":
        print_json({"files": len(files), "new": new})
        return
    out.print(say(f"{len(files)} tệp, {new} mới.", f"{len(files)} files, {new} new."))


def _facts(kind: str, facility: str, key: str, ended: str, files: int) -> Facts:
    """Of one file that the outbox cannot read by itself (a prescription, a health check)."""
    from vnhealth.sync.outbox import Facts

    if not facility or not key or files != 1:
        raise typer.BadParameter(
            say(
                "--kind cần đúng một tệp, --facility và --key",
                "--kind needs exactly one file, --facility and --key",
            )
        )
    began = moment(ended) if ended else None
    return Facts(kind=kind, facility=facility, key=key, ended_at=began)


@app.command()
def run(
    accounts: Accounts,
    db: Db = DEFAULT_DB,
    once: Annotated[bool, typer.Option("--once", help="Một lượt / one round.")] = False,
    forever: Annotated[
        bool, typer.Option("--forever", help="Chạy mãi như dịch vụ / as a service.")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--for", help="Nhiều nhất bấy nhiêu giây / at most so long.")
    ] = 60.0,
    visible_after: Annotated[
        float,
        typer.Option(help="Phút trước khi tin là cổng chưa nhận / until a no is believed."),
    ] = 180.0,
    resend_replaces: Annotated[
        bool,
        typer.Option(
            "--resend-replaces", help="Không hỏi được thì gửi lại / send again when none can tell."
        ),
    ] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Nhật ký JSON ra stderr / log to stderr.")
    ] = False,
    format: Format = "human",
) -> None:
    """Gửi những gì đến hạn và hỏi kết quả. / Send what is due and ask for verdicts.

    Mã kết thúc 1: có hồ sơ bị từ chối hoặc chờ người xử lý; 4: còn tệp chưa gửi được.
    """
    from vnhealth.sync.outbox import Policy, Worker

    if log_json:
        log_as_json()
    policy = Policy(
        visible_after=dt.timedelta(minutes=visible_after), resend_replaces=resend_replaces
    )
    with opened(db, policy) as box, connections(accounts) as connection:
        worker = Worker(box, connection, name=worker_name())
        _work(box, worker, once=once, until=None if forever else time.monotonic() + seconds)
        states = _states(box)
        if format == "json":
            print_json({"sent": worker.tally.sent, "asked": worker.tally.asked, "states": states})
        else:
            _say_states(states)
    raise typer.Exit(_exit(states))


def _work(box: Outbox, worker: Worker, *, once: bool, until: float | None) -> None:
    """Work until nothing goes on by itself, or the time is over (None: never)."""
    total = sum(box.counts().values())
    with progress(say("Gửi", "Sending"), total) as advance:
        while until is None or time.monotonic() < until:
            done = worker.run_once()
            states = _states(box)
            advance(sum(states.get(state, 0) for state in (*WENT_WELL, *PEOPLE)), total)
            if once:
                return
            if done:
                continue
            wake = worker.wakes_at()
            if wake is None and until is not None:
                return
            nap = LONGEST_NAP_S
            if wake is not None:
                nap = min(max((wake - box.clock()).total_seconds(), 0.05), LONGEST_NAP_S)
            time.sleep(nap if until is None else min(nap, max(until - time.monotonic(), 0)))


def _states(box: Outbox) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (_, _, state), number in box.counts().items():
        found[state] += number
    return dict(sorted(found.items()))


def _exit(states: dict[str, int]) -> Exit:
    if any(states.get(state) for state in PEOPLE):
        return Exit.FINDINGS
    left = set(states) - set(WENT_WELL)
    return Exit.REMOTE if left else Exit.OK


def _say_states(states: dict[str, int]) -> None:
    for state, number in states.items():
        out.print(f"{state:24} {number}", markup=False)


@app.command()
def status(db: Db = DEFAULT_DB, format: Format = "human") -> None:
    """Số lần gửi theo cổng và trạng thái, đường truyền, hạn. / Counts, routes, deadlines."""
    from vnhealth.sync.outbox import alarms

    with opened(db) as box:
        counts: list[dict[str, object]] = [
            {"destination": place, "kind": kind, "state": state, "count": number}
            for (place, kind, state), number in sorted(box.counts().items())
        ]
        routes: list[dict[str, object]] = [
            {
                "destination": r.destination,
                "facility": r.facility,
                "state": r.state,
                "cause": r.cause,
            }
            for r in box.routes.all()
        ]
        late = Counter((alarm.flow, alarm.level) for alarm in alarms(box))
        deadlines: list[dict[str, object]] = [
            {"flow": flow, "level": level, "count": number}
            for (flow, level), number in sorted(late.items())
        ]
        code = _exit(_states(box))
    if format == "json":
        print_json({"deliveries": counts, "routes": routes, "alarms": deadlines})
    else:
        for row in counts + routes + deadlines:
            out.print(_columns(row), markup=False)
    raise typer.Exit(code if code == Exit.FINDINGS else Exit.OK)


def _columns(row: dict[str, object]) -> str:
    return "  ".join(f"{value!s:16}" for value in row.values()).rstrip()


@app.command()
def retry(
    reason: Reason,
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[DELIVERY...]", help="Số lần gửi.")
    ] = None,
    held: Annotated[
        bool, typer.Option("--held", help="Mọi lần gửi đang chờ người / all that are held.")
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Gửi lại những lần gửi đang dừng, kèm lý do. / Send again what stands still."""
    with opened(db) as box:
        chosen = list(numbers or [])
        if held:
            chosen += [row["id"] for row in box.deliveries() if row["state"] == "held"]
        done = box.retry(chosen, reason=reason)
        for route in box.routes.all():
            if route.locked:
                box.unlock(route.destination, route.facility)
    out.print(say(f"{done} lần gửi sẽ đi lại.", f"{done} deliveries will go again."))


@app.command()
def export(
    target: Annotated[Path | None, typer.Argument(metavar="[FILE.csv]")] = None,
    db: Db = DEFAULT_DB,
    values: Values = False,
    format: Annotated[str, typer.Option("--format", help="csv | json")] = "csv",
) -> None:
    """Xuất mọi lần gửi, có biên nhận trong JSON. / All deliveries; JSON holds the receipts."""
    with opened(db) as box:
        rows = [plain(row, values=values) for row in box.deliveries()]
        if format == "json":
            for row in rows:
                row["receipts"] = [plain(r, values=values) for r in box.receipts(row["id"])]
            print_json(rows)
            return
    if target is None:
        _write_csv(rows, sys.stdout)
        return
    with target.open("w", encoding="utf-8-sig", newline="") as stream:
        _write_csv(rows, stream)


def _write_csv(rows: list[dict[str, Any]], stream: Any) -> None:
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["id"])
    writer.writeheader()
    writer.writerows(rows)


@app.command()
def excuse(
    since: Annotated[str, typer.Option(help="yyyy-mm-ddThh:mm")],
    until: Annotated[str, typer.Option(help="yyyy-mm-ddThh:mm")],
    reason: Reason,
    to: Annotated[str, typer.Option("--to", help="Chỉ một cổng / one gateway only.")] = "",
    db: Db = DEFAULT_DB,
) -> None:
    """Ghi một sự kiện bất khả kháng kèm chứng cứ (48/2017/TT-BYT điều 8). / Note force majeure."""
    with opened(db) as box:
        box.excuse(moment(since), moment(until), reason=reason, destination=to)
    out.print(say("Đã ghi. Vẫn phải báo ngay cho bên kia.", "Noted. Still tell the other side."))


@app.command()
def metrics(
    db: Db = DEFAULT_DB,
    serve: Annotated[
        int | None, typer.Option(min=0, help="Mở http://127.0.0.1:CỔNG/metrics / serve them.")
    ] = None,
) -> None:
    """Số đo dạng văn bản của Prometheus. / Numbers in the text format of Prometheus."""
    from vnhealth.sync.outbox import metrics as numbers

    def text() -> str:
        with opened(db) as box:
            return numbers(box)

    if serve is None:
        sys.stdout.write(text())
        return
    from vnhealth.cli._outbox_metrics import metrics_server

    with metrics_server(text, serve) as server, suppress(KeyboardInterrupt):
        out.print(f"http://127.0.0.1:{server.server_port}/metrics", markup=False)
        server.serve_forever()


_outbox_day.register(app)
_outbox_feedback.register(app)
