"""Files and manifests: the same bytes as in memory, all or nothing, numbers that add up."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from vnhealth import bhyt, deid
from vnhealth.deid import Policy
from vnhealth.errors import CodecError, DeidError
from vnhealth.protocol.deid_inspect import inspect
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml0, Xml1, Xml12


@pytest.fixture
def document(kit) -> bytes:
    claims = [
        kit.claim(
            xml1={"ma_lk": f"LK{n}", "ho_ten": "Trần Thị Mẫu", "ngay_ra": "202608021000"},
            xml2=[{"ma_lk": f"LK{n}", "ma_thuoc": "40.154"}] * n,
        )
        for n in range(1, 6)
    ]
    return bhyt.write(claims, edition="3176", facility="01901")


SAME = {"recipient": "repository", "purpose": "linked"}


def test_a_file_gives_the_same_bytes_as_memory(kit, document, tmp_path) -> None:
    expected = kit.apply(bhyt.read(document), facility=None, **SAME)
    source, target = tmp_path / "in.xml", tmp_path / "out.xml"
    source.write_bytes(document)
    found = deid.deidentify_file(source, target, key=kit.key, manifest=tmp_path / "m.json")
    assert target.read_bytes() == expected.data
    assert found == expected.manifest
    assert found.data_sha256 == hashlib.sha256(expected.data).hexdigest()
    assert found.data_bytes == len(expected.data)
    assert json.loads((tmp_path / "m.json").read_text("utf-8")) == found.to_dict()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.xml", "m.json", "out.xml"]


def test_a_folder_gets_a_name_that_says_nothing(kit, document, tmp_path) -> None:
    found = deid.deidentify_file(document, tmp_path, key=kit.key)
    (path,) = tmp_path.iterdir()
    assert path.name == f"{found.batch}.xml"
    assert path.name == kit.apply(bhyt.read(document), **SAME).name
    assert inspect(path.read_bytes()).ok


def test_streams_and_archives_are_read_too(kit, document, tmp_path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", document)
    target = tmp_path / "out.xml"
    plain = deid.deidentify_file(document, target, key=kit.key)
    expected = target.read_bytes()
    for source in (io.BytesIO(document), packed.getvalue()):
        found = deid.deidentify_file(source, target, key=kit.key)
        assert target.read_bytes() == expected
        assert found == plain


def test_encounters_that_share_a_token_come_in_a_fixed_order(kit, tmp_path) -> None:
    claims = [kit.claim(xml1={"gioi_tinh": sex}) for sex in "2121"]
    expected = kit.apply(claims, **SAME)
    data = bhyt.write(claims, edition="3176", facility="01901")
    deid.deidentify_file(data, tmp_path / "o.xml", key=kit.key)
    assert expected.data.count(b"<HOSO>") >= 1
    assert (tmp_path / "o.xml").read_bytes() == kit.apply(bhyt.read(data), **SAME).data


def test_a_broken_source_leaves_nothing_behind(kit, document, tmp_path) -> None:
    target = tmp_path / "out.xml"
    target.write_bytes(b"before")
    with pytest.raises(CodecError):
        deid.deidentify_file(document[:150], target, key=kit.key, facility="01901")
    with pytest.raises(CodecError):
        deid.deidentify_file(b"no xml", target, key=kit.key, facility="01901")
    assert target.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.xml"]


def test_a_source_that_was_cut_short_is_said_to_be_so(kit, document, tmp_path) -> None:
    short = document[: document.rindex(b"<HOSO>")]
    found = deid.deidentify_file(short, tmp_path / "o.xml", key=kit.key)
    assert found.encounters.read == 4
    assert found.count("DEID-15") == 1
    assert "DEID-15" in found.findings().codes
    whole = bhyt.read(document)
    assert kit.apply(whole).manifest.count("DEID-15") == 0
    assert kit.apply(whole.with_claims(whole.claims[:3])).manifest.count("DEID-15") == 0


def test_the_facility_comes_from_the_argument_the_file_or_the_claims(kit, document) -> None:
    names = {"key": kit.key, "recipient": "r", "purpose": "p"}
    claim = Claim(xml1=Xml1(ma_lk="1", ma_cskcb="02.007"))
    assert deid.apply(claim, **names).manifest.facility == "02007"
    assert deid.apply(bhyt.read(document), **names).manifest.facility == "01901"
    assert deid.apply(claim, facility="79001", **names).manifest.facility == "79001"
    nobody = Claim(xml1=Xml1(ma_lk="1", ma_cskcb="Bệnh viện"))
    for target in (nobody, [], [nobody, nobody]):
        with pytest.raises(DeidError) as caught:
            deid.apply(target, **names)
        assert caught.value.code == "ERR-DEID-07"


def test_a_file_without_a_facility_asks_for_one(kit, tmp_path) -> None:
    data = b"<TONG_HOP><MA_LK>A1</MA_LK></TONG_HOP>"
    with pytest.raises(DeidError) as caught:
        deid.deidentify_file(data, tmp_path / "o.xml", key=kit.key)
    assert caught.value.code == "ERR-DEID-07"
    found = deid.deidentify_file(data, tmp_path / "o.xml", key=kit.key, facility="01901")
    assert found.encounters.written == 1

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(DeidError):
        deid.deidentify_file(Pipe(data), tmp_path / "o.xml", key=kit.key)


def test_encounters_without_a_summary_are_counted_not_invented(kit) -> None:
    checkin = Claim(xml0=[Xml0(ma_lk="A1", stt=1, ho_ten="Trần Thị Mẫu")])
    assessment = Claim(xml12=[Xml12(ho_ten="Trần Thị Mẫu")])
    result = kit.apply([checkin, assessment])
    assert result.records == 0
    assert b"<SO_LUONG>0</SO_LUONG>" in result.data
    assert result.manifest.encounters.without_summary == 2
    assert result.manifest.count("DEID-07") == 2
    assert not inspect(result.data).ok


def test_the_manifest_names_all_that_made_the_data_and_no_key(kit) -> None:
    result = kit.apply(kit.claim(xml1={"ho_ten": "Trần Thị Mẫu", "ly_do_vv": "đau ngực"}))
    found = result.manifest.to_dict()
    assert found["label"] == result.label.value == "pseudonymised"
    assert found["tier"] == "linked"
    assert found["policy"] == {"name": "linked", "sha256": Policy.load("linked").sha256}
    assert (found["key_version"], found["recipient"]) == ("A", "kho quốc gia")
    assert found["free_text"] == "dropped"
    assert found["actions"]["scrub"] == 1
    assert found["actions"]["drop"] == 1
    assert found["rows"] == {"XML1": {"read": 1, "written": 1}}
    assert found["scanner"] == {"encounters": 1, "found": 0}
    assert bytes(range(32)).hex() not in result.manifest.to_json()
    assert "source" not in result.manifest.to_json()


@pytest.mark.parametrize(
    "change", [{"recipient": " "}, {"purpose": "a\nb"}, {"recipient": "x" * 101}]
)
def test_names_that_separate_tokens_must_be_real_names(kit, change) -> None:
    with pytest.raises(DeidError) as caught:
        kit.apply(kit.claim(), **change)
    assert caught.value.code == "ERR-DEID-06"


def test_names_are_compared_in_one_unicode_form(kit) -> None:
    import unicodedata

    claim = kit.claim()
    one = kit.apply(claim, recipient=unicodedata.normalize("NFC", "kho tỉnh"))
    two = kit.apply(claim, recipient=unicodedata.normalize("NFD", " kho tỉnh"))
    assert one.data == two.data


def test_actions_that_the_own_policy_does_not_use_work_too(kit) -> None:
    """Band and tokens inside tables wait for a contract with a place for them."""
    from importlib.resources import files

    text = (files("vnhealth.deid") / "data" / "policy_linked.csv").read_text("utf-8")
    for old, new in (
        ("130,XML7,MA_THE_TAM,direct identifier,token,kind=person.temp sent=no", "130,XML7,MA_THE_TAM,direct identifier,token,kind=person.temp"),
        ("130,XML11,MA_BHXH,direct identifier,token,kind=person.bhxh sent=record", "130,XML11,MA_BHXH,direct identifier,token,kind=person.bhxh"),
        ("130,XML13,MA_THE_BHYT,linkage key,token,kind=person.card sent=record", "130,XML13,MA_THE_BHYT,linkage key,token,kind=person.card"),
        ("130,XML15,SO_CCCD,linkage key,token,kind=person.cccd sent=record", "130,XML15,SO_CCCD,linkage key,token,kind=person.cccd"),
        ("130,XML7,SO_LUU_TRU,linkage key,token,kind=episode.document sent=no", "130,XML7,SO_LUU_TRU,linkage key,token,kind=episode.document"),
        ("130,XML7,TUOI_THAI,clinical,keep,form=small", "130,XML7,TUOI_THAI,clinical,band,step=10 form=small"),
    ):  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    policy = Policy.from_bytes(text.encode())
    card = "DN4010000012345"
    claim = kit.claim(
        xml1={"ngay_ttoan": "202608021000", "nam_qt": 2026, "thang_qt": 8, "ma_the_bhyt": card},
        xml7={"ma_the_tam": "TE1010000099999", "so_luu_tru": "26/77", "tuoi_thai": 38},
        xml11={"ma_bhxh": "0000012345"},
        xml13={"ma_the_bhyt": card},
        xml15=[{"so_cccd": "001101000123"}],
    )
    data = kit.apply(claim, policy=policy).data.decode()
    import re

    def of(tag: str) -> list[str]:
        return re.findall(f"<{tag}>([^<]*)<", data)

    paid = of("NGAY_TTOAN")[0]
    assert of("NAM_QT") == [paid[:4]]
    assert of("THANG_QT") == [paid[4:6]]
    assert of("MA_BHXH") == of("MA_THE_BHYT") == of("TOKEN_BHXH")
    assert len({*of("MA_THE_TAM"), *of("SO_LUU_TRU"), *of("SO_CCCD")}) == 3
    assert of("TUOI_THAI") == ["30"]
    junk = kit.claim(xml7={"ma_the_tam": "x"}, xml11={"ma_bhxh": "y"}, xml15=[{"so_cccd": "z"}])
    assert "TAM>" not in kit.apply(junk, policy=policy).data.decode()
