"""What was asked and answered, without a single value: enough to see what a client does."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Entry", "Journal"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange. ``operation`` is the endpoint's name, never the raw path.

    ``code`` is the result code of the body (maKetQua or code). Tokens, passwords, bodies, MA_LK and
    query values are not kept; ``transaction`` is the sandbox's own id of a submission. ``faults``
    names what the fault plan did to the call, ``near_miss`` the modelled call that may have been
    meant by one that is not.
    """

    number: int
    at: dt.datetime
    gateway: str
    operation: str
    method: str
    status: int
    code: str
    facility: str
    transaction: str
    bytes_in: int
    bytes_out: int
    faults: tuple[str, ...] = ()
    near_miss: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "gateway": self.gateway,
            "operation": self.operation,
            "method": self.method,
            "status": self.status,
            "code": self.code,
            "facility": self.facility,
            "transaction": self.transaction,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "faults": list(self.faults),
            "near_miss": self.near_miss,
        }


class Journal:
    """The latest entries, oldest first. Kept in memory only.

    >>> len(Journal(10))
    0
    """

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._count = 0

    def add(self, entry: Entry) -> None:
        """Note one exchange."""
        self._count = entry.number
        self._entries.append(entry)

    @property
    def count(self) -> int:
        """How many were noted since the start, including those no longer held."""
        return self._count

    def entries(
        self, *, gateway: str = "", operation: str = "", code: str = "", after: int = 0
    ) -> tuple[Entry, ...]:
        """Those of a gateway, operation or result code, with a number above ``after``."""
        return tuple(
            entry
            for entry in self._entries
            if entry.number > after
            and (not gateway or entry.gateway == gateway)
            and (not operation or entry.operation == operation)
            and (not code or entry.code == code)
        )

    def clear(self) -> None:
        """Forget the entries; numbers go on."""
        self._entries.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def __repr__(self) -> str:
        return f"<Journal {len(self)} entries>"
