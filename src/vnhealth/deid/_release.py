"""The tier ``release``: one row for each encounter, no token, every group large enough."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from vnhealth.deid._apply import Result, Target, claims_of, target_facility
from vnhealth.deid._engine import CONTRACT, Deidentifier
from vnhealth.deid._hierarchy import HIDDEN, Path, quasi_identifiers
from vnhealth.deid._keys import KeyProvider
from vnhealth.deid._policy import Policy
from vnhealth.deid._recode import recode
from vnhealth.deid._risk import RiskTooHigh, diversity_of_candidates, hidden_share, measure
from vnhealth.records import Claim

__all__ = ["MAX_RISK", "MAX_SUPPRESSED", "K", "Releaser", "release"]

K = 11
"""Least number of rows, and of persons, in a group."""
MAX_RISK = 0.09
"""Highest chance that a guess within a group is right (as EMA policy 0070 and Health Canada ask).

One in eleven is 0.0909, so with this limit the groups hold twelve.
"""
MAX_SUPPRESSED = 0.05
"""Highest share of rows that may be left out because nothing of them could be shown."""

_FIELD = re.compile(r"<([A-Z0-9_]+)>([^<]*)</")


class Releaser(Deidentifier):
    """Collects encounters, then gives them out together or not at all.

    Needs memory for each encounter (about one kilobyte): the size of a group is known only at the
    end. The key serves to tell persons apart while counting; no token is written.
    """

    tier: ClassVar[str] = "release"

    def __init__(
        self,
        key: KeyProvider,
        *,
        recipient: str = "public",
        purpose: str = "release",
        facility: str,
        policy: Policy | str = "release",
        exceptions: Mapping[str, str] | None = None,
        k: int = K,
        max_risk: float = MAX_RISK,
        max_suppressed: float = MAX_SUPPRESSED,
    ) -> None:
        super().__init__(
            key,
            recipient=recipient,
            purpose=purpose,
            facility=facility,
            policy=policy,
            exceptions=exceptions,
        )
        if k < K or not 0 < max_risk <= 1 / K or not 0 <= max_suppressed < 1:
            raise RiskTooHigh("ERR-DEID-13", k=K, risk=MAX_RISK)
        self._k = max(k, math.ceil(1 / max_risk - 1e-9))
        self._max_risk, self._max_suppressed = max_risk, max_suppressed
        self._quasi = [
            q
            for q in quasi_identifiers()
            if any(row.out == q.tag and row.sent for row in self.policy if row.table == "XML1")
        ]
        self._rows: list[tuple[str, ...]] = []
        self._others: list[str] = []
        self._owners: list[int] = []
        self._people: dict[str, int] = {}
        self._joined: list[int] = []
        self.released: dict[int, tuple[str, ...]] = {}
        """Released values by position of the encounter, for attacks on the own output. Never give
        it away: it leads back to the encounters."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The declared quasi-identifiers that this policy sends, in order."""
        return tuple(q.tag for q in self._quasi)

    def _refusal(self, persons: int, rows: int, suppressed: float) -> RiskTooHigh:
        return RiskTooHigh(
            persons=persons,
            rows=rows,
            suppressed=f"{suppressed:.1%}",
            k=self._k,
            risk=f"{self._max_risk:.4g}",
        )

    def add(self, claim: Claim) -> bool:
        """Take an encounter; False when nothing of it may leave."""
        read = self._bodies(claim)
        if read is None:
            return False
        case, tables = read
        text = tables.get("XML1", ("", 0))[0]
        if self._stopped(text, case):
            return False
        values = dict(_FIELD.findall(text))
        self._rows.append(tuple(values.pop(q.tag, "") for q in self._quasi))
        self._others.append("".join(f"<{tag}>{value}</{tag}>" for tag, value in values.items()))
        self._owners.append(self._person([*case.persons.values()] or [case.episode]))
        self._counts["written"] += 1
        return True

    def _person(self, tokens: list[str]) -> int:
        """The number of a person; tokens that were met together belong to one."""
        found = None
        for token in tokens:
            number = self._people.get(token)
            if number is None:
                number = self._people[token] = len(self._joined)
                self._joined.append(number)
            root = self._root(number)
            if found is None:
                found = root
            else:
                self._joined[root] = found
        return found or 0

    def _root(self, number: int) -> int:
        while self._joined[number] != number:
            self._joined[number] = self._joined[self._joined[number]]
            number = self._joined[number]
        return number

    def finish(self) -> Result:
        """The released records and their manifest.

        Raises `RiskTooHigh` (ERR-DEID-10) when the thresholds cannot be met; nothing is given out.
        """
        owners = [self._root(number) for number in self._owners]
        paths = [[q.path(row[a]) for row in self._rows] for a, q in enumerate(self._quasi)]
        found = recode(
            paths, owners, [q.weight for q in self._quasi], self._k, self._max_suppressed
        )
        if found is None:
            raise self._refusal(len(set(owners)), len(owners), 1.0)
        values = {
            n: row
            for n, row in enumerate(found.rows)
            if row is not None and any(value != HIDDEN for value in row)
        }
        if not values or found.suppressed > self._max_suppressed:
            raise self._refusal(len(set(owners)), len(owners), found.suppressed)
        self.released = values
        risk = self._measured(values, paths, owners, found.loss)
        if risk["released"]["maximum"] > self._max_risk or risk["released"]["k"] < self._k:
            raise self._refusal(len(set(owners)), len(owners), found.suppressed)
        tags = [q.tag for q in self._quasi]
        texts = sorted(
            "<HOSO><XML1>"
            + "".join(f"<{t}>{v}</{t}>" for t, v in zip(tags, row, strict=True))
            + f"{self._others[n]}</XML1></HOSO>\n"
            for n, row in values.items()
        )
        self._tally.rows_written["XML1"] = len(texts)
        data = "".join([self.header(len(texts)), *texts, self.footer()]).encode()
        batch = self.batch(hashlib.sha256(text.encode()).digest() for text in texts)
        manifest = self.manifest(
            batch=batch,
            data_sha256=hashlib.sha256(data).hexdigest(),
            data_bytes=len(data),
            risk=risk,
        )
        return Result(data, manifest)

    def _measured(
        self,
        values: Mapping[int, tuple[str, ...]],
        paths: list[list[Path]],
        owners: list[int],
        loss: float,
    ) -> dict[str, Any]:
        """The risk table: what was declared, what was reached, what it cost."""
        tags = [q.tag for q in self._quasi]
        rows = list(values.values())
        released = measure(rows, tags, persons=[owners[n] for n in values])
        hidden = [round(x, 6) for x in hidden_share(rows, len(tags))]
        found: dict[str, Any] = {
            "k": self._k,
            "max_risk": self._max_risk,
            "released": released.to_dict(),
            "suppressed": round(1 - len(rows) / len(owners), 6),
            "suppressed_rows": len(owners) - len(rows),
            "loss": round(loss, 6),
            "hidden": dict(zip(tags, hidden, strict=True)),
        }
        if "MA_BENH_CHINH" in tags:
            at = tags.index("MA_BENH_CHINH")
            others = [row[:at] + row[at + 1 :] for row in rows]
            exact = measure(
                others,
                tags[:at] + tags[at + 1 :],
                sensitive=[row[at] for row in rows],
                sensitive_name="MA_BENH_CHINH",
            )
            found["diversity"] = exact.to_dict()
            found["diversity_seen_by_an_intruder"] = diversity_of_candidates(
                rows, [[column[n] for column in paths] for n in values], at
            )
        return found

    def header(self, records: int) -> str:
        """The beginning of a file; the sender is not named in it."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<VNHEALTH_DEID>'
            f"<PHIEN_BAN>{CONTRACT}</PHIEN_BAN><NHAN>{self.policy.label.value}</NHAN>"
            f"<CHINH_SACH>{self.policy.sha256}</CHINH_SACH><K>{self._k}</K>"
            f"<SO_LUONG>{records}</SO_LUONG>\n"
        )


def release(
    target: Target,
    *,
    key: KeyProvider,
    facility: str | None = None,
    **options: Any,
) -> Result:
    """De-identify for publication: label *de-identified*, visits cannot be joined.

    Every combination of the declared quasi-identifiers (main diagnosis, age band, sex, kind, month,
    province of the facility and of the patient, outcome, days of stay) belongs to at least ``k``
    rows of which nobody owns more than one in ``k``; see `vnhealth.deid._recode` for how the least
    generalisation is found. Costs are rounded to one or two digits. Options are those of
    `Releaser`: ``k`` (11), ``max_risk`` (0.09), ``max_suppressed`` (0.05), ``policy``,
    ``exceptions``.

    Raises `RiskTooHigh` when that cannot be reached, `vnhealth.errors.DeidError` for unusable
    arguments.

    >>> from vnhealth.deid import Key
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> claims = [Claim(xml1=Xml1(ma_lk=f"A{n}", ma_bn=str(n), gioi_tinh="1",
    ...                           ma_benh_chinh="J18.9")) for n in range(12)]
    >>> done = release(claims, key=Key(bytes(range(32))), facility="01901")
    >>> done, done.manifest.risk["released"]["k"]
    (<Result de-identified 12 records>, 12)
    """
    claims = claims_of(target)
    engine = Releaser(key, facility=facility or target_facility(target, claims), **options)
    for claim in claims:
        engine.add(claim)
    return engine.finish()
