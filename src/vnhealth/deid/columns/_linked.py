"""De-identified records as Arrow tables, under the label their file carries.

Reads what `vnhealth.deid` writes: files VNHEALTH_DEID of the tiers ``linked`` (*pseudonymised*) and
``release`` (*de-identified*), or a single record HOSO. Only tags that the policy sends become
columns; anything else is left out and named in ``_unread``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree

from vnhealth.codecs import Source
from vnhealth.deid._policy import Policy
from vnhealth.deid._tables import Label
from vnhealth.deid.columns._build import NOWHERE, UNKNOWN, Builder, Key, period_of, province_of
from vnhealth.deid.columns._schema import columns, policy_of, schema, table_names
from vnhealth.errors import DeidError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["ROOT", "Records", "deid_arrow", "iter_records"]

ROOT = "VNHEALTH_DEID"
LABELS = {label.value: label for label in (Label.PSEUDONYMISED, Label.DEIDENTIFIED)}
_KNOWN = "?known"


def _refuse(reason: str) -> DeidError:
    return DeidError("ERR-COL-04", reason=reason)


def iter_records(
    source: Source, policy: Policy | None = None
) -> Iterator[tuple[Label, etree._Element]]:
    """The label of a de-identified file with each of its records, one at a time, in flat memory.

    Raises `DeidError` (ERR-COL-04) when the file is none of ours, carries no label of records, or
    was made by another policy than the one given.
    """
    stream: Any = source
    if isinstance(source, bytes):
        from io import BytesIO

        stream = BytesIO(source)
    root: etree._Element | None = None
    label: Label | None = None
    try:
        events = etree.iterparse(
            stream,
            events=("end",),
            tag=("HOSO", "NHAN", "CHINH_SACH"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        for _, element in events:
            if root is None:
                root = element.getroottree().getroot()
                if root.tag != ROOT:
                    raise _refuse(f"the root is not {ROOT}")
            if element.getparent() is not root:
                continue
            if element.tag == "NHAN":
                label = LABELS.get(element.text or "")
            elif element.tag == "CHINH_SACH" and policy and element.text != policy.sha256:
                raise _refuse("it was made by another policy")
            elif element.tag == "HOSO":
                if label is None:
                    raise _refuse("it carries no label of records")
                yield label, element
            element.clear()
            while element.getprevious() is not None:
                del root[0]
    except (etree.XMLSyntaxError, OSError):
        raise _refuse("it cannot be read") from None
    if root is None:
        raise _refuse(f"the root is not {ROOT}")


def _day(text: str) -> dt.date | None:
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


class Records:
    """Gathers de-identified records; ``manifest_sha256`` goes into the metadata of the batches."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        label: Label = Label.PSEUDONYMISED,
        manifest_sha256: str = "",
    ) -> None:
        self.label = label
        self.policy = policy or policy_of(label)
        names = table_names()
        self._columns = {name: columns(name, label, policy=self.policy) for name in names}
        self._schemas = {
            name: schema(name, label, policy=self.policy, manifest_sha256=manifest_sha256)
            for name in names
        }
        self._tags = {
            name: {c.name: c.name.lower() for c in found} for name, found in self._columns.items()
        }
        self.builder = self._new()

    def _new(self) -> Builder:
        return Builder(self._columns, self._schemas)

    def add_text(self, text: str) -> None:
        """One record as `Deidentifier.record` gives it."""
        self.add(etree.fromstring(text))

    def add(self, record: etree._Element) -> None:
        """One element HOSO. Raises `DeidError` (ERR-COL-04) when a linked one has no token."""
        heads: dict[str, str] = {}
        tables: dict[str, list[dict[str, Any]]] = {}
        for child in record:
            name = str(child.tag)
            if name not in self._tags:
                heads[name] = child.text or ""
                continue
            tables.setdefault(name, []).append(self._row(name, child))
        summary = tables.get("XML1", [{}])[0]
        if self.label is Label.DEIDENTIFIED:
            self.builder.add(_released(summary), tables, _unknown)
            return
        token = heads.get("MA_LK", "")
        if not token:
            raise _refuse("a record has no token of its episode")
        self._join(heads, tables)
        facility = str(summary.get("ma_cskcb") or "")
        end = str(summary.get("ngay_ra") or summary.get("ngay_vao") or "")
        version = hashlib.blake2b(etree.tostring(record, with_tail=False), digest_size=8)
        key = Key(
            encounter=token,
            version=version.hexdigest(),
            sent=None,
            facility=facility,
            end=_day(end),
            period=period_of(None, shifted=True),
            province=province_of(facility),
        )
        self.builder.add(key, tables, _unknown)

    def _row(self, name: str, element: etree._Element) -> dict[str, Any]:
        known = self._tags[name]
        row: dict[str, Any] = {}
        unknown = []
        for child in element:
            tag = str(child.tag)
            attr = known.get(tag)
            if attr is None:
                unknown.append(tag)
            elif child.text:
                row[attr] = child.text
        if unknown:
            row[_KNOWN] = sorted(set(unknown))
        return row

    def _join(self, heads: Mapping[str, str], tables: dict[str, list[dict[str, Any]]]) -> None:
        """Tokens stand once in a record; each table gets the one that joins, XML1 all of them."""
        for name, rows in tables.items():
            for row in rows:
                row["ma_lk"] = heads["MA_LK"]
                if name == "XML1":
                    for tag, text in heads.items():
                        if tag in self._tags[name]:
                            row[tag.lower()] = text

    def take(self) -> dict[str, pa.RecordBatch]:
        """The batches gathered so far; begins anew."""
        found, self.builder = self.builder.flat(), self._new()
        return found

    def take_nested(self) -> pa.RecordBatch:
        """The same with one row per encounter."""
        found, self.builder = self.builder.nested(), self._new()
        return found


def _released(row: Mapping[str, Any]) -> Key:
    """The key of a released row: it joins nothing, and has the period and province it may show."""
    period, province = str(row.get("ky") or ""), str(row.get("matinh_cskcb") or "")
    return Key(
        encounter="",
        version="",
        sent=None,
        facility="",
        end=None,
        period=period if period[:1].isdigit() else UNKNOWN,
        province=province if province.isdigit() else NOWHERE,
    )


def _unknown(name: str, row: Mapping[str, Any]) -> list[str]:
    found: Sequence[str] = row.get(_KNOWN) or ()
    return list(found)


def deid_arrow(
    source: Source,
    *,
    policy: Policy | None = None,
    manifest_sha256: str = "",
    rows: int = 65_536,
) -> Iterator[dict[str, pa.RecordBatch]]:
    """A de-identified file as sets of batches by table, in flat memory.

    The batches carry the label of the file: *pseudonymised* (tier ``linked``) or *de-identified*
    (tier ``release``, XML1 alone, nothing to join by). ``manifest_sha256`` (see `manifest_hash`)
    goes into the metadata of every batch, so that a Parquet file leads back to the manifest it came
    with. ``policy`` is your own, when the file was made by one. Raises like `iter_records`.
    """
    gathered: Records | None = None
    for label, record in iter_records(source, policy):
        if gathered is None:
            gathered = Records(policy, label=label, manifest_sha256=manifest_sha256)
        gathered.add(record)
        if gathered.builder.rows >= rows:
            yield gathered.take()
    if gathered and gathered.builder.encounters:
        yield gathered.take()
