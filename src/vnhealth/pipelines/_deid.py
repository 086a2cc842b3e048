"""De-identification of whole archives, in the same words and counts as of a single file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vnhealth.deid import Deidentifier, KeyProvider, Manifest, Policy, first_facility
from vnhealth.deid._apply import TOKEN, declared_in, finish
from vnhealth.pipelines._chunks import chunks
from vnhealth.pipelines._files import parts_of, placed, remove_parts
from vnhealth.pipelines._journal import Outcome
from vnhealth.pipelines._ranges import Work, documents
from vnhealth.pipelines._run import RANGE, Progress, Report, run, workers_for

__all__ = ["Deidentified", "deid"]

_HEAD = 65_536


@dataclass(slots=True)
class Deidentified(Report):
    """What a de-identification came to; ``manifest`` goes with the result."""

    manifest: Manifest = field(init=False)


class _Deid:
    kind = "deid"

    def __init__(
        self, key: Callable[[], KeyProvider], folder: Path, settings: Mapping[str, Any]
    ) -> None:
        self._key = key
        self._folder = folder
        self._settings = dict(settings)
        self._engine: Deidentifier | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}

    def engine(self) -> Deidentifier:
        """A new engine, with the key read in this process."""
        return Deidentifier(self._key(), **self._settings)

    @property
    def options(self) -> dict[str, Any]:
        engine = self.engine()
        return {
            "recipient": engine.recipient,
            "purpose": engine.purpose,
            "facility": engine.facility,
            "policy": engine.policy.sha256,
            "exceptions": engine.exceptions,
            "key": engine.tokens.token("job", engine.facility),
        }

    def __call__(self, number: int, work: Work) -> Outcome:
        engine = self._engine = self._engine or self.engine()
        outcome = Outcome()
        with placed(self._folder) as files:
            path = files.open(self._folder / f"part-{number:05}.hoso")
            with path.open("w", encoding="utf-8", newline="\n") as out:
                for span in work:
                    for document in chunks(span, outcome.troubles):
                        outcome.encounters += len(document)
                        for text in map(engine.record, document.claims):
                            if text is not None:
                                out.write(text + "\n")
        outcome.facts = engine.take_counts()
        return outcome


def deid(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    key: Callable[[], KeyProvider],
    workers: int = 0,
    policy: Policy | str = "linked",
    recipient: str = "repository",
    purpose: str = "linked",
    facility: str | None = None,
    exceptions: Mapping[str, str] | None = None,
    risk: bool = False,
    progress: Progress | None = None,
    size: int = RANGE,
) -> Deidentified:
    """De-identify a file or folder of any size (tier linked); see `vnhealth.deid.deidentify_file`.

    The same bytes and the same manifest come out as there, for any number of ``workers``; what
    cannot be read is left out and stands in ``troubles``. ``key`` is called in each process, so
    that no key travels: give a function that reads it there, for example
    ``functools.partial(Key.from_file, path)``.

    Until all is done, pseudonymised parts stand in ``TARGET.parts``, from which a run that was
    killed goes on. Raises like `vnhealth.pipelines.to_parquet`, and `vnhealth.errors.DeidError` for
    unusable arguments.
    """
    paths = documents(source)
    head = b""
    if len(paths) == 1:
        with paths[0].open("rb") as file:
            head = file.read(_HEAD)
    settings = {
        "recipient": recipient,
        "purpose": purpose,
        "facility": facility or first_facility(source, head),
        "policy": policy,
        "exceptions": exceptions,
    }
    parts = parts_of(target)
    step = _Deid(key, parts, settings)
    engine, found = step.engine(), Deidentified()

    def take(number: int, work: Work, outcome: Outcome, base: int, *, old: bool) -> None:
        engine.add_counts(outcome.facts)

    run(
        step,
        source,
        parts,
        workers=workers_for(workers),
        size=size,
        progress=progress,
        report=found,
        take=take,
    )
    engine.expect(declared_in(head))
    found.manifest = _joined(engine, parts, target, risk=risk)
    remove_parts(parts)
    return found


def _joined(
    engine: Deidentifier, parts: Path, target: str | os.PathLike[str], *, risk: bool
) -> Manifest:
    """One file of all parts, sorted by the tokens of the records."""
    index: list[tuple[str, int, int]] = []
    with tempfile.TemporaryFile(dir=parts) as spool:
        for path in sorted(parts.glob("part-*.hoso")):
            with path.open("rb") as stream:
                for line in stream:
                    record = line.removesuffix(b"\n")
                    index.append((record[TOKEN].decode("ascii"), spool.tell(), len(record)))
                    spool.write(record)
        return finish(engine, spool, index, target, risk=risk)
