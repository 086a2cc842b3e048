"""From a span to its encounters, a few at a time, in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from vnhealth.codecs import iter_claims, read
from vnhealth.errors import VnHealthError
from vnhealth.findings import Finding, Severity
from vnhealth.pipelines._ranges import CHUNK, Edges, Span, cuts, edges_of
from vnhealth.records import Claim, Document, DocumentKind

__all__ = ["WHOLE", "Trouble", "chunks", "trouble_of"]

WHOLE = 64 * CHUNK
"""Files that are not cut are read as one document up to this size, else claim by claim."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What kept an encounter, or the rest of a file, from being worked on.

    ``encounter`` of the finding counts within the span of the file it was met in.
    """

    path: str
    finding: Finding

    def moved(self, base: int) -> Trouble:
        """The same with the number that the encounter has in its file."""
        if self.finding.encounter is None or not base:
            return self
        return replace(self, finding=replace(self.finding, encounter=self.finding.encounter + base))

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object without values of the document."""
        f = self.finding
        return {
            "path": self.path,
            "code": f.code,
            "severity": f.severity.value,
            "encounter": f.encounter,
            "table": f.table,
            "row": f.row,
            "tag": f.tag,
            "params": dict(f.params),
        }

    @classmethod
    def from_json(cls, held: dict[str, object]) -> Trouble:
        """The same from such an object."""
        values = dict(held)
        path, severity = str(values.pop("path")), Severity(str(values.pop("severity")))
        return cls(path, Finding(severity=severity, **values))  # type: ignore[arg-type]


def trouble_of(path: str, error: VnHealthError, encounter: int | None = None) -> Trouble:
    """An error as a finding at its file and encounter."""
    return Trouble(path, Finding(error.code, Severity.ERROR, encounter, params=error.params))


def chunks(span: Span, troubles: list[Trouble], *, whole: bool = False) -> Iterator[Document]:
    """The encounters of a span as small documents, in order.

    With ``whole`` a file that is worked on as a whole is one document, as far as it fits into
    memory. What cannot be read goes to ``troubles``; what was read before it is given nevertheless.
    """
    if span.edges is None and span.size > CHUNK and not whole:
        edges = edges_of(span.path, span.size)
        if edges is not None:
            span = replace(span, start=edges.start, end=edges.end, edges=edges)
    if span.edges is not None:
        yield from _inside(span, span.edges, troubles)
        return
    try:
        if span.size <= WHOLE:
            yield read(span.path)
        else:
            yield from map(_alone, iter_claims(span.path))
    except VnHealthError as error:
        troubles.append(trouble_of(span.path, error))


def _inside(span: Span, edges: Edges, troubles: list[Trouble]) -> Iterator[Document]:
    with Path(span.path).open("rb") as stream:
        for start, end in cuts(stream, span.start, span.end, CHUNK):
            stream.seek(start)
            try:
                yield read(edges.before + stream.read(end - start) + edges.after)
            except VnHealthError as error:
                troubles.append(trouble_of(span.path, error))


def _alone(claim: Claim) -> Document:
    return Document(kind=DocumentKind.ENVELOPE, family=claim.family, claims=(claim,))
