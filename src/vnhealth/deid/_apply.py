"""De-identify a batch in memory, or a file of any size in flat memory."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from vnhealth.codecs import Limits, Source, iter_claims
from vnhealth.deid._case import facility_code
from vnhealth.deid._engine import Deidentifier
from vnhealth.deid._keys import KeyProvider
from vnhealth.deid._manifest import Manifest
from vnhealth.deid._policy import Policy
from vnhealth.deid._risk_table import risk_table
from vnhealth.deid._tables import Label
from vnhealth.models import Episode, from_domain
from vnhealth.records import Claim, Document

__all__ = [
    "Result",
    "Target",
    "apply",
    "claims_of",
    "deidentify_file",
    "first_facility",
    "read_claims",
    "target_facility",
]

_DECLARED = re.compile(rb"<SOLUONGHOSO>\s*([0-9]{1,9})\s*</", re.ASCII)
_FACILITY = re.compile(rb"<(?:MACSKCB|MA_CSKCB)>\s*([0-9][0-9A-Za-z]{4})\s*</", re.ASCII)
_HEAD = 65_536
TOKEN = slice(13, 40)
"""Where the token of its episode stands in a record."""


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """A de-identified batch: the bytes to send and the manifest that goes with them."""

    data: bytes
    manifest: Manifest

    @property
    def label(self) -> Label:
        """What the data may be called."""
        return self.manifest.label

    @property
    def records(self) -> int:
        """How many encounters are in the data. With none there is nothing to send."""
        return self.manifest.encounters.written

    @property
    def name(self) -> str:
        """A file name that says nothing about anybody."""
        return f"{self.manifest.batch}.xml"

    def __repr__(self) -> str:
        return f"<Result {self.label.value} {self.records} records>"


Target = Document | Claim | Episode | Iterable[Claim | Episode]


def claims_of(target: Target) -> tuple[Claim, ...]:
    """The claims of whatever was given; episodes go by way of their tables."""
    if isinstance(target, Document):
        return target.claims
    given = (target,) if isinstance(target, Claim | Episode) else target
    return tuple(from_domain(item) if isinstance(item, Episode) else item for item in given)


def apply(
    target: Target,
    *,
    key: KeyProvider,
    recipient: str,
    purpose: str,
    facility: str | None = None,
    policy: Policy | str = "linked",
    exceptions: Mapping[str, str] | None = None,
) -> Result:
    """De-identify a document, a claim, an episode of the domain models, or several.

    What the policy does not name is dropped and counted; whatever is wrong with the data costs the
    value, the row or the encounter, never a refusal. Encounters come out sorted by their token, so
    the result does not depend on their order. ``facility`` defaults to that of the document, else
    of the claims. The other arguments are those of `Deidentifier`.

    Raises `DeidError` when no facility is known (ERR-DEID-07) or an argument is unusable.

    Legal source: decision 2955/QĐ-BYT (stores of data that do not identify); law 91/2025/QH15 on
    personal data, articles 2 and 14; law 64/2006/QH11 on HIV as amended 2020, article 30.

    >>> from vnhealth.deid import Key
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> claim = Claim(xml1=Xml1(ma_lk="A1", ma_cskcb="01901", ho_ten="Trần Thị Mẫu"))
    >>> done = apply(claim, key=Key(bytes(range(32))), recipient="kho", purpose="thong ke")
    >>> done, b"A1" in done.data, done.manifest.actions["drop"]
    (<Result pseudonymised 1 records>, False, 1)
    """
    claims = claims_of(target)
    declared = target.declared if isinstance(target, Document) else None
    engine = Deidentifier(
        key,
        recipient=recipient,
        purpose=purpose,
        facility=facility or target_facility(target, claims),
        policy=policy,
        exceptions=exceptions,
    )
    records = sorted(text for text in map(engine.record, claims) if text is not None)
    engine.expect(declared)
    parts = [engine.header(len(records)), *(f"{text}\n" for text in records), engine.footer()]
    data = "".join(parts).encode()
    batch = engine.batch(hashlib.sha256(text.encode()).digest() for text in records)
    manifest = engine.manifest(
        batch=batch, data_sha256=hashlib.sha256(data).hexdigest(), data_bytes=len(data)
    )
    return Result(data, manifest)


def target_facility(target: object, claims: Iterable[Claim]) -> str:
    """The facility of a document, else the least of those of the claims; may be empty."""
    named = facility_code(target.facility or "") if isinstance(target, Document) else ""
    return named or min(_facilities(claims), default="")


def _facilities(claims: Iterable[Claim]) -> Iterator[str]:
    for claim in claims:
        for row in claim.rows("XML1"):
            code = facility_code(str(row.ma_cskcb or "")[:32])
            if code:
                yield code


def deidentify_file(
    source: Source,
    target: str | os.PathLike[str],
    *,
    key: KeyProvider,
    policy: Policy | str = "linked",
    recipient: str = "repository",
    purpose: str = "linked",
    facility: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    exceptions: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    risk: bool = False,
    progress: Callable[[], None] | None = None,
) -> Manifest:
    """De-identify a file of any size; memory does not grow with it (but for 100 bytes a record).

    ``target`` is a file, or a folder in which the file gets a name that says nothing. The same
    bytes come out as from `apply`. The target and the ``manifest`` (JSON) appear only when all is
    done. ``facility`` defaults to the one named first in the source. A folder is read file by file.
    With ``risk`` the manifest gets the risk table of the file (about 200 bytes of memory for each
    record); ``progress`` is called after each encounter.

    Raises `DeidError` like `apply`, `vnhealth.errors.CodecError` for an unreadable source.
    """
    head = _head(source)
    engine = Deidentifier(
        key,
        recipient=recipient,
        purpose=purpose,
        facility=facility or first_facility(source, head, limits),
        policy=policy,
        exceptions=exceptions,
    )
    with tempfile.TemporaryFile(dir=_parent(Path(target))) as spool:
        index: list[tuple[str, int, int]] = []
        for claim in read_claims(source, limits):
            text = engine.record(claim)
            if progress:
                progress()
            if text is not None:
                data = text.encode()
                index.append((text[TOKEN], spool.tell(), len(data)))
                spool.write(data)
        engine.expect(declared_in(head))
        found = finish(engine, spool, index, target, risk=risk)
    if manifest is not None:
        Path(manifest).write_text(found.to_json(), "utf-8")
    return found


def declared_in(head: bytes) -> int | None:
    """How many encounters the beginning of a file declares."""
    found = _DECLARED.search(head)
    return int(found[1]) if found else None


def finish(
    engine: Deidentifier,
    spool: BinaryIO,
    index: list[tuple[str, int, int]],
    target: str | os.PathLike[str],
    *,
    risk: bool,
) -> Manifest:
    """Write the records of a spool to ``target``, sorted by their tokens, all at once.

    ``index`` holds token, place and length of each record.
    """
    folder = Path(target)
    index.sort()
    handle, name = tempfile.mkstemp(dir=_parent(folder), prefix=".deid-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            found = _write(engine, spool, index, file)
        if risk:
            found = replace(found, risk=risk_table(name).to_dict())
        os.replace(name, folder / f"{found.batch}.xml" if folder.is_dir() else folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return found


def _parent(target: Path) -> Path:
    return target if target.is_dir() else target.parent


_KINDS = (".xml", ".zip", ".gz", ".7z", ".rar")


def read_claims(source: Source, limits: Limits | None = None) -> Iterator[Claim]:
    """The claims of a file, a stream, or all files of a folder in the order of their names."""
    limits = limits or Limits()
    if isinstance(source, str | os.PathLike) and Path(source).is_dir():
        for path in sorted(p for p in Path(source).rglob("*") if p.suffix.lower() in _KINDS):
            yield from iter_claims(path, limits=limits)
    else:
        yield from iter_claims(source, limits=limits)


def _write(
    engine: Deidentifier, spool: BinaryIO, index: list[tuple[str, int, int]], file: BinaryIO
) -> Manifest:
    total = hashlib.sha256()
    size = 0

    def put(data: bytes) -> None:
        nonlocal size
        total.update(data)
        size += len(data)
        file.write(data)

    def records() -> Iterator[bytes]:
        for _, group in groupby(index, key=lambda entry: entry[0]):
            texts = []
            for _, at, length in group:
                spool.seek(at)
                texts.append(spool.read(length))
            for text in sorted(texts):
                put(text + b"\n")
                yield hashlib.sha256(text).digest()

    put(engine.header(len(index)).encode())
    batch = engine.batch(records())
    put(engine.footer().encode())
    return engine.manifest(batch=batch, data_sha256=total.hexdigest(), data_bytes=size)


def _head(source: Source) -> bytes:
    """The first bytes; a stream is put back, and empty when it cannot be."""
    if isinstance(source, bytes):
        return source[:_HEAD]
    if isinstance(source, str | os.PathLike):
        try:
            with open(source, "rb") as file:
                return file.read(_HEAD)
        except OSError:
            return b""
    if not source.seekable():
        return b""
    start = source.tell()
    head = source.read(_HEAD)
    source.seek(start)
    return head


def first_facility(source: Source, head: bytes = b"", limits: Limits | None = None) -> str:
    """The facility of the envelope, else of the first claim that has one. Rewinds a stream."""
    named = _FACILITY.search(head)
    code = facility_code(named[1].decode("ascii")) if named else ""
    stream = None if isinstance(source, bytes | str | os.PathLike) else source
    if code or (stream is not None and not stream.seekable()):
        return code
    start = stream.tell() if stream is not None else 0
    found = next(_facilities(read_claims(source, limits)), "")
    if stream is not None:
        stream.seek(start)
    return found
