"""The pages and forms of a guided run."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.console._texts import word
from vnhealth.console._visit import Visit
from vnhealth.sandbox import Response

if TYPE_CHECKING:
    from vnhealth.conformance import Guide, Guided
    from vnhealth.console._desk import Desk

__all__ = ["GUIDED_ACTIONS", "guided"]

STATES = (
    "accepted", "accepted_with_warnings", "refused", "pending", "unknown", "not_sent", "replaced",
)  # fmt: skip
"""What a system may show of a file, as the schema of results names it."""
COUNTS = ("sent", "accepted", "refused", "pending")
KINDS = ("checkin", "claim")
FIRST = (
    "MA_LK", "HO_TEN", "NGAY_SINH", "GIOI_TINH", "SO_CCCD", "MA_THE_BHYT", "MA_CSKCB", "NGAY_VAO",
    "NGAY_RA", "MA_BENH_CHINH", "CHAN_DOAN_RV", "LY_DO_VV",
)  # fmt: skip
"""What is shown of a visit before its tables."""
LATEST = 15
MOST_TEXT = 500
VENDOR = ("name", "product", "version")
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".csv": "text/csv; charset=utf-8",
}


def guided(visit: Visit, rest: str) -> tuple[str, dict[str, Any]] | Response | None:
    """The run under way, its files, or what came of it."""
    desk = visit.desk
    if desk is None:
        return None
    run = desk.run
    if rest:
        return _download(desk, rest)
    if run is None:
        return "guided_none", {}
    if run.scenario is None:
        return "guided_done", _over(desk, run)
    return "guided", _at_hand(visit, desk, run)


def _at_hand(visit: Visit, desk: Desk, run: Guided) -> dict[str, Any]:
    scenes = run.course.kit.scenarios
    guides = run.guides()
    waiting = next((g for g in guides if g.sight.state == "waiting"), guides[-1])
    chosen = next((g for g in guides if g.id == visit.params.get("task")), waiting)
    at = guides.index(chosen)
    return {
        "run": run,
        "scenario": run.scenario,
        "number": len(run.course.pages) + 1,
        "count": len(scenes),
        "now": run.scene.clock.now(),
        "accounts": run.order()["gateways"],
        "guides": guides,
        "chosen": chosen,
        "person": _person(chosen.tables),
        "details": [(word(n, visit.language), v) for n, v in chosen.details.items()],
        "after": guides[at + 1] if at + 1 < len(guides) else None,
        "heard": list(reversed(run.heard()[-LATEST:])),
        "files": _files(run, guides),
        "cards": [g for g in guides if g.task["task"] == "lookup"],
        "days": [(g.task["facility"], kind) for g in guides if g.task["task"] == "reconcile"
                 for kind in KINDS],
        "told": run.told,
        "states": STATES,
        "counts": COUNTS,
        "visits": _visits(run),
        "last": desk.last,
    }  # fmt: skip


def _files(run: Guided, guides: list[Guide]) -> list[tuple[Guide, Mapping[str, Any]]]:
    """What sends a file or a message: the step, and the part of its task that has an id."""
    sends = {send.task for send in run.scene.staged.sends}
    parts = ((guide, part) for guide in guides for part in guide.task.get("files", (guide.task,)))
    return [(guide, part) for guide, part in parts if part["id"] in sends]


def _visits(run: Guided) -> list[str]:
    """The MA_LK of the staged visits, without repetition."""
    found = (file["ma_lk"] for _, file in _files(run, run.guides()) if "ma_lk" in file)
    return list(dict.fromkeys(found))


def _person(tables: Mapping[str, list[dict[str, str]]]) -> dict[str, str]:
    rows = tables.get("XML1") or tables.get("XML0") or [{}]
    return {tag: rows[0][tag] for tag in FIRST if rows[0].get(tag)}


def _over(desk: Desk, run: Guided) -> dict[str, Any]:
    from vnhealth.conformance.evidence import fingerprint_of

    document = json.loads(desk.evidence or b"{}")
    results = [result for page in run.course.pages for result in page.results]
    return {
        "run": run,
        "payload": document["payload"],
        "witnesses": [
            {**w["statement"], "fingerprint": fingerprint_of(w["statement"]["signer"])}
            for w in document["witnesses"]
        ],
        "bad": [r for r in results if r.result.value in ("fail", "error", "inconclusive")],
        "files": desk.files,
    }


def _download(desk: Desk, name: str) -> Response | None:
    run = desk.run
    if run is not None and run.scenario is not None:
        if name == "work-order.json":
            text = json.dumps(run.order(), ensure_ascii=False, indent=1)
            return _file(text.encode(), "application/json", name)
        if name == "keys.zip":
            return _file(_zipped(run.keys()), "application/zip", name)
    content = desk.file(name)
    if content is None:
        return None
    return _file(content, MEDIA["." + name.rpartition(".")[2]], name)


def _file(content: bytes, media: str, name: str) -> Response:
    headers = (("Content-Type", media), ("Content-Disposition", f'attachment; filename="{name}"'))
    return Response(200, content, headers)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


# forms


def _desk(visit: Visit) -> Desk:
    if visit.desk is None:
        raise LookupError("no desk")
    return visit.desk


def _run(visit: Visit) -> Guided:
    run = _desk(visit).run
    if run is None:
        raise LookupError("no run")
    return run


def _start(visit: Visit, form: Mapping[str, str]) -> str:
    vendor = {name: form.get(f"vendor-{name}", "").strip()[:MOST_TEXT] for name in VENDOR}
    _desk(visit).start(
        form["kit"],
        seed=int(form.get("seed") or 7),
        role=form.get("role", ""),
        only=form.get("only", ""),
        about={"issuer": form.get("issuer", "").strip()[:MOST_TEXT], "vendor": vendor},
    )
    return "guided"


def _tell(visit: Visit, form: Mapping[str, str]) -> str:
    """Take down what the system shows; the fields are named by task, never by a value."""
    run = _run(visit)
    told = run.told
    for name, value in form.items():
        kind, _, task = name.partition("-")
        if kind == "state" and value in STATES:
            told.states[task] = value
        elif kind == "ending":
            told.endings[task] = value.strip()
        elif kind == "card":
            told.lookups[task] = value.strip()
    told.counts = _counts(form)
    told.file = form.get("results", "").strip()
    return "guided"


def _counts(form: Mapping[str, str]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, value in form.items():
        if not name.startswith("count-") or not value.strip():
            continue
        _, facility, kind, which = name.split("-")
        row = found.setdefault((facility, kind), {"facility": facility, "kind": kind})
        row[which] = int(value)
    return [dict.fromkeys(COUNTS, 0) | row for row in found.values()]


def _close(visit: Visit, form: Mapping[str, str]) -> str:
    _tell(visit, form)
    _desk(visit).closed(_run(visit).close())
    return "guided"


def _skip(visit: Visit, form: Mapping[str, str]) -> str:
    reason = form.get("reason", "").strip()[:MOST_TEXT]
    if not reason:
        raise ValueError("no reason")
    _desk(visit).closed(_run(visit).skip(reason))
    return "guided"


def _repeat(visit: Visit, form: Mapping[str, str]) -> str:
    _desk(visit).repeat()
    return "guided"


def _pause(visit: Visit, form: Mapping[str, str]) -> str:
    _run(visit).pause()
    return "guided"


def _resume(visit: Visit, form: Mapping[str, str]) -> str:
    _run(visit).resume()
    return "guided"


def _advance(visit: Visit, form: Mapping[str, str]) -> str:
    _run(visit).advance(dt.timedelta(minutes=float(form["minutes"])))
    return "guided"


def _restarted(visit: Visit, form: Mapping[str, str]) -> str:
    _run(visit).restarted()
    return "guided"


def _rename(visit: Visit, form: Mapping[str, str]) -> str:
    """The fields are numbered in the order of the visits."""
    run = _run(visit)
    run.rename({old: form.get(f"name-{n}", "") for n, old in enumerate(_visits(run))})
    return "guided"


def _abandon(visit: Visit, form: Mapping[str, str]) -> str:
    _desk(visit).abandon()
    return "kits"


def _witness(visit: Visit, form: Mapping[str, str]) -> str:
    _desk(visit).witness(
        name=form["name"].strip()[:MOST_TEXT],
        unit=form["unit"].strip()[:MOST_TEXT],
        role="vendor" if form.get("role") == "vendor" else "witness",
        key=form.get("key", ""),
    )
    return "guided"


GUIDED_ACTIONS = {
    "guided/start": _start,
    "guided/tell": _tell,
    "guided/close": _close,
    "guided/skip": _skip,
    "guided/repeat": _repeat,
    "guided/pause": _pause,
    "guided/resume": _resume,
    "guided/advance": _advance,
    "guided/restarted": _restarted,
    "guided/rename": _rename,
    "guided/abandon": _abandon,
    "guided/witness": _witness,
}
