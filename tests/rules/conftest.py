"""Clean encounters made by hand, and one-line edits on them. All people in here are invented."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from vnhealth import spec
from vnhealth.records import Claim, Document, DocumentKind, record_class

PERSON = {
    "HO_TEN": "NGUYỄN VĂN MẪU",
    "SO_CCCD": "003090000001",
    "NGAY_SINH": "199001010000",
    "GIOI_TINH": "1",
    "MA_QUOCTICH": "000",
    "MA_DANTOC": "01",
    "DIA_CHI": "Số 1 phố Mẫu",
    "MATINH_CU_TRU": "01",
    "MAXA_CU_TRU": "00001",
    "MA_THE_BHYT": "GD4010000012345",
}
CATEGORY_CHANGED = dt.date(2025, 7, 1)


def money(value: Decimal) -> str:
    return format(value.quantize(Decimal("0.01"), ROUND_HALF_UP), "f")


class Maker:
    """Builds the texts of a clean encounter of one kind that ends on one day."""

    def __init__(self, kind: str, on: dt.date):
        self.on = on
        self.old = kind.endswith("4210")
        self.kind = kind.removesuffix("4210")
        self.family = "4210" if self.old else "130"
        self.edition = spec.edition_at(on, self.family)
        self.inpatient = self.kind in ("inpatient", "papers")
        self.start = on - dt.timedelta(days=4) if self.inpatient else on
        self.begin = f"{self.start:%Y%m%d}0800"
        self.end = f"{self.on:%Y%m%d}1000"
        self.mid = f"{self.start:%Y%m%d}0830"
        self.tables: dict[str, list[dict[str, str]]] = {}

    def required(self, table: str, **given: str) -> dict[str, str]:
        """Every required field with a harmless value, then the given ones."""
        row: dict[str, str] = {}
        for f in spec.table(self.edition, table):
            if f.required == "yes":
                row[f.tag] = self.default(f)
        row.update(given)
        known = {f.tag for f in spec.table(self.edition, table)}
        return {tag: value for tag, value in row.items() if tag in known}

    def default(self, f: spec.Field) -> str:
        if f.code_set:
            held = spec.code_set(f.code_set, self.on)
            return next(c for c in held.codes if held.codes[c].valid_on(self.on))
        if f.type == "date8":
            return f"{self.on:%Y%m%d}"
        if f.type == "datetime12":
            return self.end
        if f.type == "number":
            return "0"
        if f.max_length == 5:
            return "01901"
        if f.max_length == 10:
            return "0000012345"
        return "Mẫu"

    def split(self, bv: Decimal, bh: Decimal, percent: int) -> dict[str, str]:
        fund = (bh * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return {"T_BNTT": money(bv - bh), "T_BNCCT": money(bh - fund), "T_BHTT": money(fund)}

    def amounts(self, table: str, quantity: str, price: str, rate: int = 100) -> dict[str, str]:
        percent = 80
        bv = (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        bh = (bv * rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        parts = self.split(bv, bh, percent)
        row = {"SO_LUONG": quantity, "MUC_HUONG": str(percent), "PHAM_VI": "1", **parts}
        if self.old:
            return {
                **row,
                "DON_GIA": price,
                "TYLE_TT": str(rate),
                "THANH_TIEN": money(bv),
                "T_NGUONKHAC": "0",
                "T_NGOAIDS": "0",
                "MA_PTTT": "0",
            }
        price_tags = (
            {"DON_GIA": price} if table == "XML2" else {"DON_GIA_BV": price, "DON_GIA_BH": price}
        )
        return {
            **row,
            **price_tags,
            "TYLE_TT_DV": "100",
            "TYLE_TT_BH": str(rate),
            "THANH_TIEN_BV": money(bv),
            "THANH_TIEN_BH": money(bh),
            **{f"T_NGUONKHAC{part}": "0" for part in ("", "_NSNN", "_VTNN", "_VTTN", "_CL")},
            "MA_PTTT": "1",
        }

    def line(self, table: str, stt: int, amounts: tuple, **given: str) -> dict[str, str]:
        return self.required(
            table,
            MA_LK="LK0001",
            STT=str(stt),
            **self.amounts(table, *amounts),
            MA_KHOA="K03" if self.inpatient else "K01",
            MA_BAC_SI="000001/BYT-GPHN",
            NGAY_YL=self.mid,
            MA_BENH="J06.9",
            NGUON_CTRA="1",
            **given,
        )

    def drugs(self) -> list[dict[str, str]]:
        tender = "QD01;G1;N2;2025" if not self.old else "QD01;G1;N2"
        return [
            self.line(
                "XML2",
                1,
                ("10", "1500"),
                MA_THUOC="40.1",
                MA_NHOM="4",
                TEN_THUOC="Thuốc mẫu A",
                DON_VI_TINH="Viên",
                HAM_LUONG="500mg",
                DUONG_DUNG="1.01",
                LIEU_DUNG="2 viên/ngày",
                SO_DANG_KY="VD-00001-20",
                TT_THAU=tender,
                NGAY_TH_YL=self.mid,
            ),
            self.line(
                "XML2",
                2,
                ("3", "12345.5", 50),
                MA_THUOC="40.10",
                MA_NHOM="6",
                TEN_THUOC="Thuốc mẫu B",
                DON_VI_TINH="Lọ",
                HAM_LUONG="1g",
                DUONG_DUNG="2.10",
                LIEU_DUNG="1 lọ/ngày",
                SO_DANG_KY="VD-00002-20",
                TT_THAU=tender,
                NGAY_TH_YL=self.mid,
            ),
        ]

    def services(self) -> list[dict[str, str]]:
        done = {
            "NGUOI_THUC_HIEN": "000002/BYT-GPHN",
            "NGAY_TH_YL": f"{self.start:%Y%m%d}0840",
            "NGAY_KQ": f"{self.start:%Y%m%d}0900",
        }
        new = self.on >= dt.date(2025, 1, 1)
        machine = "SH.1.MAU01" if new else "SH.1.01901.MAU01"
        rows = [
            self.line(
                "XML3",
                1,
                ("1", "50600"),
                MA_DICH_VU="02.1896",
                MA_NHOM="13",
                DON_VI_TINH="Lần",
                TEN_DICH_VU="Khám mẫu",
            ),
            self.line(
                "XML3",
                2,
                ("1", "30200"),
                MA_DICH_VU="23.0058.1487",
                MA_NHOM="1",
                MA_MAY=machine,
                TEN_DICH_VU="Xét nghiệm mẫu",
                DON_VI_TINH="Lần",
                **done,
            ),
            self.line(
                "XML3",
                3,
                ("1", "58600"),
                MA_DICH_VU="18.0015.0001",
                MA_NHOM="2",
                MA_MAY=machine.replace("SH", "SA"),
                TEN_DICH_VU="Siêu âm mẫu",
                DON_VI_TINH="Lần",
                **done,
            ),
            self.line(
                "XML3",
                4,
                ("2", "3980"),
                MA_VAT_TU="N03.05.010",
                MA_NHOM="10",
                DON_VI_TINH="Bộ",
                TEN_VAT_TU="Vật tư mẫu",
                TT_THAU="QD02.00;G1;N3;2025",
                T_TRANTT="3980" if new else "7960",
            ),
        ]
        if self.old:
            rows[3]["TT_THAU"] = "2023.01.QD02"
            rows[3]["T_TRANTT"] = ""
        if self.inpatient:
            rows.append(
                {
                    **self.line(
                        "XML3",
                        5,
                        ("1", "257100"),
                        MA_DICH_VU="K03.1911",
                        MA_NHOM="15",
                        TEN_DICH_VU="Giường mẫu",
                        DON_VI_TINH="Ngày",
                        MA_GIUONG="H001",
                        NGAY_TH_YL=self.mid,
                        NGAY_KQ=f"{self.start:%Y%m%d}2300",
                    ),
                }
            )
            rows.append(
                {
                    **self.line(
                        "XML3",
                        6,
                        ("1", "900000"),
                        MA_DICH_VU="03.2120.0001",
                        MA_NHOM="8",
                        TEN_DICH_VU="Phẫu thuật mẫu",
                        DON_VI_TINH="Lần",
                        PP_VO_CAM="1",
                        **done,
                    ),
                }
            )
        return rows

    def summary(self) -> dict[str, str]:
        lines = [*self.tables["XML2"], *self.tables["XML3"]]

        def add(tag: str, rows: list = lines) -> str:
            return money(sum((Decimal(row[tag]) for row in rows), Decimal(0)))

        price = "THANH_TIEN" if self.old else "THANH_TIEN_BV"
        supplies = [row for row in self.tables["XML3"] if row["MA_NHOM"] == "10"]
        common = {
            "MA_LK": "LK0001",
            "STT": "1",
            "MA_BN": "BN0001",
            **PERSON,
            "NGAY_VAO": self.begin,
            "NGAY_RA": self.end,
            "T_THUOC": add(price, self.tables["XML2"]),
            "T_VTYT": add(price, supplies),
            "T_BNTT": add("T_BNTT"),
            "T_BNCCT": add("T_BNCCT"),
            "T_BHTT": add("T_BHTT"),
            "T_NGUONKHAC": "0",
            "NAM_QT": f"{self.on:%Y}",
            "THANG_QT": f"{self.on:%m}",
            "MA_CSKCB": "01901",
            "MA_DKBD": "01901",
            "GT_THE_TU": f"{self.on.year}0101",
            "GT_THE_DEN": f"{self.on.year}1231",
            "MA_KHOA": "K03"
            if self.inpatient and self.old
            else "K01;K03"
            if self.inpatient
            else "K01",
            "KET_QUA_DTRI": "2",
            "MA_LOAI_RV": "2" if self.kind == "papers" else "1",
            "CAN_NANG": "60.00",
        }
        if self.old:
            return {
                **self.required("XML1", **{k: v for k, v in common.items() if k != "NGAY_SINH"}),
                "NGAY_SINH": "19900101",
                "MA_THE": "GD4010000012345",
                "T_TONGCHI": add(price),
                "T_NGOAIDS": "0",
                "SO_NGAY_DTRI": "5" if self.inpatient else "1",
                "MA_BENH": "J06.9",
                "TINH_TRANG_RV": "1",
                "MA_LOAI_KCB": "3" if self.inpatient else "1",
                "TEN_BENH": "Viêm họng mẫu",
                "MA_LYDO_VVIEN": "1",
            }
        days = 5 if self.inpatient else (1 if self.edition in ("3176", "1931") else 0)
        row = self.required("XML1", **common)
        row |= {
            "T_TONGCHI_BV": add(price),
            "T_TONGCHI_BH": add("THANH_TIEN_BH"),
            "T_BHTT_GDV": add("T_BHTT"),
            "SO_NGAY_DTRI": str(days),
            "MA_BENH_CHINH": "J06.9",
            "MA_BENH_KT": "I10",
            "LY_DO_VV": "Đau họng",
            "CHAN_DOAN_VAO": "Viêm họng mẫu",
            "CHAN_DOAN_RV": "Viêm họng mẫu",
            "MA_DOITUONG_KCB": "1.1",
            "MA_LOAI_KCB": "03" if self.inpatient else "01",
            "MA_NGHE_NGHIEP": "00" if self.edition in ("3176", "1931") else "00000",
            "MA_HSBA": "BA0001",
            "NGAY_TTOAN": f"{self.on:%Y%m%d}1030",
        }
        if self.on < CATEGORY_CHANGED:
            row["MAHUYEN_CU_TRU"] = "001"
        if self.inpatient:
            row |= {
                "LY_DO_VNT": "Theo dõi",
                "NGAY_VAO_NOI_TRU": self.mid,
                "PP_DIEU_TRI": "Nội khoa",
            }
        if self.kind == "papers":
            row["MA_NOI_DEN"] = "79048"
        return row

    def copies(self, table: str, **given: str) -> dict[str, str]:
        """A paper that repeats fields of XML1."""
        row = self.required(table, MA_LK="LK0001")
        x1 = self.tables["XML1"][0]
        for f in spec.table(self.edition, table):
            if f.tag in x1 and f.tag != "STT":
                row[f.tag] = x1[f.tag]
        row.update(given)
        return row

    def papers(self) -> None:
        day = f"{self.on:%Y%m%d}"
        head = "000003/BYT-GPHN" if self.edition in ("3176", "1931") else "0000012345"
        signed = {"NGAY_CT": day, "MA_TTDV": head, "MA_LK": "LK0001"}
        stay = {"NGAY_VAO": self.begin, "NGAY_RA": self.end}
        t = self.tables
        t["XML7"] = [self.required("XML7", **signed, **stay, MA_KHOA_RV="K03")]
        if self.kind != "papers":
            t["XML8"] = [self.required("XML8", **signed, **stay, MA_LOAI_KCB="03")]
            t["XML11"] = [
                self.required(
                    "XML11",
                    **signed,
                    MA_BHXH="0000012345",
                    SO_NGAY_NGHI="7",
                    MAU_SO="CT07",
                    TU_NGAY=day,
                    DEN_NGAY=f"{self.on + dt.timedelta(days=6):%Y%m%d}",
                )
            ]
            return
        t["XML6"] = [
            self.copies(
                "XML6",
                LOAI_DTRI_LAO="0",
                MA_TINH_TRANG_DK="2",
                MA_XU_TRI="2",
                MA_PHAC_DO_DIEU_TRI="1a",
            )
        ]
        t["XML9"] = [
            self.required(
                "XML9",
                **signed,
                MA_THE_TAM="TE1010000000001",
                MA_BHXH_NND="0000012345",
                SO_CCCD_NND="003190000001",
                MA_QUOCTICH="000",
                MATINH_CU_TRU="01",
                MA_DANTOC_NND="01",
                MAXA_CU_TRU="00001",
            )
        ]
        if self.on < CATEGORY_CHANGED:
            t["XML9"][0]["MAHUYEN_CU_TRU"] = "001"
        t["XML10"] = [
            self.required(
                "XML10",
                **signed,
                CHAN_DOAN_RV="dưỡng thai",
                SO_NGAY="10",
                TU_NGAY=day,
                DEN_NGAY=f"{self.on + dt.timedelta(days=9):%Y%m%d}",
            )
        ]
        if "XML13" in spec.tables(self.edition):
            to = (
                {"MA_CSKCB_DEN": "79048"}
                if self.edition in ("3176", "1931")
                else {"MA_NOI_DEN": "79048"}
            )
            t["XML13"] = [self.copies("XML13", **to, MA_TTDV=head)]
            t["XML14"] = [
                self.copies(
                    "XML14",
                    SO_GIAYHEN_KL="1",
                    MA_TTDV=head,
                    NGAY_CT=day,
                    NGAY_HEN_KL=f"{self.on + dt.timedelta(days=14):%Y%m%d}"
                    + ("" if self.edition in ("3176", "1931") else "0800"),
                )
            ]
            t["XML15"] = [self.copies("XML15")]

    def build(self) -> Maker:
        t = self.tables
        if self.kind == "checkin":
            t["XML0"] = [
                self.required(
                    "XML0",
                    **PERSON,
                    MA_LK="LK0001",
                    STT="1",
                    MA_DOITUONG_KCB="1.1",
                    NGAY_VAO=self.begin,
                    MA_LOAI_KCB="01",
                    MA_CSKCB="01901",
                    NGAY_YL=self.mid,
                    MA_DICH_VU="02.1896",
                    TEN_DICH_VU="Khám mẫu",
                    MA_DKBD="01901",
                    GT_THE_TU=f"{self.on.year}0101",
                    GT_THE_DEN=f"{self.on.year}1231",
                )
            ]
            return self
        if self.kind == "assessment":
            t["XML12"] = [
                {
                    **self.required("XML12", **PERSON),
                    "NGAY_SINH": "19900101",
                    "MA_BHXH": "0000012345",
                }
            ]
            return self
        t["XML1"] = []
        t["XML2"] = self.drugs()
        t["XML3"] = self.services()
        t["XML1"] = [self.summary()]
        result = self.required(
            "XML4",
            MA_LK="LK0001",
            STT="1",
            MA_DICH_VU="23.0058.1487",
            MA_CHI_SO="GLU",
            TEN_CHI_SO="Glucose",
            GIA_TRI="5.1",
            DON_VI_DO="mmol/L",
            NGAY_KQ=f"{self.start:%Y%m%d}0900",
        )
        image = self.required(
            "XML4",
            MA_LK="LK0001",
            STT="2",
            MA_DICH_VU="18.0015.0001",
            MA_CHI_SO="SA",
            TEN_CHI_SO="Siêu âm",
            KET_LUAN="Bình thường",
            NGAY_KQ=f"{self.start:%Y%m%d}0900",
        )
        t["XML4"] = [result, image]
        if self.inpatient:
            t["XML5"] = [
                self.required(
                    "XML5",
                    MA_LK="LK0001",
                    STT="1",
                    THOI_DIEM_DBLS=self.mid,
                    NGUOI_THUC_HIEN="000001/BYT-GPHN",
                    DIEN_BIEN_LS="Ổn định",
                    NGAY_YL=self.mid,
                )
            ]
            if not self.old:
                self.papers()
        return self

    def claim(self) -> Claim:
        built = {
            name.lower(): [record_class(self.family, name).from_row(row) for row in rows]
            for name, rows in self.tables.items()
            if rows
        }
        return Claim(family=self.family, **built)


def make(name: str) -> Maker:
    """A maker from ``outpatient 2026-03-16``."""
    kind, day = name.split()
    return Maker(kind, dt.date.fromisoformat(day)).build()


SET = re.compile(r"(XML\d+)\[(\d+)\]\.([A-Z0-9_]+)=(.*)", re.S)


def edit(maker: Maker, text: str) -> dict:
    """Apply edits parted by `` | ``; what is no edit of a row is returned as options.

    ``XML3[1].TAG=value`` sets, ``XML3[1]+`` repeats a row, ``XML3[1]-`` and ``XML7-`` remove,
    ``XML7+`` adds a row with the required fields, ``{TAG}`` in a value stands for that of XML1.
    """
    options: dict = {}
    tables = maker.tables
    for step in filter(None, (part.strip(" ") for part in text.split(" | "))):
        found = SET.fullmatch(step)
        if found:
            table, row, tag, value = found.groups()
            value = re.sub(r"\{(\w+)\}", lambda m: tables["XML1"][0][m[1]], value)
            tables[table][int(row)][tag] = value
        elif step.startswith("document"):
            options["document"] = step.removeprefix("document").strip()
        elif step.startswith("check"):
            key, value = step.removeprefix("check").strip().split("=")
            options[key] = value
        elif step.endswith("]+"):
            table, row = step[:-2].split("[")
            tables[table].append(dict(tables[table][int(row)]))
        elif step.endswith("]-"):
            table, row = step[:-2].split("[")
            del tables[table][int(row)]
        elif step.endswith("-"):
            tables.pop(step[:-1], None)
        elif step.endswith("+"):
            table = step[:-1]
            edition = maker.edition
            if table not in spec.tables(edition):
                maker.edition = spec.Edition.QD3176
            tables[table] = [maker.copies(table)]
            maker.edition = edition
        else:
            raise AssertionError(f"not an edit: {step}")
    return options


def as_document(claim: Claim, form: str) -> Document:
    claims = (claim, claim) if form == "twice" else (claim,)
    given = dict([form.split("=")]) if "=" in form else {}
    return Document(
        kind=DocumentKind.ENVELOPE,
        family=claim.family,
        claims=claims,
        facility=given.get("facility", "01901"),
        declared=int(given.get("declared", len(claims))),
    )


@pytest.fixture(scope="session")
def clean():
    """``clean("outpatient 2026-03-16")`` gives a clean claim."""
    return lambda name: make(name).claim()


@pytest.fixture(scope="session")
def maker():
    """``maker("outpatient 2026-03-16")`` gives the texts of a clean encounter, to be changed."""
    return make


@pytest.fixture(scope="session")
def edited():
    """``edited(base, edits)`` gives (claim or document, arguments of check)."""

    def build(name: str, text: str):
        maker = make(name)
        options = edit(maker, text)
        claim = maker.claim()
        form = options.pop("document", None)
        if "on" in options:
            options["on"] = dt.date.fromisoformat(options["on"])
        if "sent_at" in options:
            options["sent_at"] = dt.datetime.fromisoformat(options["sent_at"])
        if "drafts" in options:
            options["drafts"] = options["drafts"] == "yes"
        return (as_document(claim, form) if form is not None else claim), options

    return build
