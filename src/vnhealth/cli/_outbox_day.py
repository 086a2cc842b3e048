"""The daily part of ``vnhealth outbox``: reconcile with the gateways, forward to the nation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli._common import Exit, out, parse_day, print_json, say
from vnhealth.cli._outbox_common import DEFAULT_DB, Db, Format, Values, connections, opened

if TYPE_CHECKING:
    from vnhealth.sync.outbox import DayBook, Forward

__all__ = ["file_makers", "forward", "reconcile", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("reconcile")(reconcile)
    app.command("forward")(forward)


def reconcile(
    day: Annotated[str, typer.Argument(help="yyyy-mm-dd")],
    accounts: Annotated[
        Path | None, typer.Option(help="Có thì hỏi cả cổng / ask the gateways too.", exists=True)
    ] = None,
    db: Db = DEFAULT_DB,
    html: Annotated[Path | None, typer.Option(help="Báo cáo HTML / HTML report.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Bảng tính / workbook.")] = None,
    resend: Annotated[
        str, typer.Option(help="Lý do: gửi lại chỗ thiếu / why; sends the gaps again.")
    ] = "",
    values: Values = False,
    format: Format = "human",
) -> None:
    """Đối soát một ngày theo từng cổng. / Reconcile a day with each gateway."""
    from vnhealth.reports import reconciliation_html, reconciliation_xlsx
    from vnhealth.sync import outbox

    wanted = parse_day(day)
    if wanted is None:
        raise typer.BadParameter("yyyy-mm-dd")
    with opened(db) as box, connections(accounts) as connection:
        book = outbox.reconcile(box, wanted, connection if accounts else None)
        again = box.retry(book.resendable(), reason=resend) if resend else 0
    lang = say("vi", "en")
    if html is not None:
        with html.open("w", encoding="utf-8") as page:
            reconciliation_html(book, page, lang=lang, keys=values)
    if xlsx is not None:
        reconciliation_xlsx(book, xlsx, lang=lang, keys=values)
    if format == "json":
        print_json({**_book(book, values=values), "sent_again": again})
    else:
        _say_book(book, again)
    raise typer.Exit(Exit.OK if book.balanced else Exit.FINDINGS)


COUNTS = ("produced", "sent", "accepted", "refused", "pending", "missing")


def _book(book: DayBook, *, values: bool) -> dict[str, Any]:
    lines = [
        {
            "destination": line.destination,
            "facility": line.facility,
            "kind": line.kind,
            **{name: getattr(line, name) for name in (*COUNTS, "warned", "cancelled", "received")},
            "gateway_received": None if line.gateway is None else line.gateway.received,
            "total": str(line.total),
            "fund": str(line.fund),
            "accepted_fund": str(line.accepted_fund),
            "balanced": line.balanced,
        }
        for line in book.lines
    ]
    gaps = [
        {
            "delivery": gap.delivery_id,
            "destination": gap.destination,
            "kind": gap.kind,
            "why": gap.why,
            "cause": gap.cause,
            **({"ma_lk": gap.key} if values else {}),
        }
        for gap in book.gaps
    ]
    return {
        "day": book.day.isoformat(),
        "balanced": book.balanced,
        "lines": lines,
        "gaps": gaps,
    }


def _say_book(book: DayBook, again: int) -> None:
    for line in book.lines:
        numbers = "  ".join(f"{name} {getattr(line, name)}" for name in COUNTS)
        sign = "✓" if line.balanced else "✗"
        out.print(f"{sign} {line.destination} {line.facility} {line.kind}: {numbers}", markup=False)
    for gap in book.gaps:
        out.print(f"  - {gap.delivery_id} {gap.destination} {gap.why} {gap.cause}", markup=False)
    if again:
        out.print(say(f"Gửi lại {again}.", f"Sending {again} again."))


def forward(
    first: Annotated[str, typer.Option(help="yyyy-mm-dd: ngày đầu tiên / the first day.")],
    source: Annotated[str, typer.Option(help="Cổng đã nhận / gateway that accepted.")] = "province",
    key_file: Annotated[
        Path | None,
        typer.Option(help="Khoá khử định danh / key; VNHEALTH_DEID_KEY.", exists=True),
    ] = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="national | national_deid, lặp lại được.")
    ] = None,
    db: Db = DEFAULT_DB,
    format: Format = "human",
) -> None:
    """Chuyển hồ sơ tỉnh đã nhận lên quốc gia, bù mọi ngày đã lỡ. / From province to nation.

    Kho không định danh chỉ nhận bản đã khử định danh (cần khoá); bản ấy vẫn là dữ liệu cá nhân.
    """
    from vnhealth.sync.outbox import DailyJob

    day = parse_day(first)
    if day is None:
        raise typer.BadParameter("yyyy-mm-dd")
    makers = file_makers(to or ["national", "national_deid"], key_file)
    name = f"forward:{source}:{','.join(sorted(makers))}"
    with opened(db) as box:
        done = DailyJob(box, name=name, source=source, forward=makers).run(first=day)
    if format == "json":
        rows = [
            {
                "day": one.day.isoformat(),
                "records": one.records,
                "added": one.added,
                "kept_back": one.kept_back,
            }
            for one in done
        ]
        print_json(rows)
        return
    for one in done:
        out.print(
            say(
                f"{one.day}: {one.records} hồ sơ, thêm {one.added}, giữ lại {one.kept_back}",
                f"{one.day}: {one.records} records, {one.added} added, {one.kept_back} kept back",
            )
        )


def file_makers(to: list[str], key_file: Path | None) -> Mapping[str, Forward]:
    """How the file of each destination is made from an accepted one."""
    makers: dict[str, Forward] = {}
    for destination in to:
        if destination not in ("national", "national_deid"):
            raise typer.BadParameter("national | national_deid")
        deidentified = destination == "national_deid"
        makers[destination] = _deidentifier(key_file) if deidentified else lambda data: data
    return makers


def _deidentifier(key_file: Path | None) -> Forward:
    from vnhealth import deid
    from vnhealth.cli.deid import load_key
    from vnhealth.codecs import read

    key = load_key(key_file)

    def make(data: bytes) -> bytes | None:
        found = deid.apply(read(data), key=key, recipient="national_deid", purpose="statistics")
        return found.data if found.records else None

    return make
