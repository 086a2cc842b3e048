"""What was seen of a client during one scenario, in the words in which expectations ask."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl

import pybase64

from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Heard, Tap
from vnhealth.conformance._opened import Opened, opened
from vnhealth.conformance._stage import Send, Staged
from vnhealth.conformance._subject import Results
from vnhealth.protocol import gateways
from vnhealth.sandbox import Exchange, Record, Submission
from vnhealth.signing import SignatureReport
from vnhealth.signing import verify as verify_signature

__all__ = ["Arrived", "Watch"]

FIRST, LAST = dt.date(1970, 1, 1), dt.date(9999, 12, 31)
KINDS = {"0": "checkin", "130": "claim"}
"""Kinds of files where the facts of the gateway have a number for them."""
TAKEN = ("200", "ACCEPTED", "ACCEPTED_WITH_WARNING", "ACCEPTED_DUPLICATE")
USER_NAMES = ("username", "ma_lien_thong_bac_si", "ma_lien_thong_co_so_kham_chua_benh")
"""Fields of logins that say who it is; the first that is filled in counts."""
Key = tuple[str, str, str]
"""Gateway, kind, MA_LK."""


@dataclass(repr=False)
class Arrived:
    """A file that reached the gateway, taken or not. ``form`` holds the other fields."""

    heard: Heard
    kind: str
    file: bytes = field(repr=False)
    form: dict[str, str] = field(repr=False)

    @cached_property
    def opened(self) -> Opened:
        """The file, opened strictly."""
        return opened(self.file)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The MA_LK of the file in order, without repetition."""
        found = [
            row.get("MA_LK", "").strip()
            for case in self.opened.cases
            for name in ("XML1", "XML0")
            for row in case.get(name, ())
        ]
        return tuple(dict.fromkeys(key for key in found if key))

    @property
    def sender(self) -> str:
        """The facility that sends: that of the form, else that of the account."""
        return self.form.get("maCSKCB") or self.heard.facility

    @property
    def taken(self) -> bool:
        """True when the answer acknowledged it."""
        return self.heard.code in TAKEN and self.heard.response.status < 300


class Watch:
    """One scenario as it went: what was staged, heard, held at the end, and said by the client.

    ``gateway`` is the one that the scenario is about; questions without a gateway mean it.
    """

    def __init__(
        self, staged: Staged, exchange: Exchange, tap: Tap, results: Results, pki: Pki
    ) -> None:
        self.staged = staged
        self.exchange = exchange
        self.heard = tap.heard
        self.lives = tap.life
        self.results = results
        self.pki = pki
        self.gateway = (*staged.stage.gateways, "vss")[0]
        self.faults = [name for heard in tap.heard for name in heard.fault.split("+") if name]

    # requests

    def calls(self, name: str, gateway: str = "") -> list[Heard]:
        """The requests to the calls whose name begins so."""
        of = gateway or self.gateway
        return [h for h in self.heard if h.gateway == of and h.call.startswith(name)]

    @cached_property
    def logins(self) -> dict[str, list[Heard]]:
        """Logins by user name."""
        found: dict[str, list[Heard]] = defaultdict(list)
        for heard in self.calls("login"):
            fields = self.login_form(heard)
            name = next((fields[n] for n in USER_NAMES if fields.get(n)), "")
            found[name].append(heard)
        return found

    def login_form(self, heard: Heard) -> dict[str, str]:
        """The fields of a login, from a form or from JSON."""
        try:
            fields = heard.request.fields()
        except Exception:  # whatever a client sends is no login then
            return {}
        return {
            k: v if isinstance(v, str) else v.decode("utf-8", "replace") for k, v in fields.items()
        }

    @cached_property
    def files(self) -> list[Arrived]:
        """All files that reached a gateway, in order."""
        found = []
        for heard in self.heard:
            endpoint = gateways()[heard.gateway].endpoints.get(heard.call) if heard.call else None
            if endpoint is None or not endpoint.record:
                continue
            kind = KINDS.get(endpoint.record, endpoint.record)
            form: dict[str, str] = {}
            body = heard.request.body
            if heard.gateway == "vss":
                form = _form(heard)
                body = _unpacked(form.pop("fileHSBase64", ""))
            found.append(Arrived(heard, kind, body, form))
        return found

    def files_of(self, kind: str = "", gateway: str = "") -> list[Arrived]:
        """Files of a kind."""
        of = gateway or self.gateway
        return [f for f in self.files if f.kind == (kind or f.kind) and f.heard.gateway == of]

    # what the gateway holds

    @cached_property
    def held(self) -> dict[Key, list[tuple[Submission, Record]]]:
        """Every record that a gateway acknowledged, by key, in order of receipt."""
        found: dict[Key, list[tuple[Submission, Record]]] = defaultdict(list)
        for submission, record in self.exchange.store.listing("", "", FIRST, LAST):
            name = record.key or ""
            if submission.kind in self.staged.stage.told_apart_by_content:
                name = self.staged.stage.key_of(self.exchange.store.body(submission.number))
            found[submission.gateway, submission.kind, name].append((submission, record))
        return found

    def sends(self, kind: str = "", gateway: str = "") -> list[Send]:
        """What had to arrive."""
        of = gateway or self.gateway
        return [s for s in self.staged.sends if s.gateway == of and (not kind or s.kind == kind)]

    def latest(self, kind: str = "", gateway: str = "") -> list[Send]:
        """The last version of each record that had to arrive."""
        return list({(s.kind, s.ma_lk): s for s in self.sends(kind, gateway)}.values())

    def versions(self, send: Send) -> list[tuple[Submission, Record]]:
        """What the gateway holds under the key of a send."""
        return self.held.get((send.gateway, send.kind, send.ma_lk), [])

    @cached_property
    def _arrivals(self) -> dict[str, Arrived]:
        """The file in which each acknowledged submission came, by its transaction."""
        taken = [f for f in self.files]
        bodies: dict[str, Arrived] = {}
        for file in taken:
            for key in file.keys:
                for submission, _ in self.held.get((file.heard.gateway, file.kind, key), ()):
                    if self.exchange.store.body(submission.number) == file.file:
                        bodies.setdefault(submission.transaction, file)
        return bodies

    def arrived(self, send: Send) -> Arrived | None:
        """The file that brought this version of a record."""
        versions = self.versions(send)
        if len(versions) < send.version:
            return None
        return self._arrivals.get(versions[send.version - 1][0].transaction)

    def state(self, send: Send) -> str:
        """The verdict on a version, missing when it never arrived."""
        versions = self.versions(send)
        if len(versions) < send.version:
            return "missing"
        return versions[send.version - 1][1].state.value

    def transaction(self, send: Send) -> str:
        """The transaction of a version, empty when it never arrived."""
        versions = self.versions(send)
        return versions[send.version - 1][0].transaction if len(versions) >= send.version else ""

    # places, without values

    def name(self, send: Send) -> str:
        """How a detail calls a record: its place in the order, never its MA_LK."""
        keys = list(dict.fromkeys(s.ma_lk for s in self.staged.sends))
        return f"#{keys.index(send.ma_lk) + 1} v{send.version}"

    def signature(self, file: Arrived) -> SignatureReport:
        """What the signature of a file is worth at the moment of its receipt."""
        return verify_signature(file.file, trust=self.pki.trust, at=file.heard.at)


def _form(heard: Heard) -> dict[str, str]:
    body = heard.request.body
    if body[:1] == b"{":
        return {k: str(v) for k, v in (heard.request.json() or {}).items()}
    pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)
    return dict(pairs)


def _unpacked(coded: str) -> bytes:
    try:
        return pybase64.b64decode(coded.replace("\r", "").replace("\n", ""), validate=True)
    except ValueError:
        return b""
