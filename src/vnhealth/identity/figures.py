"""All figures of the identity layer in one place, for the report command and the benchmarks.

Each part can be asked for alone. Everything is seeded; times are those of this machine.

Legal source: none; these are measurements.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vnhealth.identity import (
    index_report,
    legacy_report,
    linkage,
    matching_report,
    validator_report,
)

__all__ = ["PARTS", "SEED", "gather", "lines"]

SEED = 20261122
PARTS = ("legacy", "ladder", "splink", "validators", "index")


def gather(
    parts: Sequence[str] = PARTS,
    *,
    seed: int = SEED,
    people: int = 17_000,
    sizes: Sequence[int] = index_report.SIZES,
    folder: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda part, done, total: None,
) -> dict[str, Any]:
    """Measure the parts and give them JSON-ready by name, with the seed.

    ``progress`` is called with the part, what was done since the last call, and the total.

    >>> sorted(gather(["legacy"], people=10))
    ['legacy', 'seed']
    """
    found: dict[str, Any] = {"seed": seed}
    for part in parts:
        if part == "index":
            found[part] = _index(sizes, seed, folder, progress)
            continue
        progress(part, 0, 1)
        if part == "legacy":
            found[part] = asdict(legacy_report.measure(min(10_000, people), seed))
        elif part == "ladder":
            found[part] = matching_report.measure(people, seed).to_dict()
        elif part == "splink":
            found[part] = _splink(people, seed)
        elif part == "validators":
            times = validator_report.measure()
            found[part] = [{**asdict(one), "as_fast": one.as_fast} for one in times]
        progress(part, 1, 1)
    return found


def _splink(people: int, seed: int) -> dict[str, Any]:
    if not linkage.available():
        return {"available": False}
    measured = linkage.measure(people, seed).to_dict()
    return {"available": True, **measured, "model": linkage.model()["provenance"]}


def _index(
    sizes: Sequence[int],
    seed: int,
    folder: Path | None,
    progress: Callable[[str, int, int], None],
) -> dict[str, Any]:
    def done(count: int) -> None:
        progress("index", count, sum(sizes))

    with tempfile.TemporaryDirectory(dir=folder) as place:
        measured = [
            index_report.measure(size, Path(place), seed=seed, progress=done) for size in sizes
        ]
    found: dict[str, Any] = {
        "target_ratio": index_report.TARGET_RATIO,
        "sizes": [one.to_dict() for one in measured],
    }
    if len(measured) > 1:
        found["flat"] = index_report.flat(measured)
        found["extrapolated"] = index_report.extrapolate(measured).to_dict()
    return found


def lines(found: dict[str, Any], lang: str = "vi") -> Iterator[str]:
    """Write the figures as lines of text in ``vi`` or ``en``.

    >>> list(lines({"seed": 1, "splink": {"available": False}}, "en"))[1]
    'splink: not installed (extra linkage)'
    """
    vi = lang == "vi"
    yield f"{'hạt giống' if vi else 'seed'} {found['seed']}"
    if legacy := found.get("legacy"):
        yield from _legacy_lines(legacy, vi)
    for name in ("ladder", "splink"):
        if one := found.get(name):
            yield from _match_lines(name, one, vi)
    for one in found.get("validators", ()):
        peer = "-" if one["peer_us"] is None else f"{one['peer_us']:.2f} µs"
        yield f"{one['ours']:26} {one['ours_us']:.2f} µs   {one['peer']:14} {peer}"
    if index := found.get("index"):
        yield from _index_lines(index, vi)


def _legacy_lines(found: dict[str, Any], vi: bool) -> Iterator[str]:
    yield (
        f"{'Bảng mã cũ' if vi else 'Legacy encodings'}, {found['names']} "
        f"{'họ tên' if vi else 'names'}: "
        f"{'khai báo' if vi else 'declared'} TCVN3 {found['declared_tcvn3']:.4f} "
        f"VNI {found['declared_vni']:.4f}; {'tự nhận' if vi else 'unaided'} "
        f"TCVN3 {found['detected_tcvn3_bytes']:.4f} VNI {found['detected_vni_bytes']:.4f}; "
        f"{'nhận nhầm' if vi else 'false'} {found['false_bytes']:.5f}"
    )


def _match_lines(name: str, found: dict[str, Any], vi: bool) -> Iterator[str]:
    if found.get("available") is False:
        yield f"{name}: {'chưa cài' if vi else 'not installed'} (extra linkage)"
        return
    title = {"ladder": ("Thang luật", "Ladder"), "splink": ("splink", "splink")}[name][not vi]
    yield (
        f"{title}: {found['records']} {'bản ghi' if vi else 'records'}, {found['true_pairs']} "
        f"{'cặp đúng' if vi else 'true pairs'}; precision {found['precision']:.5f} "
        f"(≥ {found['target_precision']}), recall {found['recall']:.4f} "
        f"(≥ {found['target_recall']})"
    )
    heads = (
        ("hư hại", "cặp", "gộp", "xem", "sót", "sai")
        if vi
        else ("damage", "pairs", "merged", "review", "missed", "wrong")
    )
    yield "  " + heads[0].ljust(46) + "".join(head.rjust(8) for head in heads[1:])
    for one in found["kinds"]:
        label = one["name_vi" if vi else "name_en"]
        counts = (one[k] for k in ("pairs", "merged", "review", "missed", "wrong"))
        yield "  " + label[:46].ljust(46) + "".join(str(count).rjust(8) for count in counts)


def _index_lines(found: dict[str, Any], vi: bool) -> Iterator[str]:
    yield (
        "người, nạp (s), MB, đọc một dòng p50/p99, tra p50/p90/p99 (µs), tỷ lệ p99/p99, p99/p50, "
        "tìm đúng"
        if vi
        else "people, load (s), MB, point read p50/p99, look-up p50/p90/p99 (µs), ratio p99/p99, "
        "p99/p50, found"
    )
    for one in [*found["sizes"], *([found["extrapolated"]] if "extrapolated" in found else [])]:
        mark = (" (ngoại suy)" if vi else " (extrapolated)") if one["extrapolated"] else ""
        yield (
            f"  {one['people']:>10,} {one['load_seconds']:>7.1f} {one['bytes'] / 1e6:>7.0f} "
            f"{one['point_p50']:>6.1f} {one['point_p99']:>6.1f}  {one['lookup_p50']:>6.1f} "
            f"{one['lookup_p90']:>6.1f} {one['lookup_p99']:>6.1f}  {one['ratio']:>5.1f} "
            f"{one['ratio_to_median']:>5.1f}  {one['found']:.4f}{mark}"
        )
