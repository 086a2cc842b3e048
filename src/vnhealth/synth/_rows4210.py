"""The claim of an episode in the five tables of QD 4210."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Record, record_class
from vnhealth.spec import Family
from vnhealth.synth._context import Context
from vnhealth.synth._episode import DrugLine, Episode, ServiceLine
from vnhealth.synth._money import Amounts, old_amounts
from vnhealth.synth._words import machine, patient_number, tender

__all__ = ["old_claim"]

ZERO = Decimal("0.00")
_ROUTES = {"emergency": 2, "self": 3}


class _OldSheet:
    def __init__(self, ctx: Context, episode: Episode) -> None:
        self.ctx = ctx
        self.e = episode
        self.amounts: list[tuple[bool, bool, Amounts]] = []

    def row(self, table: str, values: Mapping[str, Any]) -> Record:
        kept = {t.lower(): v for t, v in values.items() if v is not None and v != ""}
        return record_class(Family.F4210, table)(ma_lk=self.e.link, **kept)

    @property
    def payment(self) -> int:
        """MA_PTTT: 1 capitation, 0 fee for service; drugs at a rate count outside (2)."""
        return 1 if self.e.capitation else 0

    def _money(self, a: Amounts, payment: int) -> dict[str, Any]:
        return {
            "TYLE_TT": a.rate_bh,
            "THANH_TIEN": a.total_bv,
            "MUC_HUONG": a.percent,
            "T_NGUONKHAC": a.support if a.support else ZERO,
            "T_BNTT": a.self_pay,
            "T_BHTT": a.fund,
            "T_BNCCT": a.co_pay,
            "T_NGOAIDS": a.fund if payment == 2 else ZERO,
            "MA_PTTT": payment,
        }

    def _common(self, line: DrugLine | ServiceLine) -> dict[str, Any]:
        codes = (self.e.diagnosis.code, *(d.code for d in self.e.also))
        return {
            "PHAM_VI": 1 if line.covered else 2,
            "MA_KHOA": line.dept,
            "MA_BAC_SI": line.doctor.certificate,
            "MA_BENH": ";".join(codes),
            "NGAY_YL": LocalTime.of(line.ordered),
        }

    def drug(self, line: DrugLine, stt: int) -> Record:
        a = old_amounts(line, self.e.percent)
        payment = 2 if self.e.capitation and line.drug.tyle < 100 else self.payment
        self.amounts.append((payment == 2, False, a))
        d = line.drug
        return self.row(
            "XML2",
            {
                "STT": stt,
                "MA_THUOC": d.ma_thuoc,
                "MA_NHOM": d.ma_nhom,
                "TEN_THUOC": d.ten_thuoc,
                "DON_VI_TINH": d.don_vi_tinh,
                "HAM_LUONG": d.ham_luong.replace(" + ", ";"),
                "DUONG_DUNG": d.duong_dung,
                "LIEU_DUNG": f"{d.lieu} {d.don_vi_tinh.lower()}/lần * {d.lan} lần/ngày",
                "SO_DANG_KY": d.so_dang_ky,
                "TT_THAU": "" if d.ma_nhom in (7, 17) else tender(d.key, self.ctx.edition),
                "SO_LUONG": line.quantity.quantize(Decimal("0.001")),
                "DON_GIA": a.price_bv,
                **self._common(line),
                **self._money(a, payment),
            },
        )

    def service(self, line: ServiceLine, stt: int) -> Record:
        a = old_amounts(line, self.e.percent)
        payment = 2 if self.e.capitation and line.supply is not None else self.payment
        self.amounts.append((payment == 2, line.supply is not None, a))
        s, v = line.service, line.supply
        item: Any = s or v
        values = {
            **self._common(line),
            "STT": stt,
            "MA_DICH_VU": line.code or (s.ma_dich_vu if s else line.within),
            "MA_VAT_TU": v.ma_vat_tu if v else "",
            "MA_NHOM": line.group,
            "GOI_VTYT": line.package,
            "TEN_VAT_TU": v.ten_vat_tu if v else "",
            "TEN_DICH_VU": s.ten_dich_vu if s else self._within_name(line),
            "DON_VI_TINH": item.don_vi_tinh,
            "SO_LUONG": line.quantity.quantize(Decimal("0.01")),
            "DON_GIA": a.price_bv,
            "TT_THAU": "2023.G3.21/QĐ-MAU" if v else "",
            "T_TRANTT": v.tran.quantize(ZERO) if v and v.tran and line.covered else None,
            "MA_GIUONG": line.bed,
            "NGAY_KQ": LocalTime.of(line.result) if line.result else None,
            **self._money(a, payment),
        }
        if line.performer is not None and line.performer is not line.doctor:
            values["MA_BAC_SI"] = f"{line.doctor.certificate};{line.performer.certificate}"
        if line.done is not None:
            values["NGAY_YL"] = LocalTime.of(line.done)
        return self.row("XML3", values)

    def _within_name(self, line: ServiceLine) -> str:
        for other in self.e.services:
            if line.within and other.service and other.service.ma_dich_vu == line.within:
                return other.service.ten_dich_vu
        return ""

    def results(self) -> list[Record]:
        found = []
        for stt, r in enumerate(self.e.results, 1):
            i, text = r.indicator, r.reading
            values: dict[str, Any] = {
                "STT": stt,
                "MA_DICH_VU": r.service.ma_dich_vu,
                "MA_MAY": machine(r.service.may, self.ctx.facility.code, self.ctx.edition),
                "NGAY_KQ": LocalTime.of(r.at),
                "MA_CHI_SO": i.ma_chi_so if i else r.service.ma_dich_vu,
                "TEN_CHI_SO": i.ten_chi_so if i else r.service.ten_dich_vu,
                "GIA_TRI": f"{r.value} {i.don_vi_do}" if i else "",
                "MO_TA": text.mo_ta if text else "",
                "KET_LUAN": r.value if text else "",
            }
            found.append(self.row("XML4", values))
        return found

    def journal(self) -> list[Record]:
        return [
            self.row(
                "XML5",
                {
                    "STT": stt,
                    "DIEN_BIEN": n.text,
                    "HOI_CHAN": n.consult,
                    "PHAU_THUAT": n.surgery,
                    "NGAY_YL": LocalTime.of(n.at),
                },
            )
            for stt, n in enumerate(self.e.notes, 1)
        ]

    def _days(self) -> int:
        e = self.e
        if e.loai == "9":
            return 0
        return max(1, (e.written_end.date() - e.arrived.date()).days + (e.loai == "3"))

    def _settled(self) -> dt.datetime:
        """NGAY_TTOAN; outpatient treatment ends at 0000 and is settled during that day."""
        e = self.e
        return e.written_end + dt.timedelta(hours=9) if e.loai == "2" else e.written_end

    def summary(self) -> Record:
        e, p, ctx = self.e, self.e.person, self.ctx
        each = [a for _, _, a in self.amounts]
        cards = e.cards
        born = f"{p.born.year}0101" if p.precision == "year" else f"{p.born:%Y%m%d}"
        young = p.age(e.arrived.date()) < 1
        cards_from = ";".join(f"{c.valid_from:%Y%m%d}" for c in cards)
        cards_to = ";".join(f"{c.valid_to:%Y%m%d}" for c in cards)
        return self.row(
            "XML1",
            {
                "STT": 1,
                "MA_BN": patient_number(ctx, e),
                "HO_TEN": p.name,
                "NGAY_SINH": LocalTime.parse(born),
                "GIOI_TINH": p.sex,
                "DIA_CHI": p.address(ctx.day),
                "MA_THE": ";".join(c.number for c in cards),
                "MA_DKBD": ";".join(c.registered for c in cards),
                "GT_THE_TU": cards_from or f"{e.arrived:%Y%m%d}",
                "GT_THE_DEN": cards_to or f"{e.written_end:%Y%m%d}",
                "TEN_BENH": e.diagnosis_text,
                "MA_BENH": e.diagnosis.code,
                "MA_BENHKHAC": ";".join(d.code for d in e.also),
                "MA_LYDO_VVIEN": _ROUTES.get(e.why, 1) if cards else "",
                "MA_NOI_CHUYEN": e.came_from,
                "MA_TAI_NAN": e.diagnosis.injury,
                "NGAY_VAO": LocalTime.of(e.arrived),
                "NGAY_RA": LocalTime.of(e.written_end),
                "SO_NGAY_DTRI": self._days(),
                "KET_QUA_DTRI": e.outcome,
                "TINH_TRANG_RV": {"5": "2"}.get(e.discharge, e.discharge),
                "NGAY_TTOAN": LocalTime.of(self._settled()),
                "T_THUOC": sum((a.total_bv for a in each[: len(e.drugs)]), ZERO),
                "T_VTYT": sum((a.total_bv for _, supply, a in self.amounts if supply), ZERO),
                "T_TONGCHI": sum((a.total_bv for a in each), ZERO),
                "T_BNTT": sum((a.self_pay for a in each), ZERO),
                "T_BNCCT": sum((a.co_pay for a in each), ZERO),
                "T_BHTT": sum((a.fund for a in each), ZERO),
                "T_NGUONKHAC": sum((a.support for a in each), ZERO),
                "T_NGOAIDS": sum((a.fund for out, _, a in self.amounts if out), ZERO),
                "NAM_QT": ctx.day.year,
                "THANG_QT": ctx.day.month,
                "MA_LOAI_KCB": e.loai,
                "MA_KHOA": e.dept,
                "MA_CSKCB": ctx.facility.code,
                "MA_KHUVUC": p.place.area if cards else "",
                "MA_PTTT_QT": e.icd9,
                "CAN_NANG": e.weight if young else None,
            },
        )


def old_claim(ctx: Context, episode: Episode) -> Claim:
    """The claim of an episode under QD 4210."""
    sheet = _OldSheet(ctx, episode)
    tables = {
        "XML2": [sheet.drug(line, n) for n, line in enumerate(episode.drugs, 1)],
        "XML3": [sheet.service(line, n) for n, line in enumerate(episode.services, 1)],
        "XML4": sheet.results(),
        "XML5": sheet.journal(),
    }
    tables["XML1"] = [sheet.summary()]
    held = {name: tuple(rows) for name, rows in tables.items() if rows}
    return Claim.from_tables(Family.F4210, held)
