"""What a conversion does to particular claims."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from vnhealth.codecs.convert import ConvertOptions, Loss, LossReport, convert_claim
from vnhealth.errors import SpecError
from vnhealth.records import Claim
from vnhealth.records import bhyt130 as new
from vnhealth.records import bhyt4210 as old


def losses(report: LossReport, table: str, tag: str) -> set[Loss]:
    return {
        e.loss for e in report.entries if (table, tag) in {(e.table, e.tag), (e.to_table, e.to_tag)}
    }


def case_4210(**changes: object) -> Claim:
    values: dict[str, object] = {
        "ma_lk": "A1",
        "ngay_sinh": "19860305",
        "ma_the": "DN4797912345678",
        "ma_dkbd": "79001",
        "gt_the_tu": "20240101",
        "gt_the_den": "20241231",
        "ma_benh": "I10",
        "ma_benhkhac": "E11.9;J18",
        "ma_lydo_vvien": "1",
        "ngay_vao": "202402010800",
        "ngay_ra": "202402051000",
        "so_ngay_dtri": 4,
        "tinh_trang_rv": "1",
        "ma_loai_kcb": "3",
        "t_thuoc": "100000",
        "t_vtyt": "0",
        "t_tongchi": "250000",
        "t_bntt": "0",
        "t_bncct": "50000",
        "t_bhtt": "200000",
        "t_nguonkhac": "0",
        "t_ngoaids": "200000",
    }
    drug = old.Xml2(
        ma_lk="A1",
        stt=1,
        ma_thuoc="40.30",
        ham_luong="500mg;125mg",
        tt_thau="45/QD;G1;N2",
        pham_vi="1",
        tyle_tt=100,
        so_luong="20",
        don_gia="5000",
        thanh_tien="100000",
        muc_huong=80,
        t_nguonkhac="0",
        t_bntt="0",
        t_bhtt="80000",
        t_bncct="20000",
        ma_benh="I10",
        ngay_yl="202402010900",
        ma_pttt="0",
    )
    bed = old.Xml3(
        ma_lk="A1",
        stt=1,
        ma_dich_vu="K02.1911",
        ma_nhom="15",
        so_luong="1",
        don_gia="500000",
        tyle_tt=30,
        thanh_tien="150000",
        muc_huong=80,
        t_nguonkhac="0",
        t_bntt="0",
        t_bhtt="120000",
        t_bncct="30000",
        ma_bac_si="1;2",
        ngay_yl="202402020900",
        ma_pttt="2",
    )
    return Claim(xml1=old.Xml1(**{**values, **changes}), xml2=[drug], xml3=[bed])


def test_a_case_of_2017_becomes_one_of_3176() -> None:
    claim, report = convert_claim(case_4210(), "3176")
    row = claim.xml1
    assert row.ngay_sinh.text == "198603050000"
    assert (row.ma_the_bhyt, row.ma_dkbd) == ("DN4797912345678", "79001")
    assert (row.ma_benh_chinh, row.ma_benh_kt, row.ma_benh_yhct) == ("I10", "E11.9;J18", None)
    assert (row.ma_loai_kcb, row.so_ngay_dtri) == ("03", 5)
    assert losses(report, "XML1", "SO_NGAY_DTRI") == {Loss.RECOMPUTED}
    assert claim.xml2[0].ham_luong == "500mg+125mg"
    assert (claim.xml2[0].ma_pttt, claim.xml3[0].ma_pttt) == ("1", "1")
    assert report.sources == ("4210",)


def test_what_cannot_be_known_is_left_empty_and_named() -> None:
    claim, report = convert_claim(case_4210(), "3176")
    assert claim.xml1.ma_doituong_kcb is None
    assert losses(report, "XML1", "MA_DOITUONG_KCB") == {Loss.UNDETERMINED}
    required = {(e.to_table, e.to_tag) for e in report.missing_required}
    assert required >= {
        ("XML1", "MA_QUOCTICH"),
        ("XML1", "CHAN_DOAN_VAO"),
        ("XML1", "MA_HSBA"),
        ("XML1", "MA_DOITUONG_KCB"),
        ("XML3", "NGAY_YL"),
        ("XML2", "NGUON_CTRA"),
    }
    assert ("XML1", "DIEN_THOAI") in {(e.to_table, e.to_tag) for e in report.missing_optional}
    dropped = {(e.table, e.tag): e.rows for e in report.without_target}
    assert dropped == {("XML1", "T_NGOAIDS"): 1, ("XML2", "MA_BENH"): 1}
    assert ("XML1", "MA_LYDO_VVIEN") in {(e.table, e.tag) for e in report.uncertain}


@pytest.mark.parametrize(
    ("reason", "becomes", "loss"),
    [("1", None, Loss.UNDETERMINED), ("2", "2", None), ("4", None, Loss.UNDETERMINED)],
)
def test_the_route_of_the_visit_is_never_guessed(
    reason: str, becomes: str | None, loss: Loss | None
) -> None:
    claim, report = convert_claim(case_4210(ma_lydo_vvien=reason), "3176")
    assert claim.xml1.ma_doituong_kcb == becomes
    assert losses(report, "XML1", "MA_DOITUONG_KCB") == ({loss} if loss else set())


def test_without_a_card_its_facts_are_dropped() -> None:
    claim, report = convert_claim(case_4210(ma_the=None), "3176")
    row = claim.xml1
    assert (row.ma_dkbd, row.gt_the_tu, row.gt_the_den) == (None, None, None)
    assert row.ma_doituong_kcb == "9"
    assert losses(report, "XML1", "GT_THE_TU") == {Loss.NO_TARGET}
    assert losses(report, "XML1", "MA_DOITUONG_KCB") == {Loss.RECODED}


def test_special_rates_are_split_and_amounts_kept() -> None:
    claim, report = convert_claim(case_4210(), "3176")
    bed = claim.xml3[0]
    assert (bed.tyle_tt_dv, bed.tyle_tt_bh) == (33, 100)
    assert (bed.thanh_tien_bv, bed.thanh_tien_bh) == (Decimal(150000), Decimal(150000))
    assert losses(report, "XML3", "TYLE_TT") == {Loss.RECODED}
    row = claim.xml1
    assert (row.t_tongchi_bv, row.t_tongchi_bh) == (Decimal(250000), Decimal(250000))
    assert row.t_bhtt_gdv == Decimal(200000)


def test_edition_130_wants_the_amount_before_the_service_rate_and_the_case_still_balances() -> None:
    claim, report = convert_claim(case_4210(), "130")
    bed, row = claim.xml3[0], claim.xml1
    assert (bed.thanh_tien_bv, bed.t_bntt) == (Decimal(500000), Decimal(350000))
    assert bed.thanh_tien_bv == bed.t_bntt + bed.t_bncct + bed.t_bhtt + bed.t_nguonkhac
    assert row.t_tongchi_bv == Decimal(600000)
    assert row.t_tongchi_bv == row.t_bntt + row.t_bncct + row.t_bhtt + row.t_nguonkhac
    assert losses(report, "XML3", "T_BNTT") == {Loss.RECOMPUTED}
    back, _ = convert_claim(claim, "4210", source="130")
    # A bed of three is paid at 33 percent now and was at 30: the amounts cannot meet again.
    assert (back.xml3[0].thanh_tien, back.xml3[0].t_bntt) == (Decimal(165000), Decimal(15000))
    assert back.xml1.t_tongchi == Decimal(265000)


def test_a_drug_paid_at_a_rate_gets_its_amount_in_scope_half_up() -> None:
    drug = old.Xml2(ma_lk="A1", so_luong="3", don_gia="0.335", thanh_tien="1.01", tyle_tt=50)
    claim, report = convert_claim(Claim(xml2=[drug]), "3176")
    assert claim.xml2[0].thanh_tien_bh == Decimal("0.50")
    assert losses(report, "XML2", "THANH_TIEN_BH") == {Loss.RECOMPUTED}
    half = drug.replace(don_gia="0.33", tyle_tt=50)
    assert convert_claim(Claim(xml2=[half]), "3176")[0].xml2[0].thanh_tien_bh == Decimal("0.50")


def test_totals_are_kept_when_the_lines_are_not_there() -> None:
    claim, report = convert_claim(Claim(xml1=case_4210().xml1), "3176")
    assert claim.xml1.t_thuoc == Decimal(100000)
    assert claim.xml1.t_tongchi_bh is None
    assert losses(report, "XML1", "T_THUOC") == {Loss.NOT_RECOMPUTED}
    assert Loss.UNDETERMINED in losses(report, "XML1", "T_TONGCHI_BH")


def test_other_support_goes_to_the_remaining_sources_and_is_called_assumed() -> None:
    drug = old.Xml2(ma_lk="A1", t_nguonkhac="7000")
    claim, report = convert_claim(Claim(xml2=[drug]), "3176")
    row = claim.xml2[0]
    assert (row.t_nguonkhac_cl, row.t_nguonkhac_nsnn) == (Decimal(7000), Decimal(0))
    assert losses(report, "XML2", "T_NGUONKHAC_CL") == {Loss.ASSUMED}


def test_traditional_codes_move_and_leave_the_main_disease_unknown() -> None:
    changed = case_4210(ma_benh="U62.392", ma_benhkhac="I10;U50.011;E11.9")
    claim, report = convert_claim(changed, "3176")
    row = claim.xml1
    assert (row.ma_benh_chinh, row.ma_benh_kt) == (None, "I10;E11.9")
    assert row.ma_benh_yhct == "U62.392;U50.011"
    assert ("XML1", "MA_BENH_CHINH") in {(e.to_table, e.to_tag) for e in report.missing_required}
    back, _ = convert_claim(claim, "4210", source="3176")
    assert (back.xml1.ma_benh, back.xml1.ma_benhkhac) == ("U62.392", "I10;E11.9;U50.011")


def test_at_most_twelve_comorbid_diseases() -> None:
    codes = [f"A{i:02}" for i in range(14)]
    claim, report = convert_claim(case_4210(ma_benhkhac=";".join(codes)), "3176")
    assert claim.xml1.ma_benh_kt.split(";") == codes[:12]
    assert losses(report, "XML1", "MA_BENH_KT") == {Loss.TRUNCATED}


def test_staff_of_services_are_parted_by_habit_and_of_beds_not() -> None:
    service = old.Xml3(ma_lk="A1", ma_dich_vu="1", ma_nhom="1", ma_bac_si="A;B;C")
    bed = old.Xml3(ma_lk="A1", ma_dich_vu="2", ma_nhom="15", ma_bac_si="A;B")
    claim, _ = convert_claim(Claim(xml3=[service, bed]), "3176")
    assert (claim.xml3[0].ma_bac_si, claim.xml3[0].nguoi_thuc_hien) == ("A", "B;C")
    assert (claim.xml3[1].ma_bac_si, claim.xml3[1].nguoi_thuc_hien) == ("A;B", None)
    back, _ = convert_claim(claim, "4210", source="3176")
    assert [r.ma_bac_si for r in back.xml3] == ["A;B;C", "A;B"]


def test_machines_find_their_service_or_are_named_lost() -> None:
    services = [
        old.Xml3(ma_lk="A1", stt=1, ma_dich_vu="S1"),
        old.Xml3(ma_lk="A1", stt=2, ma_dich_vu="S2", ngay_kq="202402010900"),
        old.Xml3(ma_lk="A1", stt=3, ma_dich_vu="S2", ngay_kq="202402020900"),
    ]
    results = [
        old.Xml4(ma_lk="A1", ma_dich_vu="S1", ma_may="M1"),
        old.Xml4(ma_lk="A1", ma_dich_vu="S1", ma_may="M2"),
        old.Xml4(ma_lk="A1", ma_dich_vu="S2", ngay_kq="202402020900", ma_may="M3"),
        old.Xml4(ma_lk="A1", ma_dich_vu="S2", ma_may="M4"),
    ]
    claim, report = convert_claim(Claim(xml3=services, xml4=results), "3176")
    assert [row.ma_may for row in claim.xml3] == ["M1;M2", None, "M3"]
    lost = [e for e in report.of(Loss.UNDETERMINED) if e.tag == "MA_MAY"]
    assert [(e.table, e.to_table, e.rows) for e in lost] == [("XML4", "XML3", 1)]
    back, again = convert_claim(claim, "4210", source="3176")
    assert [row.ma_may for row in back.xml4] == ["M1;M2", "M1;M2", "M3", None]
    assert losses(again, "XML4", "MA_MAY") == {Loss.ASSUMED}


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("20240101", "202401010000"),
        ("1986", "198600000000"),
        ("202401050830", "202401050830"),
    ],
)
def test_birth_dates(given: str, becomes: str) -> None:
    assert convert_claim(case_4210(ngay_sinh=given), "3176")[0].xml1.ngay_sinh.text == becomes


def test_a_birth_on_new_year_is_flagged_and_the_caller_may_call_it_unknown() -> None:
    claim = case_4210(ngay_sinh="19860101")
    kept, report = convert_claim(claim, "3176")
    assert (kept.xml1.ngay_sinh.text, losses(report, "XML1", "NGAY_SINH")) == (
        "198601010000",
        {Loss.KEPT},
    )
    options = ConvertOptions(new_year_is_unknown=True)
    unknown, report = convert_claim(claim, "3176", options=options)
    assert unknown.xml1.ngay_sinh.text == "198600000000"
    assert losses(report, "XML1", "NGAY_SINH") == {Loss.RECODED}


def test_times_are_copied_only_on_request() -> None:
    plain, _ = convert_claim(case_4210(), "3176")
    assert plain.xml3[0].ngay_yl is None
    asked, report = convert_claim(case_4210(), "3176", options=ConvertOptions(copy_times=True))
    assert asked.xml3[0].ngay_yl == asked.xml3[0].ngay_th_yl == plain.xml3[0].ngay_th_yl
    assert Loss.ASSUMED in losses(report, "XML2", "NGAY_TH_YL")


@pytest.mark.parametrize(
    ("kind", "target", "end"),
    [("2", "4750", "202402052359"), ("2", "3176", "202402050000"), ("3", "4750", "202402050000")],
)
def test_the_end_of_outpatient_treatment(kind: str, target: str, end: str) -> None:
    claim = case_4210(ma_loai_kcb=kind, ngay_ra="202402050000")
    assert convert_claim(claim, target)[0].xml1.ngay_ra.text == end


def test_unreadable_text_is_carried_where_it_can_be_and_named_where_not() -> None:
    drug = old.Xml2.from_row({"MA_LK": "A1", "SO_LUONG": "2,5", "DON_GIA": "100", "TYLE_TT": 100})
    claim, report = convert_claim(Claim(xml2=[drug]), "3176")
    assert (claim.xml2[0].so_luong, claim.xml2[0].raw("SO_LUONG")) == (None, "2,5")
    weighed = Claim(xml1=new.Xml1(ma_lk="A1", can_nang="nặng"))
    back, report = convert_claim(weighed, "4210", source="3176")
    assert back.xml1.can_nang is None
    assert losses(report, "XML1", "CAN_NANG") == {Loss.UNREADABLE}


def case_130(**changes: object) -> Claim:
    values = {"ma_lk": "A1", "ngay_ra": "202608051000", "ngay_vao": "202608010800", **changes}
    return Claim(xml1=new.Xml1(**values))


@pytest.mark.parametrize(
    ("tag", "code", "old_tag", "becomes"),
    [
        ("MA_LOAI_KCB", "04", "MA_LOAI_KCB", "3"),
        ("MA_LOAI_KCB", "05", "MA_LOAI_KCB", "2"),
        ("MA_LOAI_KCB", "12", "MA_LOAI_KCB", None),
        ("MA_DOITUONG_KCB", "1.10", "MA_LYDO_VVIEN", "1"),
        ("MA_DOITUONG_KCB", "3.2", "MA_LYDO_VVIEN", "3"),
        ("MA_DOITUONG_KCB", "2", "MA_LYDO_VVIEN", "2"),
        ("MA_DOITUONG_KCB", "7.2", "MA_LYDO_VVIEN", None),
        ("MA_LOAI_RV", "5", "TINH_TRANG_RV", "2"),
        ("KET_QUA_DTRI", "6", "KET_QUA_DTRI", "4"),
        ("KET_QUA_DTRI", "8", "KET_QUA_DTRI", "5"),
    ],
)
def test_codes_for_the_archive(tag: str, code: str, old_tag: str, becomes: str | None) -> None:
    claim, report = convert_claim(case_130(**{tag.lower(): code}), "4210")
    assert claim.xml1[old_tag] == becomes
    expected = {Loss.RECODED} if becomes else {Loss.UNDETERMINED}
    assert losses(report, "XML1", tag) == (expected if code != "2" else set())


def test_the_archive_drops_whole_tables_field_by_field() -> None:
    claim = case_130()
    claim = claim.replace(xml7=[new.Xml7(ma_lk="A1", so_luu_tru="77"), new.Xml7(ma_lk="A1")])
    archived, report = convert_claim(claim, "4210")
    assert archived.counts() == {"XML1": 1}
    dropped = {(e.table, e.tag): e.rows for e in report.without_target if e.table == "XML7"}
    assert dropped == {("XML7", "MA_LK"): 2, ("XML7", "SO_LUU_TRU"): 1}


def test_the_archive_joins_the_diseases_for_drug_lines() -> None:
    claim = case_130(ma_benh_chinh="I10", ma_benh_kt="E11.9").replace(
        xml2=[new.Xml2(ma_lk="A1", muc_huong="47.5")]
    )
    archived, report = convert_claim(claim, "4210")
    assert (archived.xml2[0].ma_benh, archived.xml2[0].muc_huong) == ("I10;E11.9", 48)
    assert losses(report, "XML2", "MA_BENH") == {Loss.ASSUMED}
    assert losses(report, "XML2", "MUC_HUONG") == {Loss.TRUNCATED}


def test_codes_are_never_cut() -> None:
    claim = case_130().replace(
        xml4=[new.Xml4(ma_lk="A1", gia_tri="9" * 51, ma_chi_so="C" * 60)],
        xml2=[new.Xml2(ma_lk="A1", lieu_dung="n" * 300)],
    )
    archived, report = convert_claim(claim, "4210")
    assert (archived.xml4[0].gia_tri, archived.xml4[0].ma_chi_so) == (None, None)
    assert losses(report, "XML4", "GIA_TRI") == {Loss.TOO_LONG}
    assert len(archived.xml2[0].lieu_dung) == 255
    assert losses(report, "XML2", "LIEU_DUNG") == {Loss.TRUNCATED}


def test_4750_to_3176() -> None:
    claim = Claim(
        xml1=new.Xml1(
            ma_lk="A1",
            ma_nghe_nghiep="22123",
            ma_loai_kcb="02",
            ngay_ra="202409052359",
            du_phong="x",
            ma_cskcb="79001",
        ),
        xml2=[new.Xml2(ma_lk="A1", ma_cskcb_thuoc="HC.79001", ma_bac_si="001/BYT.C.79002")],
        xml3=[new.Xml3(ma_lk="A1", ma_dich_vu="03.1_GT", ma_may="XN.1.79001.A7;B2")],
        xml6=[new.Xml6(ma_lk="A1", nhom_doi_tuong="10")],
        xml13=[
            new.Xml13(
                ma_lk="A1",
                ma_noi_den="79009",
                pp_dieu_tri="nội khoa",
                ten_thuoc="T1",
                pp_dieutri="P",
            )
        ],
        xml14=[new.Xml14(ma_lk="A1", ngay_hen_kl="202410010830")],
    )
    result, report = convert_claim(claim, "3176", source="4750")
    assert (result.xml1.ma_nghe_nghiep, result.xml1.du_phong) == ("22", None)
    assert losses(report, "XML1", "NGAY_RA") == {Loss.KEPT}
    assert (result.xml2[0].ma_cskcb_thuoc, result.xml2[0].ma_bac_si) == (
        "H.79001",
        "001/BYT.HD.79002",
    )
    assert (result.xml3[0].ma_dich_vu, result.xml3[0].ma_may) == ("03.1_TT", "XN.1.A7;B2")
    assert result.xml6[0].nhom_doi_tuong == "8"
    paper = result.xml13[0]
    assert (paper.ma_cskcb_den, paper.ma_noi_den, paper.tinh_trang_ct) == ("79009", None, None)
    assert losses(report, "XML13", "TEN_THUOC") == {Loss.NO_TARGET}
    assert result.xml14[0].ngay_hen_kl.text == "20241001"
    options = ConvertOptions(move_transfer_condition=True, merge_transfer_names=True)
    asked, report = convert_claim(claim, "3176", source="4750", options=options)
    assert (asked.xml13[0].tinh_trang_ct, asked.xml13[0].pp_dieutri) == ("nội khoa", "P; T1")
    assert losses(report, "XML13", "TEN_THUOC") == set()


def test_130_to_3176_goes_through_4750() -> None:
    claim = Claim(
        xml1=new.Xml1(ma_lk="A1", ma_loai_kcb="3", t_tongchi_bv="200000", t_bntt="100000"),
        xml3=[
            new.Xml3(
                ma_lk="A1",
                tyle_tt_dv=50,
                so_luong="1",
                don_gia_bv="200000",
                thanh_tien_bv="200000",
                t_bntt="100000",
            )
        ],
        xml6=[new.Xml6(ma_lk="A1", ma_xu_tri="7")],
    )
    result, report = convert_claim(claim, "3176", source="130")
    assert result.xml1.ma_loai_kcb == "03"
    assert result.xml6[0].ma_xu_tri == "8"
    assert (result.xml3[0].thanh_tien_bv, result.xml3[0].t_bntt) == (Decimal(100000), Decimal(0))
    assert (result.xml1.t_tongchi_bv, result.xml1.t_bntt) == (Decimal(100000), Decimal(0))
    missing = {(e.to_table, e.to_tag) for e in report.of(Loss.MISSING_OPTIONAL)}
    assert ("XML1", "NHOM_MAU") in missing


def test_3176_splits_supported_lines_anew() -> None:
    line = new.Xml2(
        ma_lk="A1",
        so_luong="1",
        don_gia="10000000",
        tyle_tt_bh=50,
        muc_huong="80",
        thanh_tien_bv="10000000",
        thanh_tien_bh="3500000",
        t_nguonkhac="3000000",
        t_bntt="3500000",
        t_bncct="700000",
        t_bhtt="2800000",
    )
    plain = line.replace(t_nguonkhac="0")
    result, report = convert_claim(Claim(xml2=[line, plain]), "3176", source="4750")
    row = result.xml2[0]
    assert (row.thanh_tien_bh, row.t_bntt) == (Decimal(5000000), Decimal(2000000))
    assert (row.t_bncct, row.t_bhtt) == (Decimal(1000000), Decimal(4000000))
    assert row.thanh_tien_bv == row.t_bntt + row.t_bncct + row.t_bhtt + row.t_nguonkhac
    assert result.xml2[1] == plain
    assert losses(report, "XML2", "T_BNTT") == {Loss.RECOMPUTED}


def test_the_report_is_json_without_values_and_in_both_languages() -> None:
    _, report = convert_claim(case_4210(ma_benh="QBIMAT9"), "3176")
    data = json.loads(report.to_json())
    assert (data["version"], data["from"], data["to"], data["encounters"]) == (
        1,
        ["4210"],
        "3176",
        1,
    )
    assert {"table": "XML1", "tag": "MA_QUOCTICH", "rows": 1, "code": "CONV-01"} in data[
        "missing_required"
    ]
    assert "QBIMAT9" not in report.to_json()
    entry = next(e for e in data["entries"] if e["tag"] == "MA_LYDO_VVIEN")
    assert (entry["kind"], entry["required"], entry["severity"]) == (
        "undetermined",
        "yes",
        "error",
    )
    assert "không tự suy ra" in entry["reason_vi"]
    assert "not guessed" in entry["reason_en"]
    assert set(data["counts"]) <= {loss.name.lower() for loss in Loss}


def test_unknown_elements_are_named_and_a_wrong_source_is_refused() -> None:
    row = old.Xml5._trusted({"ma_lk": "A1"}, None, (("GHI_CHU_LA", "x"),))
    _, report = convert_claim(Claim(xml5=[row]), "3176")
    assert losses(report, "XML5", "GHI_CHU_LA") == {Loss.UNKNOWN_ELEMENT}
    with pytest.raises(SpecError) as caught:
        convert_claim(case_4210(), "130", source="3176")
    assert caught.value.code == "CONV-20"
    with pytest.raises(SpecError):
        convert_claim(case_4210(), "9999")


def test_reports_of_two_targets_do_not_add_up() -> None:
    _, first = convert_claim(case_4210(), "3176")
    _, second = convert_claim(case_4210(), "130")
    with pytest.raises(ValueError, match="one target"):
        first + second
