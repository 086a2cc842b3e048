from vnhealth import rules
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml1, Xml2


def test_totals_and_links_are_checked():
    claim = Claim(
        xml1=Xml1(ma_lk="A", ngay_ra="202603160930", t_thuoc="3"),
        xml2=[Xml2(ma_lk="B", stt=2, thanh_tien_bv="2.00")],
    )
    found = rules.check(claim)
    assert {"BHYT-CLAIM-001", "BHYT-CLAIM-004", "BHYT-CLAIM-101"} <= found.codes
