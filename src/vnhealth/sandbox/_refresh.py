"""Sessions that can be renewed: an access token, and a refresh token that works once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vnhealth.sandbox._core import Core
from vnhealth.sandbox._ids import Session
from vnhealth.sandbox._model import Account

__all__ = ["Renewable", "open_renewable", "renew", "revoke"]

PURPOSE = "refresh"


@dataclass(frozen=True, slots=True, repr=False)
class Renewable:
    """Two tokens of one login; ``expires`` is the end of the access token."""

    access: str
    refresh: str
    expires: dt.datetime


def open_renewable(
    core: Core, account: Account, life: dt.timedelta, refresh_life: dt.timedelta
) -> Renewable:
    """A new session with its refresh token."""
    session = core.new_session(account, life)
    again = core.new_session(account, refresh_life)
    refresh = core.ids.token(again, PURPOSE)
    return Renewable(core.ids.token(session), refresh, session.expires)


def renew(core: Core, gateway: str, token: str) -> Account | None:
    """Whose refresh token this is, used up by asking; None when it no longer works."""
    session = _live(core, gateway, token)
    account = core.accounts.get((gateway, session.username)) if session else None
    if session is None or account is None or account.locked:
        return None
    _use(core, gateway, session)
    return account


def revoke(core: Core, gateway: str, token: str) -> bool:
    """Use up a refresh token without a new session; tells whether there was one."""
    session = _live(core, gateway, token)
    if session is not None:
        _use(core, gateway, session)
    return session is not None


def _live(core: Core, gateway: str, token: str) -> Session | None:
    session = core.ids.session(token, PURPOSE)
    if session is None or session.gateway != gateway or session.expires <= core.clock.now():
        return None
    used = core.ledger.store.get(f"refresh:{gateway}", str(session.number))
    return session if used is None else None


def _use(core: Core, gateway: str, session: Session) -> None:
    core.ledger.store.put(f"refresh:{gateway}", str(session.number), "used")
