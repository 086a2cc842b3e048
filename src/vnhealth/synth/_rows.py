"""The rows of XML1 to XML5 in the family of QD 130 (editions 130, 4750, 3176, 1931)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Record, record_class
from vnhealth.spec import Edition
from vnhealth.synth._context import Context
from vnhealth.synth._episode import DrugLine, Episode, ServiceLine
from vnhealth.synth._money import Amounts, drug_amounts, r2, service_amounts
from vnhealth.synth._people import Person
from vnhealth.synth._words import machine, patient_number, tender

__all__ = ["Sheet"]

_THOUSANDTH = Decimal("0.001")
ZERO = Decimal("0.00")


class Sheet:
    """Writes one episode down in the tables of the edition."""

    def __init__(self, ctx: Context, episode: Episode) -> None:
        self.ctx = ctx
        self.e = episode
        self.drugs: list[Record] = []
        self.services: list[Record] = []
        self.amounts: list[tuple[int, bool, Amounts, int]] = []

    def row(self, table: str, values: Mapping[str, Any]) -> Record:
        """A record with those of the values whose tag the edition has; '' and None are absent."""
        tags = self.ctx.tags[table]
        kept = {
            tag.lower(): value
            for tag, value in values.items()
            if tag in tags and value is not None and value != ""
        }
        return record_class(self.ctx.family, table)(ma_lk=self.e.link, **kept)

    @staticmethod
    def born(person: Person) -> LocalTime:
        """NGAY_SINH: 12 digits, unknown parts 0000."""
        if person.precision == "year":
            return LocalTime.parse(f"{person.born.year}00000000")
        if person.precision == "minute":
            return LocalTime.of(person.born)
        return LocalTime.parse(f"{person.born:%Y%m%d}0000")

    def identity(self) -> dict[str, Any]:
        """Fields of the person that several tables repeat."""
        e, p, ctx = self.e, self.e.person, self.ctx
        cards = e.cards
        return {
            "MA_BN": patient_number(ctx, e),
            "HO_TEN": p.name,
            "SO_CCCD": p.cccd,
            "NGAY_SINH": self.born(p),
            "GIOI_TINH": p.sex,
            "MA_QUOCTICH": "000",
            "MA_DANTOC": p.ethnic,
            "MA_NGHE_NGHIEP": self.occupation(),
            "DIA_CHI": p.address(ctx.day),
            "MATINH_CU_TRU": p.place.province,
            "MAHUYEN_CU_TRU": p.place.district if ctx.districts else "",
            "MAXA_CU_TRU": p.place.commune,
            "MA_THE_BHYT": ";".join(c.number for c in cards),
            "GT_THE_DEN": ";".join(f"{c.valid_to:%Y%m%d}" for c in cards),
            "MA_DOITUONG_KCB": e.category.code,
            "MA_CSKCB": ctx.facility.code,
            "NGAY_VAO": LocalTime.of(e.arrived),
            "NGAY_RA": LocalTime.of(e.written_end),
        }

    def occupation(self) -> str:
        """Five digits until QD 3176, then the two of level 2; zeros when none."""
        person, day = self.e.person, self.e.arrived.date()
        working = 18 <= person.age(day) < 60
        if self.ctx.modern:
            return person.job.cap2 if working else "00"
        return person.job.code5 if working else "00000"

    def staff(self, *people: Any) -> str:
        """Staff codes as the edition wants them."""
        return ";".join(p.code(self.ctx.edition) for p in people if p is not None)

    def _money(self, a: Amounts) -> dict[str, Any]:
        other = a.support
        return {
            "TYLE_TT_BH": a.rate_bh,
            "THANH_TIEN_BV": a.total_bv,
            "THANH_TIEN_BH": a.total_bh,
            "T_NGUONKHAC_NSNN": ZERO,
            "T_NGUONKHAC_VTNN": other if other else ZERO,
            "T_NGUONKHAC_VTTN": ZERO,
            "T_NGUONKHAC_CL": ZERO,
            "T_NGUONKHAC": other if other else ZERO,
            "MUC_HUONG": a.percent,
            "T_BNTT": a.self_pay,
            "T_BNCCT": a.co_pay,
            "T_BHTT": a.fund,
        }

    @property
    def payment(self) -> int:
        """MA_PTTT: 2 for capitation, else 1."""
        return 2 if self.e.capitation else 1

    def drug(self, line: DrugLine, stt: int) -> Record:
        """One row of XML2."""
        a = drug_amounts(line, self.e.percent, self.ctx.edition)
        self.amounts.append((2, False, a, self.payment))
        d = line.drug
        strength = "" if self.ctx.modern and d.ma_nhom in (7, 17) else d.ham_luong
        return self.row(
            "XML2",
            {
                "STT": stt,
                "MA_THUOC": d.ma_thuoc,
                "MA_CSKCB_THUOC": f"M.{self.ctx.facility.province}996" if d.ma_nhom == 7 else "",
                "MA_NHOM": d.ma_nhom,
                "TEN_THUOC": d.ten_thuoc,
                "DON_VI_TINH": d.don_vi_tinh,
                "HAM_LUONG": strength or ("" if self.ctx.modern else "99,5%"),
                "DUONG_DUNG": d.duong_dung,
                "DANG_BAO_CHE": d.dang_bao_che,
                "LIEU_DUNG": line.dose,
                "CACH_DUNG": d.cach_dung,
                "SO_DANG_KY": d.so_dang_ky,
                "TT_THAU": "" if d.ma_nhom in (7, 17) else tender(d.key, self.ctx.edition),
                "PHAM_VI": 1 if line.covered else 2,
                "SO_LUONG": line.quantity.quantize(_THOUSANDTH),
                "DON_GIA": a.price_bv,
                **self._money(a),
                "MA_KHOA": line.dept,
                "MA_BAC_SI": self.staff(line.doctor),
                "MA_DICH_VU": line.service,
                "NGAY_YL": LocalTime.of(line.ordered),
                "NGAY_TH_YL": LocalTime.of(line.given) if line.given else None,
                "MA_PTTT": self.payment,
                "NGUON_CTRA": d.nguon if line.covered or d.nguon != 1 else 4,
            },
        )

    def service(self, line: ServiceLine, stt: int) -> Record:
        """One row of XML3: a service, a bed day or a supply."""
        a = service_amounts(line, self.e.percent, self.ctx.edition)
        self.amounts.append((3, line.supply is not None, a, self.payment))
        s, v = line.service, line.supply
        item: Any = s or v
        operated = s is not None and s.icd9 != ""
        return self.row(
            "XML3",
            {
                "STT": stt,
                "MA_DICH_VU": line.code or (s.ma_dich_vu if s else line.within),
                "MA_PTTT_QT": s.icd9 if s else "",
                "MA_VAT_TU": v.ma_vat_tu if v else "",
                "MA_NHOM": line.group,
                "GOI_VTYT": line.package,
                "TEN_VAT_TU": v.ten_vat_tu if v else "",
                "TEN_DICH_VU": s.ten_dich_vu if s else self._within_name(line),
                "MA_XANG_DAU": line.fuel,
                "DON_VI_TINH": item.don_vi_tinh,
                "PHAM_VI": 1 if line.covered else 2,
                "SO_LUONG": line.quantity.quantize(_THOUSANDTH),
                "DON_GIA_BV": a.price_bv,
                "DON_GIA_BH": a.price_bh,
                "TT_THAU": v.tt_thau if v else "",
                "TYLE_TT_DV": a.rate_dv,
                "T_TRANTT": r2(v.tran) if v and v.tran and line.covered else None,
                **self._money(a),
                "MA_KHOA": line.dept,
                "MA_GIUONG": line.bed,
                "MA_BAC_SI": self.staff(line.doctor),
                "NGUOI_THUC_HIEN": self.staff(line.performer),
                "MA_BENH": self.e.diagnosis.code,
                "NGAY_YL": LocalTime.of(line.ordered),
                "NGAY_TH_YL": LocalTime.of(line.done) if line.done else None,
                "NGAY_KQ": LocalTime.of(line.result) if line.result else None,
                "MA_PTTT": self.payment,
                "PP_VO_CAM": s.vo_cam if s and operated else "",
                "MA_MAY": machine(s.may, self.ctx.facility.code, self.ctx.edition) if s else "",
                "MA_HIEU_SP": v.hieu if v else "",
            },
        )

    def _within_name(self, line: ServiceLine) -> str:
        for other in self.e.services:
            if line.within and other.service and other.service.ma_dich_vu == line.within:
                return other.service.ten_dich_vu
        return ""

    def results(self) -> list[Record]:
        """The rows of XML4."""
        named = not self.ctx.modern
        found = []
        for stt, r in enumerate(self.e.results, 1):
            i, text = r.indicator, r.reading
            reader = self.staff(r.doctor)
            values: dict[str, Any] = {
                "STT": stt,
                "MA_DICH_VU": r.service.ma_dich_vu,
                "NGAY_KQ": LocalTime.of(r.at),
                "MA_BS_DOC_KQ": reader,
            }
            if i is not None:
                values |= {
                    "MA_CHI_SO": i.ma_chi_so,
                    "TEN_CHI_SO": i.ten_chi_so,
                    "GIA_TRI": r.value,
                    "DON_VI_DO": i.don_vi_do,
                }
            elif text is not None:
                values |= {
                    "MA_CHI_SO": r.service.ma_dich_vu if self.ctx.edition is Edition.QD130 else "",
                    "TEN_CHI_SO": r.service.ten_dich_vu if named else "",
                    "MO_TA": text.mo_ta,
                    "KET_LUAN": r.value,
                }
            found.append(self.row("XML4", values))
        return found

    def journal(self) -> list[Record]:
        """The rows of XML5."""
        return [
            self.row(
                "XML5",
                {
                    "STT": stt,
                    "DIEN_BIEN_LS": n.text,
                    "GIAI_DOAN_BENH": n.stage,
                    "HOI_CHAN": n.consult,
                    "PHAU_THUAT": n.surgery,
                    "THOI_DIEM_DBLS": LocalTime.of(n.at),
                    "NGUOI_THUC_HIEN": self.staff(n.staff),
                },
            )
            for stt, n in enumerate(self.e.notes, 1)
        ]
