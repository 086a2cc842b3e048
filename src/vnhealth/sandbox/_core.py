"""What all gateways share: settings, accounts, sessions, the ledger and the form of an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

from vnhealth.findings import Finding, Severity
from vnhealth.protocol import Endpoint
from vnhealth.protocol.vss import password_hash
from vnhealth.sandbox._check import Checker
from vnhealth.sandbox._clock import Clock
from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox._ids import IdMaker, Session, same
from vnhealth.sandbox._ledger import Ledger
from vnhealth.sandbox._model import Account

__all__ = ["Answer", "Call", "Core", "Front", "Handler", "Settings", "restored", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the sandbox behaves.

    ``verdict_delay`` is the time from receipt to verdict, ``delays`` overrides it by gateway.
    ``notices`` says how long after receipt the insurer tells of something (late, structure, totals)
    where that is not the legal limit of 6, 24 and 48 hours. ``signatures`` is off,
    warn or require; empty means require when there is a trust store, else off. ``max_body`` limits
    a request, ``max_file`` an XML file at the insurance gateway (its real limit is not known).
    ``vss_token`` is an assumption: clients reckon with 50 to 60 minutes. ``historic`` brings back
    functions of the insurance gateway from 2016 that nobody has seen answer since. ``month_window``
    refuses files of decision 4210 whose month closed on the fifth of the next. ``per_minute``
    limits the requests of one address at the server (0: no limit). ``addresses`` names, by gateway,
    the only networks that may connect (``{"vss": ("10.1.2.0/24",)}``), as fixed addresses are
    registered at some gateways; the refusal, a bare HTTP 403, is an assumption.
    """

    verdict_delay: dt.timedelta = dt.timedelta(minutes=5)
    delays: Mapping[str, dt.timedelta] = field(default_factory=dict)
    notices: Mapping[str, dt.timedelta] = field(default_factory=dict)
    signatures: str = ""
    max_body: int = 32 * 2**20
    max_file: int = 20 * 2**20
    vss_token: dt.timedelta = dt.timedelta(minutes=60)
    historic: bool = False
    month_window: bool = False
    journal_size: int = 10_000
    per_minute: int = 0
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def may_connect(self, gateway: str, address: str) -> bool:
        """False for an address that is not registered; calls in process have none.

        >>> Settings(addresses={"vss": ("10.1.2.0/24",)}).may_connect("vss", "10.1.3.1")
        False
        """
        networks = self.addresses.get(gateway)
        if networks is None or not address:
            return True
        try:
            came_from = ip_address(address)
        except ValueError:
            return False
        return any(came_from in ip_network(network) for network in networks)

    def delay(self, gateway: str) -> dt.timedelta:
        """Time from receipt to verdict at a gateway."""
        return self.delays.get(gateway, self.verdict_delay)


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A response and the few facts about it that the journal may keep (no values)."""

    response: Response
    code: str
    facility: str = ""
    transaction: str = ""
    faults: tuple[str, ...] = ()
    near_miss: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A request that was matched to an endpoint; ``args`` are the path's named segments."""

    request: Request
    endpoint: Endpoint
    args: Mapping[str, str]


Handler = Callable[[Call], Answer]


def _no_refusal(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """For a gateway whose form of a refusal is not modelled: the HTTP status alone."""
    return Answer(Response(status or 500), code)


@dataclass(frozen=True, slots=True, repr=False)
class Front:
    """What a gateway adds to the core.

    ``handlers`` has one for every endpoint. ``refuse(endpoint, code, status)`` gives the answer of
    a result code in the gateway's own form (``status`` overrides the usual HTTP status): the fault
    plan uses it. ``checker`` judges what was received, when that is not a claim or check-in file;
    ``checkers`` does so for single kinds.
    """

    handlers: Mapping[str, Handler]
    refuse: Callable[[Endpoint, str, int | None], Answer] = _no_refusal
    checker: Checker | None = None
    checkers: Mapping[str, Checker] = field(default_factory=dict)
    exact_case: bool = True

    def checker_of(self, kind: str) -> Checker | None:
        """What judges a kind, None for the checker of the exchange."""
        return self.checkers.get(kind, self.checker)


class Core:
    """State and services shared by the gateways of one exchange."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: IdMaker,
        ledger: Ledger,
        accounts: Iterable[Account],
        settings: Settings,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.ledger = ledger
        self.settings = settings
        self.accounts = {(a.gateway, a.username): a for a in accounts}

    def account(
        self, gateway: str, username: str, secret: str, *, hashed: bool = False
    ) -> Account | None:
        """The account with this password (or MD5 of it, in either case), else None."""
        found = self.accounts.get((gateway, username))
        wanted = found.password if found else "no such account"
        if hashed:
            wanted, secret = password_hash(wanted), secret.upper()
        return self._seen(found) if same(wanted, secret) and found else None

    def _seen(self, account: Account) -> Account:
        """The account as the faults of this call let it be."""
        conditions = self.ledger.conditions
        conditions.saw_account(account.scope, self.clock.now())
        return replace(account, scope="") if conditions.lenient else account

    def new_session(self, account: Account, life: dt.timedelta) -> Session:
        """A session of an account that ends after ``life``."""
        life = min(life, self.ledger.conditions.life or life)
        store = self.ledger.store
        with store.transaction():
            number = store.next_number("session")
        return Session(account.gateway, account.username, self.clock.now() + life, number)

    def session_account(self, gateway: str, token: str) -> tuple[Session, Account] | None:
        """Who a token belongs to, unless it is false, over, or of another gateway."""
        session = self.ids.session(token)
        if session is None or session.gateway != gateway or session.expires <= self.clock.now():
            return None
        account = self.accounts.get((gateway, session.username))
        if account is None or account.locked or self._revoked(session):
            return None
        return session, self._seen(account)

    def _revoked(self, session: Session) -> bool:
        """True when the tokens of this account were taken back, which the faults may do now."""
        store, name = self.ledger.store, f"{session.gateway}/{session.username}"
        if self.ledger.conditions.revoke:
            with store.transaction():
                store.put("revoked", name, str(store.next_number("session")))
        return session.number <= int(store.get("revoked", name) or 0)


def restored(stored: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Findings as `vnhealth.sandbox._ledger` kept them; notes of severity info are left out."""
    for item in stored:
        if item["severity"] != Severity.INFO:
            yield Finding(
                str(item["code"]),
                Severity(item["severity"]),
                table=item["table"],
                row=item["row"],
                tag=item["tag"],
                params=item["params"],
                values=dict.fromkeys(item["values"], ""),
            )


def shown(finding: Finding) -> dict[str, Any]:
    """A finding in the answers of a repository: code, place, texts; never a value."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "table": finding.table,
        "row": finding.row,
        "field": finding.tag,
        "message": finding.message_vi,
        "hint": finding.hint("vi"),
        "basis": finding.basis,
    }
