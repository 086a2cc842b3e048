"""Scrub a text: what is found gives way to tags or to stand-ins; the rest stays as it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vnhealth.deid.text._finder import Finder
from vnhealth.deid.text._known import Known
from vnhealth.deid.text._prepare import Prepared, prepare
from vnhealth.deid.text._spans import Mark, Span, merged, tag_of
from vnhealth.deid.text._surrogates import Surrogates

__all__ = ["Mode", "Recogniser", "Scrubbed", "Scrubber", "scrub"]

_ROUNDS = 4
Mode = Literal["tags", "surrogates"]
Recogniser = Callable[[str], Iterable[tuple[int, int]]]
"""Anything that points at names in a text, for example a statistical model."""


@dataclass(frozen=True, slots=True, repr=False)
class Scrubbed:
    """A text without what was found, and where that stood in the NFC form of the input.

    ``review`` are places of ``text`` that a recogniser takes for names; nothing was removed there.
    The representation shows counts only.
    """

    text: str
    spans: tuple[Span, ...] = ()
    review: tuple[tuple[int, int], ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many pieces of each kind were removed."""
        return dict(sorted(Counter(span.kind for span in self.spans).items()))

    def report(self) -> dict[str, Any]:
        """What was removed, by kind and by source, without any of the text."""
        by_source = Counter(span.source for span in self.spans)
        return {
            "removed": len(self.spans),
            "letters": sum(span.end - span.start for span in self.spans),
            "kinds": self.counts,
            "sources": dict(sorted(by_source.items())),
            "review": len(self.review),
        }

    def __repr__(self) -> str:
        counts = " ".join(f"{n} {kind}" for kind, n in self.counts.items())
        return f"<Scrubbed {counts or 'nothing removed'}>"


class Scrubber:
    """Scrubs the texts of one encounter.

    ``known`` is what the record says; ``roster`` a second `Known` shared by many encounters, such
    as the staff of a facility (make its `Finder` once: pass ``roster=Scrubber(staff)``). Stand-ins
    are the same for a person in all texts of the encounter; ``days`` shifts full dates in them.
    ``review`` only points; see `Scrubbed`.

    >>> scrubber = Scrubber(Known(names=("Trần Thị Mẫu",), phones=("0900000123",)))
    >>> scrubber.scrub("Bà Mẫu đau ngực, gọi 0900 000 123. Nghĩ bệnh Basedow.").text
    'Bà [HO_TEN] đau ngực, gọi [SDT]. Nghĩ bệnh Basedow.'
    """

    __slots__ = ("_finder", "_mode", "_review", "_roster", "_surrogates")

    def __init__(
        self,
        known: Known | Mapping[str, Iterable[str]] | None = None,
        *,
        mode: Mode = "tags",
        days: int | None = None,
        roster: Scrubber | None = None,
        review: Recogniser | None = None,
    ) -> None:
        if known is None:
            known = Known()
        elif not isinstance(known, Known):
            known = Known.from_dict(known)
        if mode not in ("tags", "surrogates"):
            raise ValueError("mode is tags or surrogates")
        self._finder = Finder(known)
        self._mode = mode
        self._roster = roster
        self._review = review
        self._surrogates = Surrogates(known.names, days) if mode == "surrogates" else None

    def scrub(self, text: str) -> Scrubbed:
        """Scrub one text. Never raises, whatever the text is."""
        done = prepare(text)
        spans = self._spans(done)
        if done.doubtful and spans:
            spans = self._again(done.text, spans)
        scrubbed = self._written(done, spans)
        return Scrubbed(scrubbed, tuple(spans), self._flagged(scrubbed))

    def _spans(self, done: Prepared) -> list[Span]:
        marks = self._finder.find(done.view)
        if self._roster is not None:
            marks = self._roster._finder.find_more(done.view, marks)
        return [Span(*done.place(a, b), kind, source) for a, b, kind, source in marks]

    def _again(self, text: str, spans: list[Span]) -> list[Span]:
        """Look at the result too where words of an old encoding were read: without what is gone
        the rest may read differently.
        """
        for _ in range(_ROUNDS):
            scrubbed, starts, ends = _tagged(text, spans)
            more = self._spans(prepare(scrubbed))
            if not more:
                return spans
            marks: list[Mark] = [(s.start, s.end, s.kind, s.source) for s in spans]
            marks += [(starts[s.start], ends[s.end - 1], s.kind, s.source) for s in more]
            spans = [Span(*mark) for mark in merged(marks, text)]
        return [Span(0, len(text), "name", "pattern")]

    def _written(self, done: Prepared, spans: list[Span]) -> str:
        parts: list[str] = []
        at = 0
        for span in spans:
            parts.append(done.text[at : span.start])
            if self._surrogates is None:
                parts.append(tag_of(span.kind))
            else:
                piece = prepare(done.text[span.start : span.end]).view
                parts.append(self._surrogates.replace(span.kind, piece))
            at = span.end
        return "".join([*parts, done.text[at:]])

    def _flagged(self, text: str) -> tuple[tuple[int, int], ...]:
        if self._review is None:
            return ()
        return tuple((start, end) for start, end in self._review(text))


def _tagged(text: str, spans: list[Span]) -> tuple[str, list[int], list[int]]:
    """The text with tags, and for each of its characters where in the text it begins and ends."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for span in [*spans, Span(len(text), len(text), "name", "name")]:
        parts.append(text[at : span.start])
        starts += range(at, span.start)
        ends += range(at + 1, span.start + 1)
        if span.start < span.end:
            tag = tag_of(span.kind)
            parts.append(tag)
            starts += [span.start] * len(tag)
            ends += [span.end] * len(tag)
        at = span.end
    return "".join(parts), starts, ends


def scrub(
    text: str,
    known: Known | Mapping[str, Iterable[str]] | None = None,
    *,
    mode: Mode = "tags",
) -> Scrubbed:
    """Scrub one text; see `Scrubber`.

    >>> done = scrub("BN Trần Thị Mẫu, SN 1957, ở xã Tân Phú", mode="tags")
    >>> done.text, done
    ('BN [HO_TEN], SN [NGAY], ở [DIA_CHI]', <Scrubbed 1 address 1 date 1 name>)
    """
    return Scrubber(known, mode=mode).scrub(text)
