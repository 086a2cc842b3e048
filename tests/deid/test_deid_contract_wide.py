"""Real codes come through the contract, in a form that no person fits; lines do not add up."""

from __future__ import annotations

import re

import pytest

from vnhealth import deid, synth
from vnhealth.protocol.deid_inspect import inspect


def one(kit, table: str, tag: str, value: str, **more: str) -> str | None:
    result = kit.apply(kit.claim(**{table: {tag: value, **more}}))
    assert inspect(result.data).ok
    body = re.search(rf"<{table.upper()}>.*?</{table.upper()}>", result.data.decode(), re.DOTALL)
    found = re.search(rf"<{tag.upper()}>([^<]*)<", body[0]) if body else None
    return found[1] if found else None


@pytest.mark.parametrize(
    ("table", "tag", "value", "text"),
    [
        ("xml3", "ma_dich_vu", "02.1896", "02.1896"),
        ("xml3", "ma_dich_vu", "K27.1943", "K27.1943"),
        ("xml3", "ma_dich_vu", "27.208B.0459", "27.208b.0459"),
        ("xml3", "ma_dich_vu", "01.0001.1778_gt", "01.0001.1778_GT"),
        ("xml3", "ma_dich_vu", "18.0001.0001.K.79001", "18.0001.0001"),
        ("xml3", "ma_dich_vu", "BS_1.390", "BS_1.390"),
        ("xml3", "ma_dich_vu", "VC.02007", "VC.08"),
        ("xml3", "ma_dich_vu", "02.1896;02.1897", "02.1896"),
        ("xml2", "ma_thuoc", "40.30+40.155", "40.30+40.155"),
        ("xml2", "ma_thuoc", "05C.10", "05C.10"),
        ("xml2", "ma_thuoc", "40.840.KTNAT", "40.840.KTNAT"),
        ("xml2", "ma_thuoc", "VM.01901", "VM"),
        ("xml2", "ham_luong", "1250mg + 200IU", "1250mg + 200IU"),
        ("xml2", "ham_luong", "0,9% 500ml", "0,9% 500ml"),
        ("xml2", "ham_luong", "5000IU/ml 5ml", "5000IU/ml 5ml"),
        ("xml2", "ham_luong", "Nguyễn Văn A", None),
        ("xml2", "ham_luong", "0912345678", None),
        ("xml2", "don_vi_tinh", "Viên", "Viên"),
        ("xml2", "don_vi_tinh", "Lan", None),
        ("xml4", "ma_chi_so", "HGB", "HGB"),
        ("xml4", "ma_chi_so", "2201001", "2201001"),
        ("xml4", "ma_chi_so", "MINH", None),
        ("xml4", "ma_chi_so", "9912345", None),
        ("xml4", "don_vi_do", "mIU/mL", "mIU/mL"),
        ("xml4", "don_vi_do", "bản sao/mL", "bản sao/mL"),
        ("xml4", "gia_tri", "dương tính", "POS"),
        ("xml4", "gia_tri", "(-)", "NEG"),
        ("xml4", "gia_tri", "007.50", "7.5"),
        ("xml4", "gia_tri", "5,4", "5.4"),
        ("xml4", "gia_tri", "0912345678", None),
        ("xml1", "ma_khoa", "K27;K01;K27", "K27;K01"),
        ("xml1", "ma_khoa", "K0203", "K0203"),
        ("xml1", "ma_pttt_qt", "99.92;74.1", "74.1;99.92"),
        ("xml3", "goi_vtyt", "G12", "G12"),
        ("xml3", "ma_may", "SH.1.01901.S1.2", "SH"),
        ("xml3", "ma_may", "LAN.1.01901.9", None),
    ],
)  # fmt: skip
def test_codes_in_use_pass_and_people_do_not(kit, table, tag, value, text) -> None:
    assert one(kit, table, tag, value) == text


def test_invented_days_lose_next_to_no_code(kit) -> None:
    claims = list(synth.generate(encounters=150, edition="3176", seed=9, facility="01991"))
    manifest = kit.apply(claims, facility="01991").manifest
    kept = sum(manifest.actions[a] for a in ("keep", "generalise", "icd"))
    assert manifest.count("DEID-01") / kept < 0.001


@pytest.mark.parametrize(
    "name", ["Efavirenz 600mg", "Dolutegravir + Lamivudin", "LOPINAVIR/ritonavir", "nevirapin"]
)
def test_a_medicine_for_hiv_alone_keeps_the_encounter_at_home(kit, name) -> None:
    result = kit.apply(kit.claim(xml2=[{"ten_thuoc": name, "ma_thuoc": "40.270"}]))
    assert result.manifest.encounters.withheld == 1


def test_medicines_used_otherwise_too_do_not(kit) -> None:
    for name in ("Tenofovir 300mg", "Lamivudin 100mg", "Paracetamol"):
        assert kit.apply(kit.claim(xml2=[{"ten_thuoc": name}])).records == 1


def test_rows_of_hiv_tests_are_known_by_name_and_by_the_newer_numbers(kit) -> None:
    rows = [
        {"ma_dich_vu": "24.169"},
        {"ma_dich_vu": "99.0001.0001", "ten_dich_vu": "HIV Ab test nhanh"},
        {"ma_dich_vu": "22.0121.1369", "ten_dich_vu": "Tổng phân tích tế bào máu"},
    ]
    result = kit.apply(kit.claim(xml3=rows))
    assert result.manifest.rows["XML3"] == (3, 1)


def test_lines_rarely_add_up_to_the_exact_bill(kit) -> None:
    """With three digits a line nearly every bill could be added up; with two, cheap ones only."""
    claims = [
        claim
        for claim in synth.generate(encounters=150, edition="3176", seed=11, facility="01991")
        if claim.xml1.t_tongchi_bv is not None
    ]
    exact = known = 0
    for claim in claims:
        text = kit.apply(claim, facility="01991").data.decode()
        if "<XML1>" not in text:
            continue
        known += 1
        rows = re.findall("<XML[23]>(.*?)</XML[23]>", text)
        total = sum(int(m[1]) for r in rows if (m := re.search("<THANH_TIEN_BV>([0-9]+)<", r)))
        exact += total == claim.xml1.t_tongchi_bv
    assert known > 100
    assert exact / known < 0.15


def test_arbitrary_bytes_never_crash_the_file_function(kit, tmp_path) -> None:
    from hypothesis import given
    from hypothesis import strategies as st

    from vnhealth.errors import VnHealthError

    good = b"<TONG_HOP><MA_LK>A1</MA_LK><GIOI_TINH>1</GIOI_TINH></TONG_HOP>"

    @given(st.one_of(st.binary(max_size=60), st.integers(0, len(good)).map(lambda n: good[:n])))
    def check(data: bytes) -> None:
        target = tmp_path / "o.xml"
        target.unlink(missing_ok=True)
        try:
            deid.deidentify_file(data, target, key=kit.key, facility="01901")
        except VnHealthError:
            assert not target.exists()

    check()
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".part"]


def test_memory_does_not_grow_with_the_number_of_encounters(kit, tmp_path) -> None:
    """Peak of the Python heap for four times as many encounters, beside the growth of the index."""
    import tracemalloc

    from vnhealth import bhyt

    peaks = []
    for count in (80, 320):
        claims = list(synth.generate(encounters=count, edition="3176", seed=4, facility="01991"))
        source = tmp_path / f"{count}.xml"
        source.write_bytes(bhyt.write(claims, edition="3176", facility="01991"))
        del claims
        deid.deidentify_file(source, tmp_path / "warm.xml", key=kit.key)
        tracemalloc.start()
        deid.deidentify_file(source, tmp_path / "o.xml", key=kit.key)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 240 * 300
