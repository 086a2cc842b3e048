"""The sandbox itself: one object, one method, everything it depends on passed in."""

from __future__ import annotations

import csv
import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING, Any

from vnhealth.errors import SandboxError
from vnhealth.protocol import Endpoint, gateways, vss
from vnhealth.protocol.health_check import facility_number
from vnhealth.sandbox._bulk import Loaded, Loader
from vnhealth.sandbox._check import SIGNATURE_POLICIES, Checker, check_file
from vnhealth.sandbox._clock import Clock, VirtualClock
from vnhealth.sandbox._control import Control
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler, Settings
from vnhealth.sandbox._http import Request, Response, Wire
from vnhealth.sandbox._ids import IdMaker
from vnhealth.sandbox._inspect import nearest_call
from vnhealth.sandbox._journal import Entry, Journal
from vnhealth.sandbox._ledger import FIRST_DAY, LAST_DAY, Ledger
from vnhealth.sandbox._model import Account, Credentials, Facility, Reconciliation
from vnhealth.sandbox._notices import Notice, Notices
from vnhealth.sandbox._state import Snapshot
from vnhealth.sandbox._store import MemoryStore, Store
from vnhealth.sandbox.faults import MAGIC_FACILITIES, FaultPlan
from vnhealth.sandbox.faults._run import answered
from vnhealth.sandbox.gateways import MODULES, admin, front

if TYPE_CHECKING:
    from vnhealth.sandbox.transport import AsyncSandboxTransport, SandboxTransport
    from vnhealth.signing import TrustStore

__all__ = ["OWN", "Exchange", "accounts_for", "default_facilities"]

BASE_URL = "http://sandbox.invalid"
OWN = "exchange"
"""The space of the texts that say what a store belongs to; they outlast a reset."""
NO_ARGS: Mapping[str, str] = {}
ANY_ORIGIN = (("Access-Control-Allow-Origin", "*"),)
PREFLIGHT = (
    *ANY_ORIGIN,
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "*"),
)


@cache
def default_facilities() -> tuple[Facility, ...]:
    """The invented facilities of the default exchange, those of `vnhealth.synth` among them.

    >>> [f.code for f in default_facilities()][:4]
    ['01001', '01002', '79001', '79002']
    """
    text = (files("vnhealth.sandbox") / "data" / "facilities.csv").read_text("utf-8")
    return tuple(Facility(row["code"], row["name"]) for row in csv.DictReader(text.splitlines()))


def accounts_for(facilities: Iterable[Facility], ids: IdMaker) -> list[Account]:
    """One account per facility and gateway, and one per province where a gateway has those.

    User names as ``accounts`` of `vnhealth.protocol.Gateway` says: ``<facility>_BV`` at the
    insurance gateway, the facility code at the repositories, ``<province>_SYT`` for a health
    department.
    """
    facilities = tuple(facilities)
    provinces = sorted({f.province for f in facilities})
    return [
        Account(key, name, ids.password(key, name), scope)
        for key in MODULES
        for form in gateways()[key].accounts
        for name, scope in _named(form, facilities, provinces)
    ]


def _named(
    form: str, facilities: Iterable[Facility], provinces: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """User names after a form, each with the code it may send for."""
    if "{province}" in form:
        yield from ((form.format(province=code), code) for code in provinces)
    elif "{number}" in form:
        yield from ((form.format(number=f.number), f.number) for f in facilities)
    else:
        yield from ((form.format(facility=f.code), f.code) for f in facilities)


@dataclass(frozen=True, slots=True)
class _Route:
    segments: tuple[str, ...]
    endpoint: Endpoint
    handler: Handler


class _Routes:
    """The routes of one gateway: exact paths first, then those with named segments."""

    def __init__(self, key: str, found: Front) -> None:
        self._exact_case = found.exact_case
        self._exact: dict[str, dict[str, _Route]] = {}
        self._named: list[_Route] = []
        for name, endpoint in gateways()[key].endpoints.items():
            route = _Route(tuple(endpoint.path.split("/")), endpoint, found.handlers[name])
            if "{" in endpoint.path:
                self._named.append(route)
            else:
                path = self._fold(endpoint.path)
                self._exact.setdefault(path, {})[endpoint.method] = route

    def _fold(self, path: str) -> str:
        return path if self._exact_case else path.lower()

    def find(self, method: str, path: str) -> tuple[_Route | None, Mapping[str, str], bool]:
        """The route, its named segments, and whether the path exists with another method."""
        methods = self._exact.get(self._fold(path))
        if methods is not None:
            return methods.get(method), NO_ARGS, method not in methods
        given = path.split("/")
        for route in self._named:
            args = self._args(route.segments, given)
            if args is not None:
                right = route.endpoint.method == method
                return (route if right else None), args, not right
        return None, NO_ARGS, False

    def browser_may(self, path: str) -> bool:
        """True when the gateway lets pages of other origins call this path."""
        folded = self._fold(path)
        found = self._exact.get(folded, {}).values()
        return any(route.endpoint.cors for route in found)

    def _args(self, wanted: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
        if len(wanted) != len(given):
            return None
        args = {}
        for want, have in zip(wanted, given, strict=True):
            if want.startswith("{"):
                args[want[1:-1]] = have
            elif self._fold(want) != self._fold(have):
                return None
        return args if all(args.values()) else None


class Exchange:
    """A sandbox with all gateways over one state.

    ``clock``, ``seed``, ``store``, ``trust`` (a `vnhealth.signing.TrustStore` or None) and
    ``checker`` are all it depends on: the same seed, clock and requests give the same bytes.
    ``admin_token`` opens the calls under ``/_sandbox``; None keeps them closed. ``faults`` is the
    plan of what goes wrong; it may be changed at any time.

    >>> ex = Exchange.default(seed=7)
    >>> answer = ex.handle(Request("GET", "/somewhere/else"))
    >>> answer.status, answer.json()["code"]
    (501, 'SBX-HTTP-01')
    """

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int,
        store: Store,
        facilities: Iterable[Facility],
        accounts: Iterable[Account] | None = None,
        trust: TrustStore | None = None,
        checker: Checker | None = None,
        settings: Settings | None = None,
        admin_token: str | None = None,
        faults: FaultPlan | None = None,
    ) -> None:
        settings = settings or Settings()
        policy = settings.signatures or ("off" if trust is None else "require")
        if policy not in SIGNATURE_POLICIES:
            raise SandboxError("SBX-SET-01", name="signatures")
        self.clock = clock
        self.facilities = tuple(facilities)
        self.store = store
        self.settings = settings
        self.journal = Journal(settings.journal_size)
        self.ids = IdMaker(seed)
        self.faults = FaultPlan(seed=seed) if faults is None else faults
        self._lock = threading.RLock()
        check = checker or check_file
        ledger = Ledger(
            store,
            clock,
            self.ids,
            lambda gateway, kind: self.front(gateway).checker_of(kind) or check,
            trust=trust,
            signatures=policy,
        )
        if accounts is None:
            magic = (Facility(code) for code in MAGIC_FACILITIES)
            accounts = accounts_for((*self.facilities, *magic), self.ids)
        self._core = Core(
            clock=clock, ids=self.ids, ledger=ledger, accounts=accounts, settings=settings
        )
        self.snapshots: dict[str, Snapshot] = {}
        """Snapshots by name; they live as long as the process."""
        texts = tuple((OWN, key, value) for key, value in store.scan(OWN))
        self._as_new = Snapshot(seed, clock.now(), {}, texts, (), self.faults.to_dict())
        self._admin = admin.Admin(self._core, self.journal, admin_token, Control(self).calls())
        self._notices = Notices(self._core)
        self._fronts: dict[str, Front] = {}
        self._routes: dict[str, _Routes] = {}
        self._prefixes = {gateways()[key].prefix.lstrip("/"): key for key in MODULES}
        self._hosts = {host: key for key in MODULES for host in gateways()[key].hosts}
        self._dates: tuple[int, str] = (-1, "")

    @classmethod
    def default(
        cls, seed: int = 7, *, clock: Clock | None = None, store: Store | None = None, **more: Any
    ) -> Exchange:
        """Invented facilities, virtual time from 3 August 2026, everything in memory.

        ``more`` goes to the constructor (facilities, trust, checker, settings, admin_token).
        """
        more.setdefault("facilities", default_facilities())
        return cls(clock=clock or VirtualClock(), seed=seed, store=store or MemoryStore(), **more)

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises on what a client sends."""
        with self._lock:
            gateway, operation, answer = self._dispatch(request)
            self._journal(gateway, operation, request, answer)
            return answer.response.with_headers((("Date", self._date(answer.response.wire)),))

    def handle_together(self, requests: Sequence[Request]) -> list[Response]:
        """Answer some requests in their order with one commit for all of them.

        Nothing is answered before the commit, so all of it is as durable as with `handle`.
        """
        if len(requests) == 1:
            return [self.handle(requests[0])]
        with self._lock, self.store.transaction():
            return [self.handle(request) for request in requests]

    def _journal(self, gateway: str, operation: str, request: Request, answer: Answer) -> None:
        self.journal.add(
            Entry(
                number=self.journal.count + 1,
                at=self.clock.now(),
                gateway=gateway,
                operation=operation,
                method=request.method if request.method in METHODS else "?",
                status=answer.response.status,
                code=answer.code,
                facility=answer.facility,
                transaction=answer.transaction,
                bytes_in=len(request.body),
                bytes_out=len(answer.response.body),
                faults=answer.faults,
                near_miss=answer.near_miss,
            )
        )

    def _dispatch(self, request: Request) -> tuple[str, str, Answer]:
        if len(request.body) > self.settings.max_body:
            return "", "", admin.problem(413, "SBX-HTTP-02", limit=str(self.settings.max_body))
        if request.path.startswith(admin.PREFIX + "/"):
            return "sandbox", *self._admin.handle(request)
        gateway, path = self._gateway(request)
        if gateway is None:
            return "", "", self._unmodelled(request, 501, "SBX-HTTP-01")
        if not self.settings.may_connect(gateway, request.address):
            return gateway, "", Answer(Response(403), "403")
        routes = self._routes_of(gateway)
        open_to_pages = routes.browser_may(path)
        if request.method == "OPTIONS" and open_to_pages:
            return gateway, "preflight", Answer(Response(204, b"", PREFLIGHT), "")
        route, args, other_method = routes.find(request.method, path)
        if route is None:
            code = ("SBX-HTTP-07", 405) if other_method else ("SBX-HTTP-01", 501)
            return gateway, "", self._unmodelled(request, code[1], code[0])
        call = Call(request, route.endpoint, args)
        answer, struck = answered(self._core, self.front(gateway), self.faults, call, route.handler)
        self.faults.note(self.journal.count + 1, struck)
        answer = replace(answer, faults=tuple(fault.kind.name for fault in struck))
        if open_to_pages:
            answer = replace(answer, response=answer.response.with_headers(ANY_ORIGIN))
        return gateway, route.endpoint.name, answer

    def _unmodelled(self, request: Request, status: int, code: str) -> Answer:
        """A call that no gateway answers, with the one that may have been meant."""
        answer = admin.problem(status, code)
        return replace(answer, near_miss=nearest_call(request.method, request.path))

    def front(self, gateway: str) -> Front:
        """What a gateway adds to the core: its handlers and its form of a refusal."""
        found = self._fronts.get(gateway)
        if found is None:
            found = self._fronts[gateway] = front(self._core, gateway)
        return found

    def _routes_of(self, gateway: str) -> _Routes:
        found = self._routes.get(gateway)
        if found is None:
            found = self._routes[gateway] = _Routes(gateway, self.front(gateway))
        return found

    def _gateway(self, request: Request) -> tuple[str | None, str]:
        """The gateway by path prefix, else by host name; and the path without the prefix."""
        first, slash, rest = request.path.lstrip("/").partition("/")
        key = self._prefixes.get(first.lower())
        if key is not None:
            return key, slash + rest
        host = (request.host or request.header("host")).partition(":")[0].lower()
        return self._hosts.get(host), request.path

    def _date(self, wire: Wire | None) -> str:
        now = self.clock.now()
        if wire is not None and wire.skew:
            now += dt.timedelta(seconds=wire.skew)
        second = int(now.timestamp())
        if self._dates[0] != second:
            text = format_datetime(now.astimezone(dt.UTC).replace(microsecond=0), usegmt=True)
            self._dates = (second, text)
        return self._dates[1]

    def credentials(
        self, facility: str, gateway: str = "vss", *, base_url: str = BASE_URL, username: str = ""
    ) -> Credentials:
        """What a client of a facility (or a province, two digits) needs at a gateway.

        Some gateways have several accounts for a facility: ``username`` chooses, else it is the
        first of them. Where a gateway knows facilities by 13 digits, so does what is given. Raises
        `SandboxError` when there is no such account.

        >>> Exchange.default(seed=7).credentials("01001").username
        '01001_BV'
        """
        names = (facility, facility_number(facility))
        for account in self._core.accounts.values():
            of_facility = account.gateway == gateway and account.scope in names
            if of_facility and username in ("", account.username):
                url = base_url.rstrip("/") + gateways()[gateway].prefix
                return Credentials(url, account.username, account.password, account.scope)
        raise SandboxError("ERR-SBX-01", name=f"{gateway} {facility[:5]}")

    def reconcile(
        self,
        gateway: str = "",
        facility: str = "",
        since: dt.date = FIRST_DAY,
        until: dt.date = LAST_DAY,
    ) -> tuple[Reconciliation, ...]:
        """Counts by gateway, facility, kind and day of receipt, after judging what is due.

        ``facility`` may be a code, a province or empty. In every row sent = accepted + refused +
        pending, and received = sent + replaced + cancelled.
        """
        with self._lock:
            return self._core.ledger.reconcile(gateway, facility, since, until)

    def notices(
        self, facility: str = "", since: dt.date = FIRST_DAY, until: dt.date = LAST_DAY
    ) -> list[Notice]:
        """What the insurer has told by now of late, faulty and differing records, oldest first.

        ``facility`` may be a code, a province or empty.
        """
        with self._lock:
            return self._notices.between(facility, since, until)

    def settle(self, *, limit: int | None = None) -> int:
        """Judge what is due (at most ``limit`` files); gives how many were judged.

        Nobody has to call this: a verdict is made at the latest when it is asked for, and does not
        depend on when that is.
        """
        with self._lock:
            return self._core.ledger.settle_due(limit=limit)

    def load(self, paths: Iterable[str | PathLike[str]], gateway: str = vss.GATEWAY) -> Loaded:
        """Put claim files into the store, 1,000 to a commit.

        ``gateway`` is vss, province or national. The files are received now and judged at once;
        each comes from the facility that it names.
        Nothing else differs from the same files sent one by one, but that no faults of the plan
        strike and months are not closed. Files that cannot be read are left out and told of.
        Raises `SandboxError` (SBX-SET-01) for another gateway.

        >>> Exchange.default(seed=7).load(["no-such-file.xml"]).skipped
        (<Skipped ERR-XML-06>,)
        """
        with self._lock:
            loader = Loader(self._core, gateway)
        for path in paths:
            with self._lock:
                loader.take(path)
        with self._lock:
            return loader.finished()

    def snapshot(self) -> Snapshot:
        """The whole state at this moment, to be put back by `restore`; not the journal.

        >>> ex = Exchange.default(seed=7)
        >>> before = ex.snapshot()
        >>> _ = ex.clock.advance(days=2)
        >>> ex.restore(before)
        >>> ex.clock.now() == before.at
        True
        """
        with self._lock:
            return Snapshot.take(
                self.store,
                seed=self.ids.seed,
                at=self.clock.now(),
                faults=self.faults.to_dict(),
            )

    def note(self, operation: str) -> None:
        """Write into the journal what somebody did to the sandbox itself."""
        with self._lock:
            self._journal("sandbox", operation, Request("POST", ""), Answer(Response(200), "OK"))

    def reset(self) -> None:
        """Be as new: nothing received, no faults but those it began with, an empty journal."""
        self.restore(self._as_new)
        self.journal.clear()

    def restore(self, snapshot: Snapshot) -> None:
        """Put a state back, fault plan and virtual time with it.

        Raises `SandboxError` (SBX-STATE-03) for one of another seed.
        """
        if snapshot.seed != self.ids.seed:
            raise SandboxError("SBX-STATE-03")
        with self._lock:
            faults = FaultPlan.from_dict(snapshot.faults)
            snapshot.put(self.store)
            self._fronts.clear()
            self._routes.clear()
            self.faults = faults
            if isinstance(self.clock, VirtualClock):
                self.clock.rewind(snapshot.at)

    def lock_account(self, gateway: str, username: str, *, locked: bool = True) -> None:
        """Lock or unlock an account. Raises `SandboxError` when there is none."""
        with self._lock:
            found = self._core.accounts.get((gateway, username))
            if found is None:
                raise SandboxError("ERR-SBX-01", name=f"{gateway} {username[:20]}")
            self._core.accounts[gateway, username] = replace(found, locked=locked)

    def transport(self) -> SandboxTransport:
        """An httpx transport into this exchange: ``httpx.Client(transport=ex.transport())``."""
        from vnhealth.sandbox.transport import SandboxTransport

        return SandboxTransport(self)

    def async_transport(self) -> AsyncSandboxTransport:
        """The same for `httpx.AsyncClient`."""
        from vnhealth.sandbox.transport import AsyncSandboxTransport

        return AsyncSandboxTransport(self)

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            self.store.close()

    def __repr__(self) -> str:
        return f"<Exchange seed={self.ids.seed} {len(self.facilities)} facilities {self.store!r}>"


METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
