"""The release tier: every group large enough, checked by counting again; nothing else leaves."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth import deid, synth
from vnhealth.deid._hierarchy import quasi_identifiers
from vnhealth.deid._recode import recode, size
from vnhealth.deid._risk import diversity_of_candidates
from vnhealth.errors import DeidError
from vnhealth.protocol.deid_inspect import inspect

TAGS = [q.tag for q in quasi_identifiers()]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return [
        dict(re.findall("<([A-Z0-9_]+)>([^<]*)</", row))
        for row in re.findall("<HOSO><XML1>(.*?)</XML1></HOSO>", data.decode())
    ]


def people(kit, count: int, seed: int = 1, **changes):
    """Encounters that differ, two for every third person."""
    rng = random.Random(seed)
    found = []
    for n in range(count):
        found += [
            kit.claim(
                xml1={
                    "ma_lk": f"LK{n}-{visit}",
                    "ma_bn": f"BN{n}",
                    "ho_ten": "Trần Thị Mẫu",
                    "ngay_sinh": f"{rng.randint(1930, 2024)}06150000",
                    "gioi_tinh": rng.choice("12"),
                    "matinh_cu_tru": rng.choice(["01", "01", "01", "79"]),
                    "ma_benh_chinh": rng.choice(["J18.9", "J20.9", "I10", "E11.9", "K29.7"]),
                    "ma_loai_kcb": rng.choice(["01", "03"]),
                    "ngay_vao": f"2026{rng.randint(7, 9):02}100800",
                    "ket_qua_dtri": rng.choice("1122334"),
                    "so_ngay_dtri": rng.randint(0, 20),
                    "t_tongchi_bv": rng.randint(10**5, 10**7),
                    **changes,
                }
            )
            for visit in range(1 + (n % 3 == 0))
        ]
    return found


@pytest.fixture(scope="module")
def released(kit):
    claims = people(kit, 400)
    return claims, deid.release(claims, key=kit.key, facility="01901")


def test_every_group_is_large_enough_when_counted_again(released) -> None:
    """Counted here from the bytes alone, in another way than the library does it."""
    claims, result = released
    rows = rows_of(result.data)
    groups = Counter(tuple(row[tag] for tag in TAGS) for row in rows)
    risk = result.manifest.risk
    assert min(groups.values()) == risk["released"]["k"] >= 12
    assert len(groups) == risk["released"]["groups"] > 5
    assert 1 / min(groups.values()) <= 0.09
    assert risk["released"]["maximum"] <= 0.09
    assert risk["released"]["unique"] == risk["released"]["below_11"] == 0
    assert risk["released"]["average"] >= len(groups) / len(rows)
    assert len(rows) + risk["suppressed_rows"] == len(claims)
    assert risk["suppressed_rows"] / len(claims) <= 0.05
    for tag, share in risk["hidden"].items():
        assert share == pytest.approx(sum(r[tag] == "*" for r in rows) / len(rows), abs=1e-6)


def test_nothing_but_the_declared_fields_leaves(released) -> None:
    result = released[1]
    assert result.label is deid.Label.DEIDENTIFIED
    assert result.manifest.label.value == "de-identified"
    assert result.manifest.tier == "release"
    text = result.data.decode()
    assert not re.search("[A-Z][A-Z2-7]{26}", text)
    assert "01901" not in text
    assert not re.search("<(MA_LK|TOKEN|XML2|MA_CSKCB>|STT)", text)
    allowed = {*TAGS, "T_TONGCHI_BV", "T_BHTT", "T_THUOC"}
    assert {tag for row in rows_of(result.data) for tag in row} <= allowed
    for row in rows_of(result.data):
        assert len(row["T_TONGCHI_BV"].rstrip("0")) <= 2
        assert re.fullmatch(r"\*|2026|2026-Q3|2026-0[789]", row["KY"])
    assert not inspect(result.data).ok


def test_the_result_does_not_depend_on_order_or_run(kit, released) -> None:
    claims, result = released
    mixed = list(claims)
    random.Random(5).shuffle(mixed)
    again = deid.release(mixed, key=kit.key, facility="01901")
    assert again.data == result.data
    assert again.manifest.risk == result.manifest.risk


def test_a_value_released_is_one_of_its_own_generalisations(kit) -> None:
    """Nothing is invented: sorted by total cost, which is unique here, rows can be compared."""
    claims = people(kit, 200)
    for n, claim in enumerate(claims):
        claims[n] = claim.replace(xml1=claim.xml1.replace(t_tongchi_bv=None))
    result = deid.release(claims, key=kit.key, facility="01901")
    rows = rows_of(result.data)
    true = Counter(c.xml1.gioi_tinh for c in claims)
    shown = Counter(r["GIOI_TINH"] for r in rows)
    assert shown["1"] <= true["1"]
    assert shown["2"] <= true["2"]
    codes = {"*", "A00-B99", "J18", "J20", "I10", "E11", "K29"}
    for row in rows:
        assert row["MA_BENH_CHINH"] in codes or re.fullmatch(
            "[A-Z][0-9]{2}-[A-Z][0-9]{2}", row["MA_BENH_CHINH"]
        )


@pytest.mark.parametrize("count", [0, 1, 5])
def test_too_few_people_release_nothing(kit, count) -> None:
    with pytest.raises(deid.RiskTooHigh) as caught:
        deid.release(people(kit, count), key=kit.key, facility="01901")
    assert caught.value.code == "ERR-DEID-10"
    assert isinstance(caught.value, DeidError)


def test_many_visits_of_one_person_are_no_crowd(kit) -> None:
    """Twenty rows, one person: k by rows would pass, k by persons does not."""
    claims = [kit.claim(xml1={"ma_lk": f"L{n}", "ma_bn": "BN1"}) for n in range(20)]
    with pytest.raises(deid.RiskTooHigh):
        deid.release(claims, key=kit.key, facility="01901")
    mixed = [*claims, *(kit.claim(xml1={"ma_lk": f"M{n}", "ma_bn": f"B{n}"}) for n in range(19))]
    with pytest.raises(deid.RiskTooHigh):
        deid.release(mixed, key=kit.key, facility="01901")


def test_tokens_met_together_belong_to_one_person(kit) -> None:
    card, cccd = "DN4010000012345", "001101000123"
    forms = [
        {"ma_the_bhyt": card},
        {"so_cccd": cccd},
        {"so_cccd": cccd, "ma_the_bhyt": card, "ma_bn": "7"},
        {"ma_bn": "7"},
    ]
    claims = [
        kit.claim(xml1={"ma_lk": f"{n}-{m}", **form})
        for n in range(3)
        for m, form in enumerate(forms)
    ]
    with pytest.raises(deid.RiskTooHigh, match="ERR-DEID-10") as caught:
        deid.release(claims, key=kit.key, facility="01901")
    assert "of 1 persons" in caught.value.message("en")


@pytest.mark.parametrize("weak", [{"k": 5}, {"k": 10}, {"max_risk": 0.2}, {"max_suppressed": 1}])
def test_thresholds_can_only_be_made_stronger(kit, weak) -> None:
    with pytest.raises(deid.RiskTooHigh):
        deid.release(people(kit, 50), key=kit.key, facility="01901", **weak)


def test_stronger_thresholds_are_kept(kit) -> None:
    result = deid.release(people(kit, 200), key=kit.key, facility="01901", k=30)
    assert result.manifest.risk["released"]["k"] >= 30


def test_hiv_stays_at_home_in_the_release_tier_too(kit) -> None:
    claims = people(kit, 60)
    marked = kit.claim(xml1={"ma_benh_chinh": "B20"}, xml3=[{"ma_benh": "B24"}])
    result = deid.release([*claims, marked], key=kit.key, facility="01901")
    assert result.manifest.encounters.withheld == 1
    assert b"B20" not in result.data
    assert result.data == deid.release(claims, key=kit.key, facility="01901").data


def test_the_tiers_are_never_mixed(kit) -> None:
    with pytest.raises(DeidError) as caught:
        kit.apply(people(kit, 20), policy="release")
    assert caught.value.code == "ERR-DEID-08"
    with pytest.raises(DeidError):
        deid.release(people(kit, 20), key=kit.key, facility="01901", policy="linked")


def changed(old: str, new: str) -> bytes:
    from importlib.resources import files

    text = (files("vnhealth.deid") / "data" / "policy_release.csv").read_text("utf-8")
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("130,XML1,MA_BN,linkage key,drop,", "130,XML1,MA_BN,linkage key,token,kind=person.local at=record"),
        ("130,XML1,NGAY_RA,quasi-identifier,drop,feed=date", "130,XML1,NGAY_RA,quasi-identifier,shift,form=minute"),
        ("130,XML1,MA_DANTOC,quasi-identifier,drop,", "130,XML1,MA_DANTOC,quasi-identifier,keep,form=ethnic"),
        ("130,XML2,MA_THUOC,clinical,drop,", "130,XML2,MA_THUOC,clinical,keep,form=drug"),
        ("*,ENVELOPE,(tier),technical,recompute,of=release", "*,ENVELOPE,(tier),technical,recompute,of=open"),
    ],
)  # fmt: skip
def test_a_release_policy_that_would_link_or_single_out_is_refused(old, new) -> None:
    with pytest.raises(DeidError) as caught:
        deid.Policy.from_bytes(changed(old, new))
    assert caught.value.code == "ERR-DEID-04"


ROW = st.tuples(
    st.sampled_from(["J18.9", "I10", "E11.9", ""]),
    st.sampled_from(["Y35-39", "Y40-44", "D03", "Y90+", ""]),
    st.sampled_from("12"),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(ROW, st.integers(0, 30)), max_size=120), st.integers(2, 12), st.randoms())
def test_recoding_always_gives_large_groups_or_nothing(rows, k, rng) -> None:
    quasi = quasi_identifiers()[:3]

    def run(rows):
        paths = [[q.path(row[a]) for row, _ in rows] for a, q in enumerate(quasi)]
        persons = [person for _, person in rows]
        return paths, persons, recode(paths, persons, [q.weight for q in quasi], k)

    paths, persons, found = run(rows)
    if found is None:
        assert size(range(len(rows)), persons) < k
        return
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, values in enumerate(found.rows):
        if values is None or set(values) == {"*"}:
            continue
        assert all(value in paths[a][i] for a, value in enumerate(values))
        groups.setdefault(values, []).append(persons[i])
    for owners in groups.values():
        assert max(Counter(owners).values()) * k <= len(owners)
    assert 0 <= found.loss <= 1
    order = list(rows)
    rng.shuffle(order)
    other = run(order)[2]
    assert other is not None
    assert Counter(other.rows) == Counter(found.rows)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 4), st.sampled_from("pqr")), min_size=1, max_size=40))  # fmt: skip
def test_measures_agree_with_counting_by_hand(rows) -> None:
    qi = [(a, b) for a, b, _, _ in rows]
    found = deid.measure(
        qi, ["a", "b"], persons=[p for _, _, p, _ in rows], sensitive=[s for *_, s in rows]
    )
    same = [[r for r in rows if r[:2] == key] for key in qi]
    assert found.k == min(map(len, same))
    assert found.unique == sum(len(g) == 1 for g in same) / len(rows)
    assert found.below_5 == sum(len(g) < 5 for g in same) / len(rows)
    assert found.persons == min(len({r[2] for r in g}) for g in same)
    shares = [sum(o[2] == r[2] for o in g) / len(g) for r, g in zip(rows, same, strict=True)]
    assert found.maximum == pytest.approx(max(shares))
    assert found.average == pytest.approx(sum(shares) / len(rows))
    assert found.diversity == min(len({r[3] for r in g}) for g in same)
    assert found.uniform == sum(len({r[3] for r in g}) == 1 for g in same) / len(rows)
    plain = deid.measure(qi, ["a", "b"])
    assert plain.maximum == pytest.approx(1 / found.k)
    assert plain.average == pytest.approx(len(set(qi)) / len(rows))


def test_an_intruder_sees_all_groups_that_cover_a_person() -> None:
    rows = [("J18", "1")] * 2 + [("I10", "*")] * 2
    known = [[("*", "J18"), ("*", "1")]] * 2 + [[("*", "I10"), ("*", "2")]] * 2
    found = diversity_of_candidates(rows, known, 0)
    assert found == {"persons": 4, "least": 1, "median": 2, "uniform": 0.5}


def test_an_invented_month_reaches_the_thresholds(kit) -> None:
    import datetime as dt

    claims = [
        claim
        for day in range(3)
        for claim in synth.generate(
            encounters=250,
            edition="3176",
            seed=day,
            facility="01991",
            day=dt.date(2026, 7, 6) + dt.timedelta(days=day),
        )
    ]
    result = deid.release(claims, key=kit.key)
    risk = result.manifest.risk
    assert risk["released"]["k"] >= 12
    assert risk["suppressed"] <= 0.05
    assert risk["released"]["maximum"] <= 0.09


def test_every_value_of_a_field_has_a_path_down_from_hidden() -> None:
    tries = {
        "icd": ["J18.9", "U07.1", "Z99"],
        "age": ["D02", "M11", "Y02-04", "Y05-09", "Y85-89", "Y90+"],
        "kind": ["01", "03", "NGOAI"],
        "province": ["01", "96"],
        "facility": ["79"],
        "period": ["2026-01", "2026-12"],
        "outcome": ["1", "5"],
        "stay": ["0", "3", "60"],
        "sex": ["1"],
    }
    for q in quasi_identifiers():
        for value in [*tries[q.attribute], ""]:
            path = q.path(value)
            assert path[0] == "*"
            assert 2 <= len(path) <= q.levels + 1
            assert "" not in path
    assert {q.attribute for q in quasi_identifiers()} == set(tries)


def test_provinces_and_bands_of_the_hierarchies_are_complete() -> None:
    by = {q.attribute: q for q in quasi_identifiers()}
    from vnhealth.deid._tables import forms
    from vnhealth.identity.provinces import province_successor

    for n in range(1, 97):
        code = province_successor(f"{n:02}")
        if code:
            assert len(by["province"].path(code)) == 3
    bands = [
        b for b in ("D00", "D28", "M01", "M23", "Y02-04", "Y90+") if forms()["age"].fullmatch(b)
    ]
    bands += [f"Y{a:02}-{a + 4:02}" for a in range(5, 90, 5)]
    for band in bands:
        assert len(by["age"].path(band)) == 4, band


def test_pycanon_in_its_own_environment_finds_the_same(kit, tmp_path, released) -> None:
    """Set VNHEALTH_PYCANON to a Python that has pycanon; see tools/risk_pycanon.py."""
    import os
    import subprocess
    from pathlib import Path

    python = os.environ.get("VNHEALTH_PYCANON")
    if not python:
        pytest.skip("VNHEALTH_PYCANON names no Python with pycanon")
    result = released[1]
    (tmp_path / "r.xml").write_bytes(result.data)
    (tmp_path / "m.json").write_text(result.manifest.to_json(), "utf-8")
    tool = Path(__file__).resolve().parents[2] / "tools" / "risk_pycanon.py"
    done = subprocess.run(
        [python, str(tool), str(tmp_path / "r.xml"), str(tmp_path / "m.json")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DIFFERENT" not in done.stdout
