"""The engine: one policy, one key, one recipient; encounter in, element HOSO out."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from vnhealth.deid._case import Case, build, facility_code
from vnhealth.deid._keys import KeyProvider, Tokens
from vnhealth.deid._manifest import Encounters, Manifest, dropped_of
from vnhealth.deid._people import People
from vnhealth.deid._plan import Plans, Tally, counted_as
from vnhealth.deid._policy import Policy, PolicyRow
from vnhealth.deid._scrubbing import Texts, sends_text
from vnhealth.errors import DeidError
from vnhealth.records import Claim, Part, PartForm
from vnhealth.spec import Family

__all__ = ["CONTRACT", "Deidentifier"]

CONTRACT = "1"
"""Version of the file layout that is written; the receiving side has it as a contract."""

_PERSON_TAGS = frozenset({"SO_CCCD", "MA_THE_BHYT", "MA_THE", "MA_BN"})
_DECLARATION = 60
_ATTRIBUTE = re.compile(rb"<[A-Za-z_][\w.-]*\s+[\w:.-]+\s*=")


def _named(value: str, what: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > 100 or not text.isprintable():
        raise DeidError("ERR-DEID-06", what=what)
    return text


class Deidentifier:
    """De-identifies encounters one by one in flat memory (tier linked); `manifest` sums up.

    ``recipient`` and ``purpose`` separate the tokens: two recipients can never join their records.
    ``facility`` stands in the header and for encounters without a facility of their own.
    ``exceptions`` names a kept-back topic (``hiv``) and the legal basis on which this recipient may
    have it; it goes into the manifest. ``roster`` maps staff codes to names: the scrubber looks for
    those of an encounter, where the policy lets scrubbed text out.

    Raises `DeidError` for a missing name, an unusable key or an unknown topic.

    >>> from vnhealth.deid import Key
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> engine = Deidentifier(Key(bytes(range(32))), recipient="kho", purpose="thong ke",
    ...                       facility="01901")
    >>> text = engine.record(Claim(xml1=Xml1(ma_lk="A1", ho_ten="Trần Thị Mẫu", gioi_tinh="2")))
    >>> "Mẫu" in text, text[-38:]
    (False, '<GIOI_TINH>2</GIOI_TINH></XML1></HOSO>')
    """

    tier: ClassVar[str] = "linked"

    def __init__(
        self,
        key: KeyProvider,
        *,
        recipient: str,
        purpose: str,
        facility: str,
        policy: Policy | str = "linked",
        exceptions: Mapping[str, str] | None = None,
        roster: Mapping[str, str] | None = None,
    ) -> None:
        self.policy = Policy.load(policy) if isinstance(policy, str) else policy
        if self.policy.tier != self.tier:
            raise DeidError("ERR-DEID-08", tier=self.policy.tier)
        self.recipient = _named(recipient, "recipient")
        self.purpose = _named(purpose, "purpose")
        self.facility = facility_code(facility)
        if not self.facility:
            raise DeidError("ERR-DEID-07")
        self.exceptions = {
            topic: _named(basis, "exceptions") for topic, basis in (exceptions or {}).items()
        }
        unknown = self.exceptions.keys() - self.policy.topics
        if unknown:
            raise DeidError("ERR-DEID-09", topic=sorted(unknown)[0][:20])
        self.key_version = key.version
        self.tokens = Tokens(key, self.recipient, self.purpose)
        self.people = People(self.tokens)
        self._plans = Plans(self.policy, self.tokens, frozenset(self.exceptions))
        self._person_tags = {family.value: _person_tags(self.policy, family) for family in Family}
        self._texts = sends_text(self.policy)
        self._roster = roster
        self._scrubbed: Counter[str] = Counter()
        self._tally = Tally()
        self._counts: Counter[str] = Counter()

    def _bodies(self, claim: Claim) -> tuple[Case, dict[str, tuple[str, int]]] | None:
        """The rows of an encounter as they may leave, by table; None when nothing may."""
        self._counts["read"] += 1
        for part in claim.parts:
            self._look_at(part)
        summaries = claim.rows("XML1")
        if not summaries:
            self._counts["without_summary"] += 1
            self._tally.add("DEID-07", "", "")
            return None
        if len(summaries) > 1:
            self._tally.add("DEID-10", "XML1", "", len(summaries) - 1)
        case = build(claim, summaries[0], self.facility, self.people)
        if self.tier != "linked":
            case.days = 0
        if self._texts:
            case.texts = Texts(claim, self.policy, case.days, self._roster)
        for tag in case.refused:
            self._tally.add("DEID-01", "XML1", tag)
        found: dict[str, tuple[str, int]] = {}
        for name, rows in claim.tables.items():
            plan = self._plans[claim.family, name]
            if plan is None:
                self._tally.add("DEID-04", "", "", len(rows))
                continue
            bodies = plan.write(rows[:1] if name == "XML1" else rows, case, self._tally)
            if plan.sends:
                found[name] = bodies
        if case.topics:
            self._counts["withheld"] += 1
            return None
        return case, found

    def record(self, claim: Claim) -> str | None:
        """The element HOSO of an encounter, or None when nothing of it may leave."""
        read = self._bodies(claim)
        if read is None:
            return None
        case, tables = read
        if case.texts is not None:
            self._scrubbed.update(case.texts.counts)
        out = [f"<HOSO><MA_LK>{case.episode}</MA_LK>"]
        out += self._persons(claim.family.value, case.persons)
        out += [rows for rows, _ in tables.values()]
        out.append("</HOSO>")
        text = "".join(out)
        if self._stopped(text, case):
            return None
        self._counts["written"] += 1
        for name, (_, count) in tables.items():
            self._tally.rows_written[name] += count
        return text

    def _stopped(self, text: str, case: Case) -> bool:
        """True when an identifier of the patient stands in the finished text."""
        if case.texts is None and not self._plans.written.may_hold(case.plain):
            return False
        if not any(plain in text and f">{plain}<" in text for plain in case.plain):
            return False
        self._counts["stopped"] += 1
        self._tally.add("DEID-13", "", "")
        return True

    def _persons(self, family: str, persons: Mapping[str, str]) -> list[str]:
        return [
            f"<{out}>{persons[tag]}</{out}>"
            for out, tag in self._person_tags[family]
            if tag in persons
        ]

    def _look_at(self, part: Part) -> None:
        """Count what a table file holds beside elements and text; the reader has left it out."""
        if part.form is PartForm.UNREADABLE:
            self._tally.add("DEID-12", "", "")
        if part.plain:
            return
        content = part.content
        count = 0
        if b"!" in content:
            count += content.count(b"<!--")
        if content.find(b"?", _DECLARATION) > 0:
            count += content.count(b"<?", _DECLARATION)
        inside = content.find(b">", content.find(b"?>") + 2) + 1
        if content.find(b"=", inside) > 0:
            count += sum(1 for _ in _ATTRIBUTE.finditer(content, inside))
        if count > 0:
            self._tally.add("DEID-11", "", "", count)

    def expect(self, declared: int | None) -> None:
        """Note when the source declares another number of encounters than were read."""
        if declared is not None and declared != self._counts["read"]:
            self._tally.add("DEID-15", "", "", abs(declared - self._counts["read"]))

    def header(self, records: int) -> str:
        """The beginning of a file with so many records."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<VNHEALTH_DEID>'
            f"<PHIEN_BAN>{CONTRACT}</PHIEN_BAN><NHAN>{self.policy.label.value}</NHAN>"
            f"<MA_CSKCB>{self.facility}</MA_CSKCB><CHINH_SACH>{self.policy.sha256}</CHINH_SACH>"
            f"<SO_LUONG>{records}</SO_LUONG>\n"
        )

    @staticmethod
    def footer() -> str:
        """The end of a file."""
        return "</VNHEALTH_DEID>\n"

    def batch(self, digests: Iterable[bytes]) -> str:
        """A token for the batch, for file names: it says nothing, and is the same for a re-run."""
        total = hashlib.sha256()
        for digest in digests:
            total.update(digest)
        return self.tokens.token("batch", self.facility, total.hexdigest())

    def take_counts(self) -> dict[str, Any]:
        """All that was counted so far, JSON-ready; the counts begin anew."""
        tally = self._tally
        self._plans.settle(tally)
        found = {
            "refused": [[*place, count] for place, count in tally.refused.items()],
            "seen": [[*place, count] for place, count in tally.seen.items()],
            "rows_read": dict(tally.rows_read),
            "rows_written": dict(tally.rows_written),
            "encounters": dict(self._counts),
            "scrubbed": dict(self._scrubbed),
        }
        self._tally, self._counts, self._scrubbed = Tally(), Counter(), Counter()
        return found

    def add_counts(self, counts: Mapping[str, Any]) -> None:
        """Add what another engine of the same kind has counted (see `take_counts`)."""
        tally = self._tally
        for name, mine in (("refused", tally.refused), ("seen", tally.seen)):
            for code, table, tag, count in counts[name]:
                mine[code, table, tag] += count
        tally.rows_read.update(counts["rows_read"])
        tally.rows_written.update(counts["rows_written"])
        self._counts.update(counts["encounters"])
        self._scrubbed.update(counts["scrubbed"])

    def manifest(
        self,
        *,
        batch: str,
        data_sha256: str,
        data_bytes: int,
        risk: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Sum up what was done since the engine was made."""
        from vnhealth import __version__

        tally = self._tally
        self._plans.settle(tally)
        actions: Counter[str] = Counter()
        for place, count in tally.seen.items():
            row: PolicyRow = self.policy.row(*place)
            actions[counted_as(row, frozenset(self.exceptions))] += count
        if self._counts["withheld"]:
            tally.refused["DEID-08", "", ""] = self._counts["withheld"]
        tables = sorted(tally.rows_read, key=lambda name: int(name[3:]))
        counts = self._counts
        checked = counts["written"] + counts["stopped"]
        return Manifest(
            library=f"vnhealth {__version__}",
            contract=CONTRACT,
            tier=self.tier,
            label=self.policy.label,
            policy=self.policy.name,
            policy_sha256=self.policy.sha256,
            key_version=self.key_version,
            recipient=self.recipient,
            purpose=self.purpose,
            facility=self.facility,
            batch=batch,
            encounters=Encounters(
                counts["read"],
                counts["written"],
                counts["withheld"],
                counts["without_summary"],
                counts["stopped"],
            ),
            rows={name: (tally.rows_read[name], tally.rows_written[name]) for name in tables},
            actions=dict(sorted(actions.items())),
            dropped=dropped_of(tally.refused.items()),
            exceptions=dict(sorted(self.exceptions.items())),
            data_sha256=data_sha256,
            data_bytes=data_bytes,
            free_text="scrubbed" if self._texts else "dropped",
            scrubbed=dict(sorted(self._scrubbed.items())),
            scanner={"encounters": checked, "found": counts["stopped"]},
            risk=risk or {},
        )

    def __repr__(self) -> str:
        return f"<Deidentifier {self.policy.name} key {self.key_version}>"


_ORDER = ("TOKEN_CCCD", "TOKEN_BHXH", "TOKEN_BN")


def _person_tags(policy: Policy, family: Family) -> list[tuple[str, str]]:
    """The elements at the record in their order, each with the tag of XML1 whose token it holds."""
    found: dict[str, str] = {}
    for row in policy:
        of_person = (row.family, row.table) == (family, "XML1") and row.tag in _PERSON_TAGS
        if of_person and "at" in row.params and row.sent:
            found[row.out] = "MA_THE_BHYT" if row.tag == "MA_THE" else row.tag

    def order(out: str) -> tuple[int, str]:
        return (_ORDER.index(out) if out in _ORDER else len(_ORDER), out)

    return [(out, found[out]) for out in sorted(found, key=order)]
