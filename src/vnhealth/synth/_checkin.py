"""Check-in rows (XML0) of a claim, and medical assessments (XML12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Record, record_class
from vnhealth.spec import Edition, Family
from vnhealth.spec import table as spec_table
from vnhealth.synth._context import default_day, edition_of
from vnhealth.synth._dice import Dice
from vnhealth.synth._people import Person, household

__all__ = ["assessments", "checkin"]

_EMERGENCY = "2"


def _record(edition: Edition, table: str, values: dict[str, Any]) -> Record:
    tags = frozenset(spec_table(edition, table).tags)
    kept = {t.lower(): v for t, v in values.items() if t in tags and v is not None and v != ""}
    return record_class(Family.F130, table)(**kept)


def _first_cost(claim: Claim, since: LocalTime | None) -> dict[str, Any] | None:
    """The first service, supply or drug with a cost, ordered at or after a moment."""
    lines = sorted(
        (*claim.rows("XML3"), *claim.rows("XML2")),
        key=lambda row: (row.ngay_yl.text, row.TABLE, row.stt),
    )
    for row in lines:
        if since is not None and row.ngay_yl < since:
            continue
        if row.TABLE == "XML2" and row.ma_thuoc:
            names = {"MA_THUOC": row.ma_thuoc, "TEN_THUOC": row.ten_thuoc}
        elif row.TABLE == "XML3" and row.ma_vat_tu:
            names = {"MA_VAT_TU": row.ma_vat_tu, "TEN_VAT_TU": row.ten_vat_tu}
        elif row.TABLE == "XML3":
            names = {"MA_DICH_VU": row.ma_dich_vu, "TEN_DICH_VU": row.ten_dich_vu}
        else:
            continue
        return {**names, "NGAY_YL": row.ngay_yl}
    return None


def _service_only(claim: Claim) -> dict[str, Any] | None:
    """QD 130 knows only services in XML0."""
    for row in claim.rows("XML3"):
        if not row.ma_vat_tu:
            names = {"MA_DICH_VU": row.ma_dich_vu, "TEN_DICH_VU": row.ten_dich_vu}
            return {**names, "NGAY_YL": row.ngay_yl}
    return None


def checkin(claim: Claim, *, edition: Edition | str | None = None) -> tuple[Record, ...]:
    """The rows of XML0 that announce a claim, in the order in which they are sent.

    One after the first cost; since QD 4750 a second one after the first cost on the ward. None for
    emergencies. STT counts within the tuple: number the rows anew when they are sent apart.

    Legal source: decision 4750/QĐ-BYT, article 2.

    >>> from vnhealth import synth
    >>> len(checkin(synth.persona("LO_THI_HA").claim(facility="12991")))
    2
    """
    found = edition_of(edition) if edition is not None else claim.edition()
    x = claim.xml1
    if claim.family is not Family.F130 or x.ma_doituong_kcb == _EMERGENCY:
        return ()
    shared = {tag: x[tag] for tag in _SHARED}
    for tag in ("MA_THE_BHYT", "MA_DKBD", "GT_THE_TU", "GT_THE_DEN"):
        shared[tag] = (x[tag] or "").split(";")[0]
    early = found is Edition.QD130
    if early:
        shared["MA_DOITUONG_KCB"] = x.ma_doituong_kcb.split(".")[0]
    first = _service_only(claim) if early else _first_cost(claim, None)
    rows = []
    if first is not None:
        rows.append(_record(found, "XML0", {**shared, **first, "STT": 1}))
    ward = None if early or x.ngay_vao_noi_tru is None else x.ngay_vao_noi_tru
    second = _first_cost(claim, ward) if ward is not None else None
    if second is not None:
        more = {"STT": len(rows) + 1, "NGAY_VAO_NOI_TRU": ward, "LY_DO_VNT": x.ly_do_vnt}
        rows.append(_record(found, "XML0", {**shared, **second, **more}))
    return tuple(rows)


_SHARED = (
    *("MA_LK", "MA_BN", "HO_TEN", "SO_CCCD", "NGAY_SINH", "GIOI_TINH"),
    *("MA_DOITUONG_KCB", "NGAY_VAO", "MA_LOAI_KCB", "MA_CSKCB"),
)

_SUBJECTS = ("BHXH1L", "TNLĐ", "BNN", "NKT", "TB", "KNLĐH")


def assessments(
    count: int,
    *,
    edition: Edition | str = Edition.QD3176,
    seed: int = 0,
    day: dt.date | None = None,
) -> Iterator[Record]:
    """Rows of XML12: invented people before an invented medical council.

    >>> row = next(assessments(1, seed=7))
    >>> row.TABLE, 0 <= row.tyle_ttct_moi <= 100
    ('XML12', True)
    """
    found = edition_of(edition)
    held = day or default_day(found)
    for i in range(count):
        dice = Dice("assessment", seed, i)
        home = household(seed, dice.below(4000))
        grown = [p for p in home.members if p.insured and p.age(held) >= 18]
        person = dice.pick(grown or home.members[:2])
        yield _assessment(found, held, i, person, dice)


def _assessment(edition: Edition, day: dt.date, i: int, person: Person, dice: Dice) -> Record:
    subject = dice.pick(_SUBJECTS)
    rate = dice.between(15, 65)
    asked = day - dt.timedelta(days=dice.between(20, 60))
    number = f"{day.year}/{i + 1:04d}"
    disabled = subject == "NKT"
    return _record(
        edition,
        "XML12",
        {
            "NGUOI_CHU_TRI": "Trần Văn Chủ Trì",
            "CHUC_VU": 1,
            "NGAY_HOP": LocalTime.of(day),
            "HO_TEN": person.name,
            "NGAY_SINH": LocalTime.of(person.born.date()),
            "SO_CCCD": person.cccd,
            "NGAY_CAP_CCCD": LocalTime.of(person.issued),
            "NOI_CAP_CCCD": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
            "DIA_CHI": person.address(day),
            "MATINH_CU_TRU": person.place.province,
            "MAHUYEN_CU_TRU": person.place.district if day < dt.date(2025, 7, 1) else "",
            "MAXA_CU_TRU": person.place.commune,
            "MA_BHXH": person.bhxh,
            "NGHE_NGHIEP": person.job.name,
            "DIEN_THOAI": person.phone,
            "MA_DOI_TUONG": subject,
            "KHAM_GIAM_DINH": dice.pick((1, 1, 2)),
            "SO_BIEN_BAN": f"{number}/BB-MAU",
            "DANG_HUONG_CHE_DO": dice.pick(("2", "3", "4", "7")),
            "NGAY_CHUNG_TU": LocalTime.of(day),
            "SO_GIAY_GIOI_THIEU": f"{number}/GGT-MAU",
            "NGAY_DE_NGHI": LocalTime.of(asked),
            "MA_DONVI": f"{person.place.province}000MAU",
            "GIOI_THIEU_CUA": f"Cơ quan Mẫu, {person.place.province_name_2025}",
            "KET_QUA_KHAM": "Hạn chế vận động, không có bệnh cấp tính; các chuyên khoa đã khám đủ",
            "SO_VAN_BAN_CAN_CU": "Thông tư hiện hành về giám định y khoa",
            "TYLE_TTCT_MOI": rate,
            "TONG_TYLE_TTCT": rate,
            "DANG_KHUYETTAT": 1 if disabled else None,
            "MUC_DO_KHUYETTAT": 2 if disabled else None,
            "DE_NGHI": "Đề nghị giải quyết chế độ theo quy định",
            "DUOC_XACDINH": "Không cần người chăm sóc thường xuyên",
        },
    )
