"""Conversion of whole archives to another edition, with one report of every loss."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from vnhealth.codecs import write
from vnhealth.codecs.convert import Loss, LossEntry, LossReport, convert_claim
from vnhealth.errors import ConformanceError, VnHealthError
from vnhealth.pipelines._chunks import Trouble, chunks, trouble_of
from vnhealth.pipelines._files import parts_of, placed, remove_parts
from vnhealth.pipelines._journal import Outcome
from vnhealth.pipelines._ranges import Span, Work, documents
from vnhealth.pipelines._run import RANGE, Progress, Report, run, workers_for
from vnhealth.records import Claim, Document
from vnhealth.spec import Edition

__all__ = ["Converted", "convert"]

_COUNT = re.compile(rb"<SOLUONGHOSO>[0-9]*</SOLUONGHOSO>")
_MADE = re.compile(rb"<NGAYLAP>([0-9]*)</NGAYLAP>")
_FIRST, _LAST = b"<HOSO>", b"</HOSO>\n"


@dataclass(slots=True)
class Converted(Report):
    """What a conversion came to: ``written`` encounters, and what could not be carried over.

    ``losses`` is None when nothing was written.
    """

    written: int = 0
    losses: LossReport | None = None


@dataclass(slots=True)
class _Frame:
    """What stands around the encounters of a file, from its parts in order."""

    head: bytes = b""
    tail: bytes = b""
    made: bytes = b""
    count: int = 0

    def add(self, head: bytes, tail: bytes, count: int) -> None:
        """Another part: the first head and the last tail stand, and the latest NGAYLAP."""
        made = _MADE.search(head)
        self.made = max(self.made, made[1] if made else b"")
        self.head, self.tail, self.count = self.head or head, tail, self.count + count

    def put(self, target: Path, bodies: Iterable[BinaryIO], parts: Path) -> None:
        """Write the whole file in the folder ``parts``, then move it to its place."""
        head = _MADE.sub(b"<NGAYLAP>%s</NGAYLAP>" % self.made, self.head, count=1)
        head = _COUNT.sub(b"<SOLUONGHOSO>%d</SOLUONGHOSO>" % self.count, head, count=1)
        with placed(parts) as files, files.open(target).open("wb") as out:
            out.write(head)
            for body in bodies:
                shutil.copyfileobj(body, out, 1 << 20)
            out.write(self.tail)


class _Convert:
    kind = "convert"

    def __init__(self, to: Edition, parts: Path, places: dict[str, Path]) -> None:
        self._to, self._parts, self._places = to, parts, places

    @property
    def options(self) -> dict[str, Any]:
        return {"to": self._to.value, "targets": sorted(map(str, self._places.values()))}

    def __call__(self, number: int, work: Work) -> Outcome:
        outcome = Outcome()
        losses: list[LossReport] = []
        written = 0
        for span in work:
            if span.edges is None:
                with tempfile.TemporaryFile(dir=self._parts) as body:
                    frame = self._span(span, body, outcome, losses)
                    body.seek(0)
                    if frame.count:
                        frame.put(self._places[span.path], [body], self._parts)
            else:
                with placed(self._parts) as files:
                    path = files.open(self._parts / f"part-{number:05}.hoso")
                    with path.open("wb") as body:
                        frame = self._span(span, body, outcome, losses)
                outcome.facts["head"] = frame.head.decode()
                outcome.facts["tail"] = frame.tail.decode()
            written += frame.count
        outcome.facts["written"] = written
        outcome.facts["losses"] = _to_json(LossReport.total(losses)) if losses else None
        return outcome

    def _span(
        self, span: Span, body: BinaryIO, outcome: Outcome, losses: list[LossReport]
    ) -> _Frame:
        """Write the encounters of a span to ``body``."""
        frame, base = _Frame(), 0
        for document in chunks(span, outcome.troubles):
            claims: dict[int, Claim] = {}
            lost: dict[int, LossReport] = {}
            for number, claim in enumerate(document.claims, base):
                try:
                    claims[number], lost[number] = convert_claim(claim, self._to)
                except VnHealthError as error:
                    outcome.troubles.append(trouble_of(span.path, error, number))
            base += len(document)
            data = self._written(span.path, document, claims, outcome.troubles)
            first, last = data.find(_FIRST), data.rfind(_LAST) + len(_LAST)
            if first < 0:
                first = last = len(data)
            body.write(data[first:last])
            losses += map(lost.__getitem__, claims)
            if claims:
                frame.add(data[:first], data[last:], len(claims))
        outcome.encounters += base
        return frame

    def _written(
        self,
        path: str,
        document: Document,
        claims: dict[int, Claim],
        troubles: list[Trouble],
    ) -> bytes:
        """The document by the new edition; claims that must not be written are taken out."""
        created = document.created.date() if document.created else None
        while claims:
            numbers = list(claims)
            try:
                return write(
                    claims.values(), edition=self._to, facility=document.facility, created=created
                )
            except ConformanceError as error:
                for finding in error.findings:
                    place = finding.encounter
                    number = None if place is None else numbers[place]
                    troubles.append(Trouble(path, replace(finding, encounter=number)))
                    for gone in numbers if number is None else [number]:
                        claims.pop(gone, None)
            except VnHealthError as error:
                troubles.append(trouble_of(path, error))
                claims.clear()
        return b""


def _to_json(report: LossReport) -> dict[str, Any]:
    entries = [[entry.loss.value, *astuple(entry)[1:]] for entry in report.entries]
    return {"sources": report.sources, "encounters": report.encounters, "entries": entries}


def _from_json(held: dict[str, Any], to: Edition) -> LossReport:
    entries = tuple(LossEntry(Loss(code), *rest) for code, *rest in held["entries"])
    return LossReport(tuple(held["sources"]), to.value, held["encounters"], entries)


def _opened(paths: Iterable[Path]) -> Iterator[BinaryIO]:
    for path in paths:
        with path.open("rb") as stream:
            yield stream


def _places(source: Path, target: Path) -> dict[str, Path]:
    """Where each file of a source goes."""
    paths = documents(source)
    if source.is_dir():
        names = ((path, path.relative_to(source)) for path in paths)
        return {str(p): target / (n if n.suffix == ".xml" else f"{n}.xml") for p, n in names}
    return {str(paths[0]): target / source.name if target.is_dir() else target}


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    to: Edition | str,
    workers: int = 0,
    progress: Progress | None = None,
    size: int = RANGE,
) -> Converted:
    """Bring a file or folder of any size to another edition; see `vnhealth.bhyt.convert`.

    A file becomes a file, a folder a folder with the same names. The same bytes come out as of
    reading, converting and writing each as a whole, for any number of ``workers``. Encounters that
    a strict writer refuses are left out and stand in ``troubles``, each with what is wrong with it.

    Until all is done, the parts of huge files stand in ``TARGET.parts``, from which a run that was
    killed goes on. Raises like `vnhealth.pipelines.to_parquet`.
    """
    edition, parts, found = Edition.parse(to), parts_of(target), Converted()
    places = _places(Path(source), Path(target))
    losses: list[LossReport] = []
    frame, bodies = _Frame(), list[Path]()

    def take(number: int, work: Work, outcome: Outcome, base: int, *, old: bool) -> None:
        nonlocal frame
        facts = outcome.facts
        found.written += facts["written"]
        if facts["losses"]:
            losses.append(_from_json(facts["losses"], edition))
        if work[0].edges is None:
            return
        if work[0].first:
            frame = _Frame()
            bodies.clear()
        if facts["written"]:
            frame.add(facts["head"].encode(), facts["tail"].encode(), facts["written"])
        bodies.append(parts / f"part-{number:05}.hoso")
        if work[0].last and frame.count:
            frame.put(places[work[0].path], _opened(bodies), parts)

    run(
        _Convert(edition, parts, places),
        source,
        parts,
        workers=workers_for(workers),
        size=size,
        progress=progress,
        report=found,
        take=take,
    )
    found.losses = LossReport.total(losses) if losses else None
    remove_parts(parts)
    return found
