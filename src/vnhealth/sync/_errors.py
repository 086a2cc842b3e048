"""What can go wrong between a client and a gateway.

```
SyncError
├─ NotSent              refused here, before anything went out: wrong facility, wrong file, http
├─ NotSupported         the gateway has no such call or takes no such file
├─ ConnectionFailed     no connection, or it broke                              retryable
├─ TimedOut             no answer in time                                       retryable
└─ RemoteError          the gateway answered, but not about the file
   ├─ AuthFailed        account or session refused
   ├─ Rejected          the call was refused, for good
   ├─ RateLimited       too many requests                                       retryable
   └─ Unavailable       down, or an answer that cannot be read                  retryable
```

A submission raises one of these only when the gateway certainly did not take the file; where that
is not certain it returns an outcome ``unknown``. What the gateway says about a file is never an
exception: see `vnhealth.sync.Outcome`.
"""

from __future__ import annotations

from vnhealth.errors import SyncError

__all__ = [
    "AuthFailed",
    "ConnectionFailed",
    "NotSent",
    "NotSupported",
    "RateLimited",
    "Rejected",
    "RemoteError",
    "SyncError",
    "TimedOut",
    "Unavailable",
]


class NotSent(SyncError):
    """The client refused to send: the file, the facility or the address is not right."""

    default_code = "ERR-SYNC-13"


class NotSupported(SyncError):
    """The gateway has no such call, or its client does not know one; nothing went out."""

    default_code = "ERR-SYNC-19"


class ConnectionFailed(SyncError):
    """No connection, or it broke before an answer was there."""

    default_code = "ERR-SYNC-02"
    retryable = True


class TimedOut(SyncError):
    """The gateway did not answer in time."""

    default_code = "ERR-SYNC-04"
    retryable = True


class RemoteError(SyncError):
    """The gateway answered, but not with what was asked for.

    ``status`` is the HTTP status, ``remote_code`` the gateway's own result code (may be empty),
    ``request_id`` its number for this exchange (may be empty; it is not part of the message).

    >>> error = Rejected(gateway="vss", call="status", status="404", remote_code="")
    >>> error.status, error.retryable
    (404, False)
    """

    default_code = "ERR-SYNC-05"

    @property
    def status(self) -> int:
        """HTTP status, 0 when there is none."""
        return int(self.params.get("status") or 0)

    @property
    def remote_code(self) -> str:
        """The gateway's result code, or an empty text."""
        return self.params.get("remote_code", "")

    @property
    def request_id(self) -> str:
        """The gateway's number for this exchange, or an empty text."""
        return self.params.get("request_id", "")

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which the gateway wants to be asked again, when it said so."""
        text = self.params.get("retry_after_s")
        return float(text) if text else None


class AuthFailed(RemoteError):
    """The account or the session was refused. Logging in again with the same password is useless.

    After a refused password a client does not try again by itself; after a refused fresh session
    it pauses. `login` of the client clears both.
    """

    default_code = "ERR-SYNC-06"


class Rejected(RemoteError):
    """The gateway refused the call itself; sending it again unchanged is useless."""

    default_code = "ERR-SYNC-10"


class RateLimited(RemoteError):
    """Too many requests; nothing was taken."""

    default_code = "ERR-SYNC-11"
    retryable = True


class Unavailable(RemoteError):
    """The gateway is down or under maintenance, or its answer cannot be read."""

    default_code = "ERR-SYNC-12"
    retryable = True
