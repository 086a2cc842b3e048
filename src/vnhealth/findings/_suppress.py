"""Suppressions: findings that somebody answers for, by exact code, with a reason and an end."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vnhealth.errors import VnHealthError
from vnhealth.findings._catalogue import catalogue
from vnhealth.findings._finding import Finding

__all__ = ["Suppression", "Suppressions"]

_KEYS = {"code", "reason", "expires", "table", "tag", "by"}
_SHORTEST_REASON = 3


@dataclass(frozen=True, slots=True)
class Suppression:
    """One entry: findings of ``code`` (of one table, one tag when given) do not count.

    It holds through the day ``expires``. ``by`` names who answers for it.
    """

    code: str
    reason: str
    expires: dt.date
    table: str | None = None
    tag: str | None = None
    by: str = ""

    def takes(self, finding: Finding) -> bool:
        """True when the finding is one of those meant."""
        return (
            self.code == finding.code
            and self.table in (None, finding.table)
            and self.tag in (None, finding.tag)
        )

    @property
    def path(self) -> str:
        """Table and tag, as far as they are given."""
        return ".".join(part for part in (self.table, self.tag) if part)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "code": self.code,
            "table": self.table,
            "tag": self.tag,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
            "by": self.by,
        }


class Suppressions:
    """The suppressions of a run. Those that ended before ``today`` take nothing and are listed.

    >>> day = dt.date(2026, 8, 1)
    >>> one = Suppression("BHYT-DOC-07", "ký ở cổng", day)
    >>> Suppressions([one], today=day).active, Suppressions([one], today=day).expired
    ((Suppression(code='BHYT-DOC-07', reason='ký ở cổng', expires=datetime.date(2026, 8, 1), \
table=None, tag=None, by=''),), ())
    """

    def __init__(self, items: Iterable[Suppression], *, today: dt.date) -> None:
        held = tuple(items)
        self.active = tuple(s for s in held if today <= s.expires)
        self.expired = tuple(s for s in held if s.expires < today)
        self.used: Counter[Suppression] = Counter()
        self._codes: dict[str, list[Suppression]] = {}
        for one in self.active:
            self._codes.setdefault(one.code, []).append(one)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, today: dt.date) -> Suppressions:
        """From a TOML file with tables ``[[suppress]]``.

        ``code``, ``reason`` and ``expires`` (a date) are required; ``table``, ``tag`` and ``by``
        may be given. Raises `vnhealth.errors.VnHealthError` (ERR-CHECK-01) for anything else: an
        unknown code, a pattern, a missing reason, no end.
        """
        name = Path(path).name
        try:
            held = tomllib.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            raise _refused(name, error.strerror or "") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _refused(name, str(error)) from None
        entries = held.pop("suppress", [])
        if held or not isinstance(entries, list):
            raise _refused(name, "[[suppress]]")
        found = [_entry(entry, number, name) for number, entry in enumerate(entries, 1)]
        return cls(found, today=today)

    def match(self, finding: Finding) -> Suppression | None:
        """The first active suppression that takes a finding."""
        for one in self._codes.get(finding.code, ()):
            if one.takes(finding):
                return one
        return None

    def split(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """The findings that stay and those that are taken out; what took them is counted."""
        kept: list[Finding] = []
        taken: list[Finding] = []
        for finding in findings:
            one = self.match(finding)
            if one is None:
                kept.append(finding)
            else:
                self.used[one] += 1
                taken.append(finding)
        return kept, taken

    @property
    def unused(self) -> tuple[Suppression, ...]:
        """Active ones that took nothing so far."""
        return tuple(s for s in self.active if not self.used[s])

    def __iter__(self) -> Iterator[Suppression]:
        return iter((*self.active, *self.expired))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object: applied (with counts), unused, expired."""
        applied = [s for s in self.active if self.used[s]]
        return {
            "applied": [{**s.to_dict(), "count": self.used[s]} for s in applied],
            "unused": [s.to_dict() for s in self.unused],
            "expired": [s.to_dict() for s in self.expired],
        }


def _entry(entry: Mapping[str, Any], number: int, name: str) -> Suppression:
    where = f"{name} [[suppress]] {number}"
    if not isinstance(entry, dict):
        raise _refused(where, "table")
    unknown = sorted(entry.keys() - _KEYS)
    if unknown:
        raise _refused(where, ", ".join(unknown))
    code, reason, expires = (entry.get(key) for key in ("code", "reason", "expires"))
    if not isinstance(code, str) or code not in catalogue:
        raise _refused(where, "code")
    if not isinstance(reason, str) or len(reason.strip()) < _SHORTEST_REASON:
        raise _refused(where, "reason")
    if isinstance(expires, dt.datetime) or not isinstance(expires, dt.date):
        raise _refused(where, "expires = yyyy-mm-dd")
    words = {key: entry.get(key) for key in ("table", "tag", "by")}
    if any(word is not None and not isinstance(word, str) for word in words.values()):
        raise _refused(where, "table, tag, by")
    return Suppression(
        code, reason.strip(), expires, words["table"], words["tag"], words["by"] or ""
    )


def _refused(where: str, what: str) -> VnHealthError:
    return VnHealthError("ERR-CHECK-01", where=where, what=what)
