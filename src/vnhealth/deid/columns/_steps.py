"""Functions of one record batch that run the same in this process and on a cluster.

Each is a small object that can be pickled: called with a `pyarrow.RecordBatch` it gives another
one, and ``schema`` says of what kind. `each` lifts one to the iterator of batches that Spark's
``mapInArrow`` and other engines pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.codecs import iter_claims
from vnhealth.codecs.convert import convert_claim
from vnhealth.deid._keys import KeyProvider
from vnhealth.deid._policy import Policy
from vnhealth.deid._tables import Label
from vnhealth.deid.columns._details import derive, measure
from vnhealth.deid.columns._facts import fact_schema, table_of
from vnhealth.deid.columns._identified import Claims
from vnhealth.deid.columns._linked import Records
from vnhealth.deid.columns._need import need_arrow
from vnhealth.deid.columns._schema import described, schema, table_names
from vnhealth.errors import DeidError
from vnhealth.records import Claim
from vnhealth.spec import Family

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

    from vnhealth.deid._engine import Deidentifier

__all__ = ["Decode", "Deidentify", "Facts", "Step", "Table", "chain", "each", "modern"]

Step = Callable[["pa.RecordBatch"], "pa.RecordBatch"]
CONTENT = "content"
EDITION = "3176"


def modern(claim: Claim) -> Claim:
    """A claim of the 130 family; one of 4210 is converted."""
    if claim.family is Family.F130:
        return claim
    return convert_claim(claim, EDITION)[0]


def _documents(batch: pa.RecordBatch) -> Iterator[bytes]:
    if CONTENT not in batch.schema.names:
        raise DeidError("ERR-COL-06")
    for value in batch.column(CONTENT):
        found = value.as_py()
        if found is not None:
            yield found


def _nested(label: Label, policy: Policy | None) -> pa.Schema:
    pa = need_arrow()
    fields = []
    for name in table_names():
        found = schema(name, label, policy=policy)
        fields.append(pa.field(name, pa.list_(pa.struct(list(found)))))
    return pa.schema(fields)


class Decode:
    """Documents (column ``content``, binary) to encounters, one row each, labelled *identified*.

    A row of the result has one list of structures per table. Claims of 4210 are converted.
    Raises `vnhealth.errors.CodecError` for a document that cannot be read.
    """

    label = Label.IDENTIFIED

    @property
    def schema(self) -> pa.Schema:
        """The schema of the result."""
        return _nested(self.label, None)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        gathered = Claims()
        for document in _documents(batch):
            for claim in iter_claims(document):
                gathered.add(modern(claim))
        return gathered.take_nested()


class Deidentify:
    """Documents to de-identified encounters, one row each, labelled *pseudonymised*.

    Takes what `vnhealth.deid.Deidentifier` takes and gives what a file of its records would give.
    ``key`` is called in each process: on a cluster give a function that reads the key there, so
    that no key travels with the job. What is withheld there is missing here too.

    >>> from functools import partial
    >>> from vnhealth.deid import Key
    >>> step = Deidentify(partial(Key.from_env), recipient="kho", purpose="x", facility="01901")
    >>> step.schema.names[:2]
    ['XML1', 'XML2']
    """

    label = Label.PSEUDONYMISED

    def __init__(
        self,
        key: Callable[[], KeyProvider],
        *,
        recipient: str,
        purpose: str,
        facility: str,
        policy: str = "linked",
        exceptions: Mapping[str, str] | None = None,
    ) -> None:
        self._key = key
        self._options: dict[str, Any] = {
            "recipient": recipient,
            "purpose": purpose,
            "facility": facility,
            "policy": policy,
            "exceptions": dict(exceptions or {}),
        }
        self._engine: Deidentifier | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_key": self._key, "_options": self._options, "_engine": None}

    @property
    def schema(self) -> pa.Schema:
        """The schema of the result."""
        return _nested(self.label, Policy.load(self._options["policy"]))

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._engine is None:
            from vnhealth.deid._engine import Deidentifier

            self._engine = Deidentifier(self._key(), **self._options)
        gathered = Records(self._engine.policy)
        for document in _documents(batch):
            for claim in iter_claims(document):
                text = self._engine.record(claim)
                if text is not None:
                    gathered.add_text(text)
        return gathered.take_nested()


class Table:
    """Encounters (one row each) to the rows of one table."""

    def __init__(self, name: str, label: Label) -> None:
        self.name = name.upper()
        self.label = label

    @property
    def schema(self) -> pa.Schema:
        """The schema of the result, with the label in its metadata."""
        return schema(self.name, self.label)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        pa = need_arrow()
        held = batch.column(self.name)
        rows = held.flatten()
        wanted = self.schema
        columns = [rows.field(field.name).cast(field.type) for field in wanted]
        return pa.RecordBatch.from_arrays(columns, schema=wanted)


class Facts:
    """Rows of a table to facts; ``name`` as in `vnhealth.deid.columns.FACTS`, or ``quality``.

    For ``quality`` name the ``table``: an engine between two steps drops the metadata.
    """

    def __init__(self, name: str, label: Label, table: str = "") -> None:
        self.name = name
        self.label = label
        self.table = table if name == "quality" else table_of(name)

    @property
    def schema(self) -> pa.Schema:
        """The schema of the result."""
        return fact_schema(self.name, described("", self.label))

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.name == "quality":
            return measure(batch, self.table)
        return derive(batch, self.name)


class _Chain:
    def __init__(self, steps: tuple[Any, ...]) -> None:
        self.steps = steps

    @property
    def schema(self) -> pa.Schema:
        return self.steps[-1].schema

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for step in self.steps:
            batch = step(batch)
        return batch


def chain(*steps: Any) -> Any:
    """One step that does several, in order; its schema is that of the last one."""
    return _Chain(steps)


class _Each:
    def __init__(self, step: Step) -> None:
        self.step = step

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield self.step(batch)


def each(step: Step) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The step as a function of an iterator of batches, which is what ``mapInArrow`` wants."""
    return _Each(step)
