"""Changing any row of a policy changes what comes out, or is refused: no row is decoration."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from importlib.resources import files
from pathlib import Path

import pytest

from vnhealth import deid
from vnhealth.deid import Policy
from vnhealth.deid._policy import ENVELOPE
from vnhealth.errors import DeidError

DATA = files("vnhealth.deid") / "data"
VECTORS = {
    (v["family"], v["table"], v["tag"]): v
    for v in csv.DictReader(
        (Path(__file__).parent / "linked_vectors.csv").read_text("utf-8").splitlines()
    )
}
REVIEWED_RELEASE = "b14f8df4f629cd1431dceee320a0354aa967e4a06c33fc1a5cb89569443a046f"
"""As in test_deid_policy: any change of the release policy is a decision, made on purpose."""


def table(tier: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / f"policy_{tier}.csv").read_text("utf-8").splitlines()))


def policy_of(rows: list[dict[str, str]]) -> Policy:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Policy.from_bytes(out.getvalue().encode(), "mutant")


def mutant(tier: str, key: tuple[str, str, str], **changes: str) -> Policy:
    rows = [
        {**row, **changes} if (row["family"], row["table"], row["tag"]) == key else row
        for row in table(tier)
    ]
    return policy_of(rows)


def example(kit, key: tuple[str, str, str], value: str, policy: Policy | str = "linked") -> str:
    family, name, tag = key
    given = {tag.lower(): value}
    if tag == "GT_THE_DEN":
        given["gt_the_tu"] = "20260101"
    if tag in ("NAM_QT", "THANG_QT"):
        given["ngay_ttoan"] = "202608050930"
    claim = kit.claim(family, **{name.lower(): given})
    data = kit.apply(claim, policy=policy, recipient="r", purpose="p").data.decode()
    return re.sub("<CHINH_SACH>[0-9a-f]*<", "", data)


@pytest.mark.parametrize("place", sorted({key[:2] for key in VECTORS}), ids="-".join)
def test_every_row_that_sends_is_needed(kit, place) -> None:
    """Dropped instead, its example no longer comes out."""
    for key, vector in VECTORS.items():
        if key[:2] != place:
            continue
        dropped = mutant("linked", key, action="drop", parameters="")
        assert example(kit, key, vector["value"]) != example(kit, key, vector["value"], dropped), (
            key
        )


PROBES = ["3", "12", "A1", "20260805", "202608050930", "K02", "Trần Thị Mẫu"]
SILENT = sorted(
    {
        (r["family"], r["table"], r["tag"])
        for r in table("linked")
        if r["table"] != ENVELOPE and r["action"] in ("drop", "suppress", "scrub")
    }
)


LOOSE = (("keep", "form=small"), ("shift", "form=day"), ("shift", "form=minute"))


def kept(key: tuple[str, str, str], change: tuple[str, str]) -> Policy | None:
    """The policy with a looser row, None when it is refused."""
    try:
        return mutant("linked", key, action=change[0], parameters=change[1])
    except DeidError:
        return None


def differs(kit, key: tuple[str, str, str], change: tuple[str, str]) -> bool:
    policy = kept(key, change)
    return policy is not None and any(
        example(kit, key, probe) != example(kit, key, probe, policy) for probe in PROBES
    )


@pytest.mark.parametrize("place", sorted({key[:2] for key in SILENT}), ids="-".join)
def test_every_row_that_is_silent_is_needed(kit, place) -> None:
    """Kept as a number or a code instead, it is refused or something comes out that did not."""
    for key in SILENT:
        if key[:2] != place:
            continue
        assert any(differs(kit, key, change) for change in LOOSE) or all(
            kept(key, change) is None for change in LOOSE
        ), key


OTHERS = {
    (r["family"], r["table"], r["tag"]): r
    for r in table("linked")
    if r["table"] != ENVELOPE and (r["family"], r["table"], r["tag"]) not in {*VECTORS, *SILENT}
}
KNOWN = [
    *PROBES,
    "001101000123",
    "DN4010000012345",
    "0100000123",
    "1.1",
    "B20",
    "198603050000",
    "01901",
    "2",
]


def changed(kit, key: tuple[str, str, str], action: str, parameters: str) -> bool:
    """True when the row, so changed, is refused or lets something else out."""
    try:
        policy = mutant("linked", key, action=action, parameters=parameters)
    except DeidError:
        return True
    return any(example(kit, key, probe) != example(kit, key, probe, policy) for probe in KNOWN)


@pytest.mark.parametrize("place", sorted({key[:2] for key in OTHERS}), ids="-".join)
def test_every_row_that_is_left_is_needed(kit, place) -> None:
    """What is not sent would be when sent, what stands at the record or is a number of a row would
    be missed when dropped, and what is kept back comes out when kept.
    """
    for key, row in OTHERS.items():
        if key[:2] != place:
            continue
        parameters = " ".join(p for p in row["parameters"].split() if not p.startswith("sent="))
        if row["action"] == "withhold":
            found = any(changed(kit, key, *loose) for loose in LOOSE)
        elif parameters != row["parameters"]:
            found = changed(kit, key, row["action"], parameters)
        else:
            found = changed(kit, key, "drop", "")
        assert found, key


def test_rows_of_the_envelope_are_needed(kit) -> None:
    encounter = ("*", ENVELOPE, "(encounter)")
    marked = kit.claim(xml1={"ma_benh_chinh": "B20"})
    assert kit.apply(marked).records == 0
    values_only = mutant("linked", encounter, action="keep", parameters="")
    assert kit.apply(marked, policy=values_only).records == 1
    with pytest.raises(DeidError):
        policy_of([r for r in table("linked") if r["tag"] != "(tier)"])


@pytest.mark.parametrize("tier", ["linked", "release"])
def test_a_policy_without_any_one_row_is_refused(tier) -> None:
    rows = table(tier)
    for n in range(0, len(rows), 7):
        if rows[n]["table"] == ENVELOPE:
            continue
        with pytest.raises(DeidError) as caught:
            policy_of(rows[:n] + rows[n + 1 :])
        assert caught.value.code == "ERR-DEID-05"


def test_the_release_policy_is_as_it_was_reviewed() -> None:
    data = (DATA / "policy_release.csv").read_bytes()
    assert Policy.load("release").sha256 == hashlib.sha256(data).hexdigest() == REVIEWED_RELEASE


SENT_IN_RELEASE = {
    "MA_BENH_CHINH": ("ma_benh_chinh", "J18.9", "J18"),
    "NHOM_TUOI": ("ngay_sinh", "198603050000", "Y40-44"),
    "GIOI_TINH": ("gioi_tinh", "2", "2"),
    "MA_LOAI_KCB": ("ma_loai_kcb", "03", "03"),
    "KY": ("ngay_vao", "202608050930", "2026-08"),
    "MATINH_CSKCB": ("ma_cskcb", "01901", "01"),
    "MATINH_CU_TRU": ("matinh_cu_tru", "02", "08"),
    "KET_QUA_DTRI": ("ket_qua_dtri", "2", "2"),
    "SO_NGAY_DTRI": ("so_ngay_dtri", "12", "8-14"),
    "T_TONGCHI_BV": ("t_tongchi_bv", "1234567.80", "1200000"),
    "T_BHTT": ("t_bhtt", "1234567.80", "1200000"),
    "T_THUOC": ("t_thuoc", "1234567.80", "1000000"),
}


def crowd(kit, **changes) -> bytes:
    values = {attr: value for attr, value, _ in SENT_IN_RELEASE.values()}
    claims = [
        kit.claim(xml1={**values, **changes, "ma_lk": f"L{n}", "ma_bn": f"B{n}"}) for n in range(12)
    ]
    return deid.release(claims, key=kit.key, facility="01901").data


def test_every_row_of_the_release_policy_that_sends_has_an_example(kit) -> None:
    rows = [r for r in Policy.load("release") if r.table != ENVELOPE and r.sent]
    assert {r.out for r in rows if r.family == "130"} == set(SENT_IN_RELEASE)
    data = crowd(kit).decode()
    for tag, (_, _, text) in SENT_IN_RELEASE.items():
        assert data.count(f"<{tag}>{text}</{tag}>") == 12, tag


def test_everything_else_changes_nothing_in_the_release_tier(kit) -> None:
    from vnhealth.records import record_class
    from vnhealth.spec import Kind

    policy = Policy.load("release")
    plain = crowd(kit)
    kinds = record_class("130", "XML1").kinds()
    for attr, kind in kinds.items():
        row = policy.row("130", "XML1", attr.upper())
        if row.sent or attr in ("ma_lk", "ma_bn") or "withhold" in row.params:
            continue
        value = {Kind.TIME: "202608050930", Kind.TEXT: "Trần Thị Mẫu"}.get(kind, "12")
        assert crowd(kit, **{attr: value}) == plain, attr
