"""What each page shows: a template and what goes into it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from vnhealth.console._guided import guided
from vnhealth.console._visit import Visit
from vnhealth.protocol import behaviours, gateways
from vnhealth.protocol.vss_notices import notice_infos
from vnhealth.sandbox import Response, VirtualClock
from vnhealth.sandbox._inspect import inspect_entry, masked
from vnhealth.sandbox._moments import MOMENTS
from vnhealth.sandbox._store import local_day
from vnhealth.sandbox._welcome import first_request, first_requests
from vnhealth.sandbox.faults import fault_kinds

__all__ = ["PAGES", "Page"]

SHOWN = 100
COUNTED = dt.timedelta(days=30)
"""The overview counts what was received from so long before today on: it is asked for all the time,
and its cost must not grow with the store."""
COUNTS = ("received", "accepted", "warned", "refused", "pending", "replaced", "cancelled")


Page = Callable[[Visit, str], tuple[str, dict[str, Any]] | Response | None]


def _entries(visit: Visit) -> list[Any]:
    """The latest calls first, by the filters of the query."""
    chosen = visit.exchange.journal.entries(
        gateway=visit.params.get("gateway", ""), code=visit.params.get("code", "")
    )
    return list(reversed(chosen[-SHOWN:]))


def overview(visit: Visit, rest: str) -> tuple[str, dict[str, Any]]:
    """Counts of the last days by gateway, the clock, the faults in force and the latest calls."""
    now = visit.exchange.clock.now()
    since = local_day(now) - COUNTED
    rows: dict[str, Counter[str]] = {}
    balanced = True
    for row in visit.exchange.reconcile(since=since):
        tally = rows.setdefault(row.gateway, Counter())
        tally.update({name: getattr(row, name) for name in COUNTS})
        balanced &= row.balanced
    return "overview", {
        "now": now,
        "since": since,
        "virtual": isinstance(visit.exchange.clock, VirtualClock),
        "count": visit.exchange.journal.count,
        "total": sum(rows.values(), Counter()),
        "rows": rows,
        "balanced": balanced,
        "gateways": gateways(),
        "faults": list(visit.exchange.faults),
        "entries": _entries(visit)[:10],
    }


def journal(visit: Visit, rest: str) -> tuple[str, dict[str, Any]] | None:
    """All calls, or one of them decoded."""
    if not rest:
        return "journal", {"entries": _entries(visit), "gateways": gateways()}
    if not rest.isascii() or not rest.isdigit():
        return None
    found = inspect_entry(visit.exchange, int(rest[:18]))
    return ("entry", {"found": found}) if found else None


def records(visit: Visit, rest: str) -> tuple[str, dict[str, Any]]:
    """The latest records and their verdicts; MA_LK masked unless asked for by a form."""
    visit.exchange.settle(limit=SHOWN)
    kept = visit.exchange.store.latest(visit.params.get("gateway", ""), SHOWN)
    shown = visit.view.unmasked
    rows = [
        {
            "submission": submission,
            "record": record,
            "key": (record.key or "") if shown else masked(record.key or ""),
            "codes": sorted({str(f["code"]) for f in record.findings}),
        }
        for submission, record in kept
    ]
    return "records", {
        "rows": rows,
        "notices": _notices(visit),
        "unmasked": shown,
        "gateways": gateways(),
    }


def _notices(visit: Visit) -> list[dict[str, Any]]:
    """What the insurer told by itself, the latest first."""
    if visit.params.get("gateway", "vss") not in ("", "vss"):
        return []
    titles = notice_infos()
    return [
        {
            "notice": notice,
            "title": getattr(titles[notice.kind], f"title_{visit.language}"),
            "codes": sorted({finding.code for finding in notice.findings}),
        }
        for notice in islice(reversed(visit.exchange.notices()), SHOWN)
    ]


def faults(visit: Visit, rest: str) -> tuple[str, dict[str, Any]]:
    """The rules in force, what they did, and all faults there are."""
    plan = visit.exchange.faults
    return "faults", {
        "rules": list(plan),
        "injected": list(reversed(plan.injected[-SHOWN:])),
        "kinds": [kind for kinds in fault_kinds().values() for kind in kinds],
        "gateways": gateways(),
    }


def time(visit: Visit, rest: str) -> tuple[str, dict[str, Any]] | Response | None:
    """The clock, snapshots and the state; ``time/state`` is the state as a file."""
    if rest == "state":
        headers = (
            ("Content-Type", "application/gzip"),
            ("Content-Disposition", 'attachment; filename="sandbox-state.gz"'),
        )
        return Response(200, visit.exchange.snapshot().to_bytes(), headers)
    if rest:
        return None
    return "time", {
        "now": visit.exchange.clock.now(),
        "virtual": isinstance(visit.exchange.clock, VirtualClock),
        "moments": MOMENTS,
        "snapshots": visit.exchange.snapshots,
    }


def accounts(visit: Visit, rest: str) -> tuple[str, dict[str, Any]]:
    """Address, account and first request of each gateway, and the login by language."""
    facility = visit.exchange.facilities[0].code
    found = {
        key: visit.exchange.credentials(facility, key, base_url=visit.base_url)
        for key in gateways()
    }
    return "accounts", {
        "accounts": found,
        "gateways": gateways(),
        "first": {key: first_request(key, account) for key, account in found.items()},
        "languages": first_requests(found["vss"]),
    }


def fidelity(visit: Visit, rest: str) -> tuple[str, dict[str, Any]]:
    """Every behaviour with its evidence, and the share of each class."""
    wanted = visit.params.get("gateway", "")
    held = [b for b in behaviours() if wanted in ("", b.gateway)]
    share = Counter(b.evidence for b in held)
    return "fidelity", {"held": held, "share": share.most_common(), "gateways": gateways()}


def kits(visit: Visit, rest: str) -> tuple[str, dict[str, Any]] | Response | None:
    """The kits, their runs and reports."""
    runs = visit.kits
    if rest:
        found = runs.report(rest) if runs is not None else None
        if found is None:
            return None
        body, media = found
        return Response(200, body, (("Content-Type", media), ("Content-Disposition", "attachment")))
    return "kits", {
        "kits": runs.described(visit.language) if runs is not None else [],
        "runs": runs.runs() if runs is not None else [],
        "guided": visit.desk.run if visit.desk is not None else None,
    }


PAGES: dict[str, Page] = {
    "": overview,
    "journal": journal,
    "records": records,
    "faults": faults,
    "time": time,
    "accounts": accounts,
    "fidelity": fidelity,
    "kits": kits,
    "guided": guided,
}
