"""What the policy says of the domain models: one row for each field, tied to the tables."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.resources import files

from vnhealth import models
from vnhealth.errors import DeidError

__all__ = ["ModelRow", "model_rows"]


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What happens to one field of one model.

    ``place`` is the field of the tables whose row of the policy decides (family:table.tag); empty
    for a field that holds other models (``action`` is ``parts``) or only names a kind.
    """

    model: str
    field: str
    sensitivity: str
    action: str
    place: str
    reason: str


def _fields() -> frozenset[tuple[str, str]]:
    found = {
        (name, f.name)
        for name in models.__all__
        if is_dataclass(getattr(models, name))
        for f in fields(getattr(models, name))
    }
    return frozenset(found)


@cache
def model_rows() -> tuple[ModelRow, ...]:
    """One row for each field of each model of `vnhealth.models`.

    An episode is de-identified by way of its tables (`vnhealth.models.from_domain`), so these rows
    say what that comes to. Raises `vnhealth.errors.DeidError` (ERR-DEID-05) when a field has no row
    or a row no field, so a new field cannot slip through.

    >>> {(r.model, r.field): r.action for r in model_rows()}["Patient", "name"]
    'drop'
    """
    path = files("vnhealth.deid") / "data" / "policy_models.csv"
    rows = tuple(
        ModelRow(r["model"], r["field"], r["class"], r["action"], r["as"], r["reason"])
        for r in csv.DictReader(path.read_text("utf-8").splitlines())
    )
    own = {(row.model, row.field) for row in rows}
    missing, unknown = sorted(_fields() - own), sorted(own - _fields())
    if missing or unknown or len(own) != len(rows):
        first = ".".join((missing or unknown or [("", "")])[0])
        raise DeidError("ERR-DEID-05", missing=len(missing), unknown=len(unknown), first=first)
    return rows
