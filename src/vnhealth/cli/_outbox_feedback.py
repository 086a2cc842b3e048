"""What comes back after sending: notices of gateways, and payment that completes a claim."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli._common import Exit, Settings, out, parse_day, print_json, say
from vnhealth.cli._outbox_common import (
    DEFAULT_DB,
    Accounts,
    Db,
    Format,
    Values,
    connections,
    opened,
)
from vnhealth.cli.signing import DEFAULT_VARIABLE

if TYPE_CHECKING:
    from vnhealth.sync.outbox import Told

__all__ = ["complete_payment", "notices", "register"]

LOOK_BACK = dt.timedelta(days=3)
"""The last notice about a file comes two days after it."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("notices")(notices)
    app.command("complete-payment")(complete_payment)


def notices(
    accounts: Accounts,
    since: Annotated[
        str, typer.Option(help="yyyy-mm-dd; mặc định 3 ngày trước / 3 days ago.")
    ] = "",
    until: Annotated[str, typer.Option(help="yyyy-mm-dd; mặc định hôm nay / today.")] = "",
    db: Db = DEFAULT_DB,
    values: Values = False,
    format: Format = "human",
) -> None:
    """Hỏi thông báo của cổng (gửi muộn 6 giờ, lỗi cấu trúc 24 giờ, lệch tổng 48 giờ) và giữ lại.

    Ask for what gateways told, and keep it. Mã kết thúc 1: có thông báo phải sửa hồ sơ.
    """
    from vnhealth.localtime import ICT
    from vnhealth.sync.outbox import collect_notices

    with opened(db) as box, connections(accounts) as connection:
        today = box.clock().astimezone(ICT).date()
        first = parse_day(since) or today - LOOK_BACK
        found = collect_notices(box, connection, since=first, until=parse_day(until) or today)
    rows = [_row(told, values=values) for told in found]
    if format == "json":
        print_json(rows)
    else:
        for row in rows:
            out.print("  ".join(str(row[name]) for name in SHOWN), markup=False)
        new = sum(told.new for told in found)
        out.print(say(f"{len(rows)} thông báo, {new} mới.", f"{len(rows)} notices, {new} new."))
    to_answer = any(told.notice.answer_by for told in found)
    raise typer.Exit(Exit.FINDINGS if to_answer else Exit.OK)


SHOWN = ("delivery", "destination", "title", "at", "answer_by", "codes")


def _row(told: Told, *, values: bool) -> dict[str, Any]:
    from vnhealth.protocol.vss_notices import notice_infos

    notice = told.notice
    info = notice_infos()[notice.kind]
    return {
        "delivery": told.delivery_id,
        "destination": told.destination,
        "kind": notice.kind,
        "title": info.title_en if Settings.lang == "en" else info.title_vi,
        "at": notice.at.isoformat(),
        "answer_by": notice.answer_by.isoformat() if notice.answer_by else "",
        "codes": " ".join(sorted({finding.code for finding in notice.findings})),
        "new": told.new,
        **({"ma_lk": notice.ma_lk} if values else {}),
    }


def complete_payment(
    key: Annotated[str, typer.Argument(metavar="MA_LK")],
    facility: Annotated[str, typer.Option(help="Mã cơ sở / facility code.")],
    paid_at: Annotated[str, typer.Option(help="yyyymmddHHMM: NGAY_TTOAN.")],
    p12: Annotated[
        Path | None, typer.Option(help="Ký lại bằng tệp PKCS#12 / sign anew.", exists=True)
    ] = None,
    key_variable: Annotated[
        str, typer.Option(help="Biến môi trường giữ mật khẩu / variable with the password.")
    ] = DEFAULT_VARIABLE,
    db: Db = DEFAULT_DB,
    format: Format = "human",
) -> None:
    """Người bệnh đã thanh toán: điền NGAY_TTOAN và gửi lại hồ sơ. / Paid: fill NGAY_TTOAN, resend.

    Hồ sơ đã ký phải được ký lại: cần --p12.
    """
    from vnhealth.localtime import LocalTime, Precision

    try:
        paid = LocalTime.parse(paid_at)
    except ValueError:
        raise typer.BadParameter("yyyymmddHHMM") from None
    if paid.precision < Precision.MINUTE:
        raise typer.BadParameter("yyyymmddHHMM")
    with opened(db) as box:
        done = box.complete_payment(
            facility, key, paid_at=paid, sign=_signer(p12, key_variable) if p12 else None
        )
    if format == "json":
        print_json({"version": done.number, "new": done.new, "deliveries": done.deliveries})
        return
    out.print(
        say(
            f"Phiên bản {done.number}, {done.deliveries} lần gửi.",
            f"Version {done.number}, {done.deliveries} deliveries.",
        )
    )


def _signer(p12: Path, variable: str) -> Callable[[bytes], bytes]:
    from vnhealth import signing

    signer = signing.Pkcs12Signer(p12.read_bytes(), os.environ.get(variable, "").encode())
    return lambda data: signing.sign(data, signer)
