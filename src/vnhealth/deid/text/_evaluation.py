"""Measure the scrubber on generated and labelled texts: figures with confidence intervals.

Names, numbers, dates and addresses are made from a seed, written in all usual ways and put into
clinical sentences; labelled notes of several authors are filled with new people each time. The
people are invented, the sentences are our own. The detectors were built on the same sentences,
notes and lists of names, so these figures tell of steadiness. What to expect of a text nobody has
seen is told by the notes that were held out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from random import Random

from vnhealth.deid.text._evaluation_count import TARGETS, Figure, Figures, covered
from vnhealth.deid.text._evaluation_held_out import count_held_out
from vnhealth.deid.text._evaluation_notes import labelled, note, notes, sentences
from vnhealth.deid.text._evaluation_ways import ADDRESS_WAYS, DATE_WAYS, NAME_WAYS, NUMBER_WAYS
from vnhealth.deid.text._known import Known
from vnhealth.deid.text._people import Invented, invent
from vnhealth.deid.text._scrub import Scrubber

__all__ = ["TARGETS", "Figure", "Figures", "evaluate"]

_USUAL = 440
"""Characters of a usual note of progress."""
_SENTENCE = {"\1": "inside", "\2": "begin"}


def evaluate(
    seed: int = 0,
    *,
    people: int = 200,
    titles: Iterable[str] = (),
    clock: Callable[[], float] | None = None,
) -> Figures:
    """Measure with so many invented people; same seed, same figures (but for the speed).

    ``titles`` are names of a catalogue that should stay whole. ``clock`` gives seconds.

    >>> found = evaluate(7, people=2)
    >>> found.sum("record names").share > 0.9, found.megabytes is None
    (True, True)
    """
    figures = Figures(seed)
    random = Random(seed)
    for _ in range(people):
        person = invent(random)
        others = tuple(invent(random).name for _ in range(3))
        _ways(figures, random, person, others)
    _notes(figures, random, rounds=max(1, people // 20))
    count_held_out(figures, random)
    for title in titles:
        spans = Scrubber().scrub(title).spans
        lost = sum(len(title[s.start : s.end]) for s in spans)
        figures.add("titles: letters kept", len(title) - lost, len(title))
    if clock is not None:
        figures.megabytes = _speed(seed, clock)
    return figures


def _ways(figures: Figures, random: Random, person: Invented, others: tuple[str, ...]) -> None:
    known = Known(
        names=(person.name, *others),
        addresses=(person.address,),
        ids=(person.cccd, person.card, person.record),
        phones=(person.phone,),
        dates=(person.born, *person.days),
    )
    record, unknown = Scrubber(known), Scrubber()
    for way, written in NAME_WAYS.items():
        value = written(person.name, random)
        if value:
            kind = _SENTENCE.get(value[0], "name")
            _one(figures, f"record names: {way}", random, kind, value.lstrip("\1\2"), record)
    for way, (attr, write) in NUMBER_WAYS.items():
        value = write(getattr(person, attr))
        _one(figures, f"record numbers: {way}", random, "number", value, record)
        _one(figures, f"unknown numbers: {way}", random, "number", value, unknown)
    for way, (attr, write) in DATE_WAYS.items():
        found = getattr(person, attr)
        value = write(found if isinstance(found, str) else found[0])
        _one(figures, f"record dates: {way}", random, "date", value, record)
        _one(figures, f"unknown dates: {way}", random, "date", value, unknown)
    for way, join in ADDRESS_WAYS.items():
        value = join(person.parts)
        _one(figures, f"record addresses: {way}", random, "address", value, record)
        _one(figures, f"unknown addresses: {way}", random, "address", value, unknown)


def _one(
    figures: Figures, name: str, random: Random, kind: str, value: str, scrubber: Scrubber
) -> None:
    """Put a value into a sentence and see whether every letter of it is gone."""
    before, after = random.choice(sentences(kind)).split("{}")
    if "\0" in value:
        left, value, right = value.split("\0")
        before, after = before + left, right + after
    start = len(unicodedata.normalize("NFC", before))
    end = start + len(unicodedata.normalize("NFC", value))
    text = before + value + after
    spans = scrubber.scrub(text).spans
    figures.add(name, covered(unicodedata.normalize("NFC", text), spans, start, end))


def _notes(figures: Figures, random: Random, rounds: int) -> None:
    """The labelled notes, each round with other people in them."""
    scrubber = Scrubber()
    for turn in range(rounds):
        for _, template in notes():
            text, gold = labelled(note(template, random) if turn else template)
            spans = scrubber.scrub(text).spans
            figures.note("notes", text, gold, spans)


def _speed(seed: int, clock: Callable[[], float]) -> float:
    """Megabytes a second of notes of some 440 characters, each with a record of its own."""
    random = Random(seed)
    texts = _joined([labelled(template)[0] for _, template in notes()])
    jobs = []
    for i in range(300):
        person = invent(random)
        known = {
            "names": [person.name, *(invent(random).name for _ in range(3))],
            "addresses": [person.address],
            "ids": [person.cccd, person.card, person.record],
            "phones": [person.phone],
            "dates": [person.born, *person.days],
        }
        jobs.append((texts[i % len(texts)], known))
    size = sum(len(text.encode()) for text, _ in jobs)
    begun = clock()
    for text, known in jobs:
        Scrubber(known).scrub(text)
    spent = clock() - begun
    return size / spent / 1e6 if spent > 0 else 0.0


def _joined(texts: list[str]) -> list[str]:
    """Texts put together until they are as long as a usual note."""
    found = [""]
    for text in texts:
        if len(found[-1]) >= _USUAL:
            found.append("")
        found[-1] += text + " "
    return found
