"""Free text of an encounter on its way out: scrubbed by what the record knows, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from vnhealth.deid._policy import PolicyRow
from vnhealth.deid._steps import Gate, marked
from vnhealth.deid._tables import withheld
from vnhealth.deid._values import TOO_LONG, WITHHELD, Refused, as_text, kept_back

if TYPE_CHECKING:
    from vnhealth.deid._case import Case
    from vnhealth.deid._policy import Policy
    from vnhealth.deid.text import Scrubber
    from vnhealth.records import Claim

__all__ = ["Texts", "sends_text", "text_maker"]


def sends_text(policy: Policy) -> bool:
    """True when a row of the policy lets scrubbed text out."""
    return any("mode" in row.params and row.sent for row in policy)


class Texts:
    """The texts of one encounter: every distinct one is scrubbed once, and counted once."""

    __slots__ = ("_claim", "_days", "_done", "_policy", "_roster", "_scrubbers", "counts")

    def __init__(
        self, claim: Claim, policy: Policy, days: int, roster: Mapping[str, str] | None = None
    ) -> None:
        self._claim = claim
        self._policy = policy
        self._days = days
        self._roster = roster
        self._scrubbers: dict[str, Scrubber] = {}
        self._done: dict[tuple[str, str], str] = {}
        self.counts: Counter[str] = Counter()
        """Removed pieces by kind."""

    def scrub(self, mode: str, text: str) -> str:
        """The text without people."""
        found = self._done.get((mode, text))
        if found is None:
            done = self._scrubber(mode).scrub(text)
            self.counts.update(done.counts)
            found = self._done[mode, text] = done.text
        return found

    def _scrubber(self, mode: str) -> Scrubber:
        from vnhealth.deid.text import Known, Scrubber

        if mode not in self._scrubbers:
            known = Known.from_claim(self._claim, policy=self._policy, roster=self._roster)
            chosen = "surrogates" if mode == "surrogates" else "tags"
            self._scrubbers[mode] = Scrubber(known, mode=chosen, days=self._days)  # type: ignore[arg-type]
        return self._scrubbers[mode]


def text_maker(
    row: PolicyRow, gate: Gate, limit: int | None, exceptions: frozenset[str]
) -> Callable[[Case, Any], str]:
    """The function from a text of an encounter to the fragment that may leave.

    A text that speaks of a kept-back topic stays at home: where the code is withheld, a sentence
    must not tell it.
    """
    from vnhealth.deid.text._lexicon import fold, listed, words_of

    mode = row.params["mode"]
    start, end = f"<{row.out}>", f"</{row.out}>"

    def make(case: Case, value: Any) -> str:
        try:
            text = as_text(value)
            if not text:
                return ""
            if stopped := gate.check(text):
                return stopped
            if limit is not None and len(text) > limit:
                raise Refused(TOO_LONG)
            if "hiv" not in exceptions:
                spoken = {fold[word] for word in words_of(text)} & listed("topic_hiv")
                if spoken or kept_back(text, withheld("hiv", "icd")):
                    raise Refused(WITHHELD)
            if case.texts is None:
                raise Refused
            done = case.texts.scrub(mode, text)
        except Refused as refused:
            return marked(refused.code)
        return start + escape("".join(c if c.isprintable() else " " for c in done)) + end

    return make
