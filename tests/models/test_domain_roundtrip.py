"""Records to models and back: nothing is lost, and a change changes what it must."""

from __future__ import annotations

import importlib.util
import pickle
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnhealth.errors import EncodeError
from vnhealth.localtime import LocalTime
from vnhealth.models import (
    Coverage,
    EncounterKind,
    Episode,
    OrderKind,
    OrderLine,
    Patient,
    Route,
    Sex,
    from_domain,
    to_domain,
)
from vnhealth.records import Claim, bhyt130, bhyt4210

_PATH = Path(__file__).parents[1] / "strategies_records.py"
_SPEC = importlib.util.spec_from_file_location("strategies_records", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
records = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(records)

EDITIONS = ["4210", "130", "4750", "3176", "1931"]
calm = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def texts(claim: Claim) -> list[list[tuple[str, str, str]]]:
    return [
        [(row.TABLE, tag, row.raw(tag)) for tag in row.to_dict()]
        + [(row.TABLE, *e) for e in row.extra]
        for row in claim
    ]


@pytest.mark.parametrize("edition", EDITIONS)
@given(data=st.data())
@calm
def test_nothing_is_lost(edition: str, data: st.DataObject) -> None:
    claim = data.draw(records.claims(edition, messy=True))
    back = from_domain(to_domain(claim))
    assert back == claim
    assert texts(back) == texts(claim)


@given(data=st.data())
@calm
def test_the_episode_survives_a_second_trip_and_pickle(data: st.DataObject) -> None:
    claim = data.draw(records.claims("3176", messy=True))
    episode = to_domain(claim)
    assert to_domain(from_domain(episode)) == episode
    copy = pickle.loads(pickle.dumps(episode))
    assert copy == episode
    assert from_domain(copy) == claim


@given(data=st.data())
@calm
def test_no_value_of_a_patient_shows(data: st.DataObject) -> None:
    row = bhyt130.Xml1(ma_lk="KEY-77", ho_ten="Trần Thị Bích", so_cccd="001199000123")
    line = bhyt130.Xml2(ma_lk="KEY-77", ten_thuoc="Thuoc-Q", so_luong="12x")
    episode = to_domain(Claim(xml1=row, xml2=[line]))
    shown = "".join(
        repr(x)
        for x in (episode, episode.patient, episode.encounter, *episode.orders, episode.wire)
    )
    shown += repr(episode.orders[0].wire) + repr(list(episode.orders[0].wire.cells.values()))
    for secret in ("KEY-77", "Bích", "001199000123", "Thuoc-Q", "12x"):
        assert secret not in shown


def claim_130() -> Claim:
    return Claim(
        xml1=bhyt130.Xml1(
            ma_lk="A1",
            ho_ten="Lê Văn Tám",
            ngay_sinh="198600000000",
            gioi_tinh="1",
            ma_the_bhyt="DN4797912345678;GD4797912345679",
            ma_dkbd="79001;79002",
            gt_the_tu="20260101;20260201",
            gt_the_den="20261231;20261130",
            ma_benh_chinh="I10",
            ma_benh_kt="E11.9;J18",
            ma_benh_yhct="U62.392",
            ma_loai_kcb="03",
            ma_khoa="K02;K19",
            ngay_vao="202608010930",
            ngay_ra="202608051000",
            can_nang="58.00",
            t_bhtt="125000.50",
            ngay_tai_kham="20260901;20260915",
        ),
        xml2=[
            bhyt130.Xml2(ma_lk="A1", stt=1, ma_thuoc="40.30", ham_luong="500mg+125mg", ma_pttt="1")
        ],
        xml3=[
            bhyt130.Xml3(ma_lk="A1", stt=1, ma_dich_vu="02.1900", ten_dich_vu="Khám", ma_nhom="13"),
            bhyt130.Xml3(
                ma_lk="A1",
                stt=2,
                ma_dich_vu="10.0001",
                ma_vat_tu="N06.01",
                ten_vat_tu="Stent",
                tai_su_dung="1",
            ),
        ],
        xml4=[bhyt130.Xml4(ma_lk="A1", stt=1, ma_chi_so="GLU", gia_tri="5.6", don_vi_do="mmol/L")],
        xml14=[bhyt130.Xml14(ma_lk="A1", ho_ten="Lê Văn Tám", ngay_hen_kl="20260901")],
    )


def test_the_meaning_is_read() -> None:
    episode = to_domain(claim_130())
    assert episode.patient.sex is Sex.MALE
    assert episode.patient.birth_date == LocalTime.parse("198600000000")
    assert [c.card_number for c in episode.coverages] == ["DN4797912345678", "GD4797912345679"]
    assert episode.coverages[1] == Coverage(
        card_number="GD4797912345679",
        home_facility="79002",
        valid_from=LocalTime.parse("20260201"),
        valid_to=LocalTime.parse("20261130"),
    )
    encounter = episode.encounter
    assert encounter.kind is EncounterKind.INPATIENT
    assert [d.code for d in encounter.departments] == ["K02", "K19"]
    assert [d.code for d in encounter.other_diagnoses] == ["E11.9", "J18"]
    assert encounter.traditional_diagnoses[0].system == "traditional"
    assert encounter.weight_kg == Decimal("58.00")
    assert encounter.follow_up_on == (LocalTime.parse("20260901"), LocalTime.parse("20260915"))
    assert episode.totals.fund_pays == Decimal("125000.50")
    drug, service, supply = episode.orders
    assert (drug.kind, drug.strength) == (OrderKind.DRUG, ("500mg", "125mg"))
    assert (service.kind, service.code, service.name) == (OrderKind.SERVICE, "02.1900", "Khám")
    assert (supply.kind, supply.code, supply.related_services) == (
        OrderKind.SUPPLY,
        "N06.01",
        ("10.0001",),
    )
    assert supply.reused is True
    assert (episode.results[0].value, episode.results[0].unit) == ("5.6", "mmol/L")


def test_the_older_family_says_the_same() -> None:
    claim = Claim(
        xml1=bhyt4210.Xml1(
            ma_lk="B1",
            ngay_sinh="19860101",
            ma_the="DN4797912345678",
            ma_benh="U62.392",
            ma_lydo_vvien="3",
            ma_loai_kcb="3",
            can_nang="3.2",
        ),
        xml2=[bhyt4210.Xml2(ma_lk="B1", ham_luong="500mg;125mg", ma_pttt="0", tyle_tt=80)],
    )
    episode = to_domain(claim)
    assert episode.encounter.kind is EncounterKind.INPATIENT
    assert episode.encounter.route is Route.OFF_ROUTE
    assert episode.encounter.main_diagnosis is not None
    assert episode.encounter.main_diagnosis.system == "traditional"
    assert episode.orders[0].strength == ("500mg", "125mg")
    assert episode.orders[0].payment_method == "fee_for_service"
    assert episode.orders[0].insurance_rate == Decimal(80)


def test_a_correction_reaches_every_copy_and_nothing_else() -> None:
    claim = claim_130()
    episode = to_domain(claim)
    corrected = from_domain(replace(episode, patient=replace(episode.patient, name="Lê Văn Chín")))
    assert corrected.xml1.ho_ten == corrected.xml14[0].ho_ten == "Lê Văn Chín"
    changed = [
        (old.TABLE, tag)
        for old, new in zip(claim, corrected, strict=True)
        for tag in old.to_dict()
        if old[tag] != new[tag]
    ]
    assert changed == [("XML1", "HO_TEN"), ("XML14", "HO_TEN")]


def test_a_copy_that_was_left_blank_stays_blank_and_one_that_differs_follows_the_correction() -> (
    None
):
    claim = Claim(
        xml1=bhyt130.Xml1(ma_lk="A1", ho_ten="Lê Văn Tám"),
        xml14=[bhyt130.Xml14(ma_lk="A1", ho_ten="LE VAN TAM")],
        xml15=[bhyt130.Xml15(ma_lk="A1")],
    )
    episode = to_domain(claim)
    assert from_domain(episode) == claim
    new = from_domain(replace(episode, patient=replace(episode.patient, name="Lê Văn Chín")))
    assert new.xml15[0].ho_ten is None
    assert new.xml14[0].ho_ten == "Lê Văn Chín"


def test_lines_can_be_added_and_removed() -> None:
    episode = to_domain(claim_130())
    added = OrderLine(kind=OrderKind.SERVICE, code="23.0075", quantity=Decimal(1))
    claim = from_domain(replace(episode, orders=(*episode.orders[1:], added)))
    assert claim.counts() == {"XML1": 1, "XML3": 3, "XML4": 1, "XML14": 1}
    assert (claim.xml3[2].ma_dich_vu, claim.xml3[2].stt, claim.xml3[2].ma_lk) == (
        "23.0075",
        3,
        "A1",
    )


def test_new_facts_go_only_into_fields_that_the_edition_has() -> None:
    claim = Claim(
        xml1=bhyt130.Xml1(ma_lk="A1", ngay_ra="202608051000"), xml13=[bhyt130.Xml13(ma_lk="A1")]
    )
    episode = to_domain(claim)
    sent = replace(episode.encounter, referred_to=None, referral_no="77")
    assert from_domain(replace(episode, encounter=sent)).xml1.giay_chuyen_tuyen == "77"
    from vnhealth.models import Facility

    moved = replace(episode.encounter, referred_to=Facility(code="79001"))
    row = from_domain(replace(episode, encounter=moved)).xml13[0]
    assert (row.ma_cskcb_den, row.ma_noi_den) == ("79001", None)
    row = from_domain(replace(episode, encounter=moved), edition="4750").xml13[0]
    assert (row.ma_cskcb_den, row.ma_noi_den) == (None, "79001")


def test_an_episode_made_by_hand_becomes_a_claim() -> None:
    episode = Episode(
        patient=Patient(name="Lê Văn Tám", birth_date=LocalTime.parse("19860305"), sex=Sex.MALE),
        orders=(OrderLine(kind=OrderKind.DRUG, code="40.30"),),
    )
    new = from_domain(episode, edition="3176")
    assert (new.xml1.ngay_sinh.text, new.xml2[0].stt) == ("198603050000", 1)
    old = from_domain(
        replace(
            episode, patient=replace(episode.patient, birth_date=LocalTime.parse("198600000000"))
        ),
        edition="4210",
    )
    assert (old.family.value, old.xml1.ngay_sinh.text) == ("4210", "19860101")


def test_another_family_is_refused_unless_the_remains_are_dropped() -> None:
    episode = to_domain(claim_130())
    with pytest.raises(EncodeError) as caught:
        from_domain(episode, edition="4210")
    assert caught.value.code == "MODEL-01"
    older = from_domain(episode.without_wire(), edition="4210")
    assert (older.xml1.ma_loai_kcb, older.xml2[0].ham_luong) == ("3", "500mg;125mg")
    assert older.xml2[0].ma_pttt == "0"


def test_models_are_immutable_and_keyword_only() -> None:
    patient = Patient(name="x")
    with pytest.raises(AttributeError):
        patient.name = "y"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Patient("x")  # type: ignore[misc]
    assert all(f.kw_only for f in fields(Episode))
    assert not hasattr(patient, "__dict__")
