"""What the outbox commands share: the database, accounts, the clock, logs as JSON."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vnhealth.cli._common import say

if TYPE_CHECKING:
    from vnhealth.sync import Credentials, Gateway
    from vnhealth.sync.outbox import Connections, Outbox, Policy

__all__ = [
    "DEFAULT_DB",
    "Accounts",
    "Db",
    "Format",
    "Reason",
    "Values",
    "connections",
    "log_as_json",
    "moment",
    "opened",
    "plain",
    "worker_name",
]

Db = Annotated[
    str, typer.Option("--db", envvar="VNHEALTH_OUTBOX", help="Tệp SQLite hoặc URL / file or URL.")
]
Accounts = Annotated[
    Path, typer.Option(help="Tài khoản theo cổng (JSON) / accounts by gateway (JSON).", exists=True)
]
Format = Annotated[str, typer.Option("--format", help="human | json")]
Values = Annotated[bool, typer.Option("--values", help="Hiện MA_LK / show MA_LK.")]
Reason = Annotated[str, typer.Option(help="Lý do, được lưu lại / the reason, kept.")]

DEFAULT_DB = "hop-thu-di.db"


def opened(db: str, policy: Policy | None = None) -> Outbox:
    """The outbox in an SQLite file, or behind an SQLAlchemy URL."""
    try:
        from vnhealth.sync.outbox import Outbox
    except ImportError:
        raise typer.BadParameter(
            say('cần: pip install "vnhealth[outbox]"', 'needs: pip install "vnhealth[outbox]"')
        ) from None
    url = db if "://" in db else f"sqlite:///{db}"
    return Outbox(url, clock=lambda: dt.datetime.now(dt.UTC), policy=policy)


@contextmanager
def connections(accounts: Path | None) -> Iterator[Connections]:
    """Connections by an accounts file: gateway to one account or several.

    The ready file of the sandbox is such a file. An account of a province (two digits) serves its
    facilities. The connections are closed in the end.
    """
    from vnhealth.sync import connect
    from vnhealth.sync.outbox import ONE_TRY

    held = _accounts(accounts) if accounts else {}
    with ExitStack() as stack:
        made: dict[tuple[str, str], Gateway] = {}

        def connection(destination: str, facility: str) -> Gateway | None:
            for key in ((destination, facility), (destination, facility[:2])):
                if key in held:
                    if key not in made:
                        gateway = connect(destination, held[key], retry=ONE_TRY)
                        made[key] = stack.enter_context(gateway)
                    return made[key]
            return None

        yield connection


def _accounts(path: Path) -> dict[tuple[str, str], Credentials]:
    from vnhealth.sync import Credentials

    held = {}
    for key, value in json.loads(path.read_text("utf-8")).items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "base_url" in one:
                held[key, one["facility"]] = Credentials.from_mapping(one)
    return held


def worker_name() -> str:
    """A name that no other worker has."""
    return f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


def moment(text: str) -> dt.datetime:
    """An ISO date-time from an option; without a zone it is Viet Nam time."""
    from vnhealth.localtime import ICT

    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("yyyy-mm-ddThh:mm") from None
    return found if found.tzinfo else found.replace(tzinfo=ICT)


def plain(row: Mapping[str, Any], *, values: bool) -> dict[str, Any]:
    """A row ready for JSON or CSV; the MA_LK and written reasons only when asked for."""
    hidden = () if values else ("key", "reason")
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
        if name not in hidden and name != "lease"
    }


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line, ensure_ascii=False)


def log_as_json() -> None:
    """Write the log of outbox and clients to stderr, as JSON lines without any value."""
    handler = logging.StreamHandler()
    handler.setFormatter(_AsJson())
    for name in ("vnhealth.outbox", "vnhealth.sync"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
