"""Time as the sandbox sees it: passed in, never asked of the machine."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Protocol

__all__ = ["Clock", "VirtualClock"]


class Clock(Protocol):
    """Anything that tells the time as an aware `datetime.datetime`."""

    def now(self) -> dt.datetime:
        """The present moment, aware."""
        ...


START = dt.datetime(2026, 8, 3, 1, 0, tzinfo=dt.UTC)
"""Where virtual time starts by default: Monday 3 August 2026, 08:00 in Viet Nam."""


class VirtualClock:
    """A clock that stands still until it is moved, or follows another one with an offset.

    It never goes back: `advance` and `jump` refuse that with `ValueError`.

    >>> clock = VirtualClock()
    >>> clock.advance(hours=2).isoformat()
    '2026-08-03T03:00:00+00:00'
    """

    def __init__(self, start: dt.datetime = START, *, base: Clock | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("the clock needs an aware time")
        self._base = base
        self._lock = threading.Lock()
        self._at = start.astimezone(dt.UTC)
        self._mark = base.now() if base else None

    def now(self) -> dt.datetime:
        """The present moment in UTC."""
        with self._lock:
            return self._now()

    def _now(self) -> dt.datetime:
        if self._base is None or self._mark is None:
            return self._at
        return self._at + max(self._base.now() - self._mark, dt.timedelta())

    @property
    def frozen(self) -> bool:
        """True when time passes only by `advance` and `jump`."""
        return self._base is None

    def advance(self, by: dt.timedelta | None = None, **units: float) -> dt.datetime:
        """Move forward by a timedelta or by ``seconds``, ``minutes``, ``hours``, ``days``."""
        step = (by or dt.timedelta()) + dt.timedelta(**units)
        if step < dt.timedelta():
            raise ValueError("time does not go back")
        with self._lock:
            self._set(self._now() + step)
            return self._at

    def jump(self, to: dt.datetime) -> dt.datetime:
        """Move forward to a moment."""
        with self._lock:
            if to.astimezone(dt.UTC) < self._now():
                raise ValueError("time does not go back")
            self._set(to.astimezone(dt.UTC))
            return self._at

    def rewind(self, to: dt.datetime) -> None:
        """Stand at a moment, also an earlier one: only for putting back a whole state."""
        with self._lock:
            self._set(to.astimezone(dt.UTC))

    def freeze(self) -> None:
        """Stop following the base clock."""
        with self._lock:
            self._at = self._now()
            self._base = None

    def _set(self, moment: dt.datetime) -> None:
        self._at = moment
        self._mark = self._base.now() if self._base else None
