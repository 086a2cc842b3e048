"""Variants that one rule accepts or refuses, beyond its two examples."""

import pytest

from vnhealth import rules

OUT = "outpatient 2026-03-16"
OUT_4750 = "outpatient 2024-12-31"
INP = "inpatient 2026-03-14"
INP_4750 = "inpatient 2024-12-31"
PAPERS = "papers 2026-03-14"
OLD = "outpatient4210 2024-03-15"
ARV = (
    "XML2[1].T_NGUONKHAC=3703.65 | XML2[1].T_NGUONKHAC_CL=3703.65 | XML2[1].T_BNTT=18518.25 | "
    "XML2[1].T_BNCCT=0 | XML2[1].T_BHTT=14814.60"
)
PACKAGE = (
    "XML3[3].GOI_VTYT=G1 | XML3[3].T_TRANTT=10000 | XML3[3]+ | XML3[4].STT=5 | "
    "XML3[4].T_TRANTT=10000"
)
HOURS = (
    "XML1[0].NGAY_VAO=202603140{0}00 | XML1[0].NGAY_VAO_NOI_TRU=202603140{0}00 | "
    "XML1[0].SO_NGAY_DTRI=1"
)

CASES = (
    # code, base, edits, found
    ("BHYT-XML3-001", OLD, "XML3[0].TYLE_TT=30 | XML3[0].THANH_TIEN=15180", False),  # L02
    ("BHYT-XML3-001", OLD, "XML3[0].TYLE_TT=30 | XML3[0].THANH_TIEN=15181.5", True),
    ("BHYT-XML2-004", OLD, "XML2[0].MA_PTTT=2 | XML2[0].T_NGOAIDS=12000", False),
    ("BHYT-XML2-004", OLD, "XML2[0].MA_PTTT=2", True),
    ("BHYT-XML3-013", OUT_4750, "XML3[0].TYLE_TT_DV=30 | XML3[0].THANH_TIEN_BV=15180", False),
    ("BHYT-XML3-015", OUT_4750, "XML3[0].TYLE_TT_DV=30 | XML3[0].THANH_TIEN_BH=15180", False),
    ("BHYT-XML3-015", OUT_4750, "XML3[0].TYLE_TT_DV=30 | XML3[0].THANH_TIEN_BH=15190", True),
    ("BHYT-XML3-016", OUT, "XML3[0].TYLE_TT_DV=30 | XML3[0].THANH_TIEN_BH=15180", False),
    ("BHYT-XML2-020", OUT_4750, ARV, False),  # L24
    ("BHYT-XML2-021", OUT_4750, ARV, False),
    ("BHYT-XML2-021", OUT, ARV, True),
    ("BHYT-XML3-027", OUT_4750, "XML3[3].T_TRANTT=3000", True),
    ("BHYT-XML3-027", OUT_4750, "XML3[3].DON_GIA_BH=3000", False),
    ("BHYT-XML3-027", OUT, "XML3[3].DON_GIA_BH=3000", True),
    ("BHYT-XML3-029", OUT_4750, PACKAGE, True),
    ("BHYT-XML3-029", OUT_4750, PACKAGE.replace("=10000", "=12736"), False),
    ("BHYT-XML3-029", OUT, PACKAGE, False),  # per item since 3176
    ("BHYT-XML3-030", OUT, "XML3[0].MA_DICH_VU=03.1234.0010_TT", True),
    ("BHYT-XML3-030", OUT, "XML3[0].MA_DICH_VU=03.1234.0010_TB", False),
    ("BHYT-XML3-030", OUT_4750, "XML3[0].MA_DICH_VU=03.1234.0010_TB", True),
    ("BHYT-XML3-030", OUT_4750, "XML3[0].MA_DICH_VU=03.1234.0000 | XML3[0].DON_GIA_BH=0", False),
    ("BHYT-CLAIM-102", OUT, "XML3[3].MA_NHOM=9", False),  # T_VTYT by MA_VAT_TU
    ("BHYT-CLAIM-109", OUT, "XML3[0].MA_PTTT=2", True),
    ("BHYT-CLAIM-109", OUT, "XML1[0].MA_THE_BHYT=QN5010000012345 | XML3[0].MA_PTTT=2", False),
    ("BHYT-CLAIM-012", OUT, "XML8+ | XML1[0].MA_LOAI_KCB=05", False),
    ("BHYT-CLAIM-001", OUT, "XML1[0].MA_LK= | XML3[0].MA_LK=KHAC", True),
    ("BHYT-CLAIM-001", OUT, "XML1[0].MA_LK=", False),
    ("BHYT-CLAIM-010", PAPERS, "XML14[0].NGAY_VAO=20260310", False),  # as far as known
    ("BHYT-CLAIM-010", PAPERS, "XML13[0].NGAY_VAO=20260311", True),
    ("BHYT-CLAIM-010", PAPERS, "XML13[0].MA_NGHE_NGHIEP=00123", False),  # a deeper level
    ("BHYT-CLAIM-010", PAPERS, "XML14[0].MA_BENH_YHCT=U50", True),  # XML1 has none
    ("BHYT-XML1-073", INP_4750, "XML1[0].MA_LOAI_KCB=05", False),
    ("BHYT-XML1-073", INP_4750, "XML1[0].MA_LOAI_KCB=07", True),
    ("BHYT-XML1-074", INP, "XML1[0].MA_LOAI_KCB=09", True),
    ("BHYT-XML1-074", INP, "XML1[0].MA_LOAI_KCB=09 | XML1[0].SO_NGAY_DTRI=0", False),
    ("BHYT-XML1-074", INP, "XML1[0].MA_LOAI_KCB=08 | XML1[0].SO_NGAY_DTRI=6", True),
    ("BHYT-XML1-075", INP, "XML1[0].MA_LOAI_KCB=02 | XML1[0].SO_NGAY_DTRI=1", False),
    ("BHYT-XML1-081", OUT, "XML1[0].MA_THE_BHYT=QN5010000012345 | XML1[0].GT_THE_DEN=", False),
    ("BHYT-XML1-041", OUT, "XML1[0].GT_THE_DEN=", True),
    ("BHYT-XML1-041", OUT, "XML1[0].MA_THE_BHYT=QN5010000012345 | XML1[0].GT_THE_DEN=", False),
    (
        "BHYT-XML1-081",
        OUT,
        "XML1[0].MA_THE_BHYT=GD4010000012345;GD4010000012346 | XML1[0].MA_DKBD=01901;01901 | "
        "XML1[0].GT_THE_TU=20250101;20260101 | XML1[0].GT_THE_DEN=20251231;20261231",
        False,
    ),
    ("BHYT-XML1-114", OUT, "XML1[0].SO_CCCD= | XML1[0].NGAY_SINH=202603150512", False),
    ("BHYT-XML11-072", INP, "XML1[0].MA_BENH_CHINH=A15.0 | XML11[0].SO_NGAY_NGHI=180", False),
    ("BHYT-XML11-072", INP, "XML1[0].MA_BENH_CHINH=A15.0 | XML11[0].SO_NGAY_NGHI=181", True),
    (
        "BHYT-XML11-072",
        INP,
        "XML11[0].MA_DINH_CHI_THAI=1 | XML11[0].TUOI_THAI=13 | XML11[0].SO_NGAY_NGHI=50",
        False,
    ),
    (
        "BHYT-XML11-072",
        INP,
        "XML11[0].MA_DINH_CHI_THAI=1 | XML11[0].TUOI_THAI=12 | XML11[0].SO_NGAY_NGHI=50",
        True,
    ),
    ("BHYT-XML10-071", PAPERS, "XML10[0].SO_NGAY=9", False),
    ("BHYT-XML10-071", PAPERS, "XML10[0].SO_NGAY=11", True),
    (
        "BHYT-XML10-131",
        PAPERS,
        "XML10[0].CHAN_DOAN_RV=NGHI\u0309 DU\u031bO\u031b\u0303NG THAI",
        False,
    ),
    ("BHYT-FMT-008", OUT_4750, "XML2[0].MA_BAC_SI=000001/BYT-CCHN.C.79048", False),
    ("BHYT-FMT-008", OUT_4750, "XML2[0].MA_BAC_SI=000001/BYT-CCHN.HD.79048", True),
    ("BHYT-FMT-008", OUT, "XML2[0].MA_BAC_SI=000001/BYT-GPHN.HD.790", True),
    ("BHYT-XML3-129", OUT_4750, "XML3[1].MA_MAY=SH.1.MAU01", True),
    ("BHYT-XML3-129", OUT_4750, "XML3[1].MA_MAY=SH.1.01901.A.B", False),
    ("BHYT-XML3-123", OLD, "XML3[3].GOI_VTYT=G1", False),
    ("BHYT-FMT-009", OUT, "XML1[0].MA_THE_BHYT=003090000001", False),
    ("BHYT-FMT-010", OUT, "XML1[0].MA_THE_BHYT=003090000001", True),
    ("BHYT-CLAIM-142", INP, HOURS.format(7), True),  # no bed below four hours
    ("BHYT-CLAIM-142", INP, HOURS.format(5) + " | XML3[4].SO_LUONG=1", False),
    ("BHYT-CLAIM-142", INP, "XML3[4].SO_LUONG=5", True),
    ("BHYT-CLAIM-142", INP, "XML3[4].SO_LUONG=5 | XML1[0].KET_QUA_DTRI=5", False),
    ("BHYT-CLAIM-145", INP, "XML3[4]+ | XML3[6].TYLE_TT_DV=50", False),
    ("BHYT-CLAIM-004", OUT, "XML3[0].STT=2 | XML3[1].STT=1", False),
    ("BHYT-FLD-04", OUT, "XML3[0].MA_KHOA=K0103", False),  # joined departments
    ("BHYT-FLD-04", OUT, "XML3[0].MA_KHOA=K01.2", False),
    ("BHYT-FLD-04", OUT, "XML3[0].MA_KHOA=K0177", True),
    ("BHYT-FLD-04", OUT, "XML1[0].MA_KHOA=K01;K03;K26", False),
    ("BHYT-FLD-05", OUT, "XML1[0].NGAY_MIEN_CCT=20260101", False),
    ("BHYT-FLD-05", OUT, "XML1[0].NGAY_MIEN_CCT=202601010000", False),
    ("BHYT-FLD-10", OUT, "XML1[0].NGAY_SINH=198600000000", False),
    ("BHYT-FLD-03", OUT, "XML2[0].DON_GIA=1500.0000", False),  # padding is no decimal
    ("BHYT-FLD-03", OUT, "XML2[0].DON_GIA=1500.0001", True),
    ("BHYT-FLD-02", OUT, "XML2[0].SO_LUONG=12345678901", True),
)


@pytest.mark.parametrize(("code", "base", "edits", "found"), CASES)
def test_variant(code, base, edits, found, edited):
    target, _ = edited(base, edits)
    seen = code in rules.check(target).codes
    assert seen is found
