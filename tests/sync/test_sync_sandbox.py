"""The clients against the sandbox in process: the whole way of a file, blocking and async."""

import datetime as dt

import pytest

from vnhealth import codecs, synth
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml0
from vnhealth.sandbox import Exchange, Facility
from vnhealth.sync import AuthFailed, Rejected, Status

FACILITY, OTHER = "01991", "79991"
DAY = dt.date(2026, 8, 3)
TOKEN = "A" + "B2" * 13
DEID = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<VNHEALTH_DEID><PHIEN_BAN>1</PHIEN_BAN><NHAN>pseudonymised</NHAN>"
    f"<MA_CSKCB>{FACILITY}</MA_CSKCB><CHINH_SACH>{'0' * 64}</CHINH_SACH><SO_LUONG>1</SO_LUONG>\n"
    f"<HOSO><MA_LK>{TOKEN}</MA_LK><XML1><STT>1</STT><MA_BENH_CHINH>J18.9</MA_BENH_CHINH></XML1>"
    "</HOSO></VNHEALTH_DEID>\n"
).encode()


@pytest.fixture(scope="module")
def claims():
    return list(synth.generate(encounters=4, edition="3176", seed=7, facility=FACILITY))


@pytest.fixture
def exchange():
    return Exchange.default(seed=7, facilities=[Facility(FACILITY), Facility(OTHER)])


def moving(face, exchange):
    """Options that make sleeping move the sandbox's clock."""
    if face.runner is None:
        return {"clock": exchange.clock.now, "sleep": lambda s: exchange.clock.advance(seconds=s)}

    async def sleep(seconds):
        exchange.clock.advance(seconds=seconds)

    return {"clock": exchange.clock.now, "sleep": sleep}


@pytest.fixture
def vss(face, exchange):
    account = exchange.credentials(FACILITY)
    return face.vss(face.transport(exchange), account, **moving(face, exchange))


@pytest.fixture
def repository(face, exchange):
    def build(gateway, scope=FACILITY):
        account = exchange.credentials(scope, gateway)
        transport = face.transport(exchange)
        return face.repository(transport, account, gateway, **moving(face, exchange))

    return build


def broken(claim):
    """The same episode with an amount that does not add up."""
    return claim.replace(xml1=claim.xml1.replace(t_tongchi_bv=1))


def test_a_claim_from_receipt_to_verdict(vss, claims):
    sent = vss.submit(codecs.write(claims[0]), edition="3176")
    assert sent.status is Status.PENDING
    assert vss.refresh(sent).status is Status.PENDING
    done = vss.wait(sent, timeout_s=600, every_s=60)
    assert done.accepted
    assert done.transaction == sent.transaction
    assert [record.ma_lk for record in vss.results(sent.transaction)] == [claims[0].ma_lk]
    assert vss.status_of(claims[0].ma_lk).transaction == sent.transaction


def test_a_refused_claim_is_repaired_and_replaces(vss, claims):
    bad = codecs.write(broken(claims[0]))
    refused = vss.wait(vss.submit(bad, edition="3176"), timeout_s=600, every_s=60)
    assert refused.status is Status.REFUSED
    errors = refused.findings.at_least("error")
    assert errors
    assert all(f.text("vi", values=True) for f in errors)
    good = vss.submit(codecs.write(claims[0]), edition="3176")
    assert vss.wait(good, timeout_s=600, every_s=60).accepted
    assert vss.status(refused.transaction).status is Status.REPLACED
    (count,) = vss.reconciliation(DAY, DAY)
    assert count.balanced
    assert (count.received, count.sent, count.accepted, count.replaced) == (2, 1, 1, 1)


def test_a_check_in(vss):
    row = Xml0(ma_lk="LK1", stt=1, ma_cskcb=FACILITY)
    xml = codecs.write_standalone([row], edition="3176")
    sent = vss.check_in(xml, edition="3176")
    assert sent.received
    assert vss.status_of("LK1", kind="checkin").transaction == sent.transaction
    assert vss.status_of("LK1").status is Status.MISSING


def test_a_session_that_ends_is_renewed(vss, exchange, claims):
    for claim in claims[:3]:
        assert vss.submit(codecs.write(claim), edition="3176").received
        exchange.clock.advance(minutes=59, seconds=30)
    assert len(exchange.journal.entries(operation="login")) == 3


def test_a_wrong_password_is_tried_once(face, exchange, claims):
    right = exchange.credentials(FACILITY)
    wrong = type(right)(right.base_url, right.username, "x", right.facility)
    client = face.vss(face.transport(exchange), wrong)
    for _ in range(5):
        with pytest.raises(AuthFailed):
            client.submit(codecs.write(claims[0]), edition="3176")
    assert exchange.journal.count == 1


def test_the_same_password_hides_behind_the_clients_own_clock(face, exchange, claims):
    """The machine's clock is seven hours off; the sandbox says its own in every answer."""
    account = exchange.credentials(FACILITY)
    late = lambda: exchange.clock.now() + dt.timedelta(hours=7)  # noqa: E731
    client = face.vss(face.transport(exchange), account, clock=late)
    for claim in claims:
        assert client.submit(codecs.write(claim), edition="3176").received
    assert len(exchange.journal.entries(operation="login")) == 1


@pytest.mark.parametrize("gateway", ["province", "national"])
def test_a_repository_from_receipt_to_reconciliation(repository, claims, gateway):
    client = repository(gateway)
    assert client.whoami() == FACILITY
    sent = client.submit(codecs.write(claims[0]))
    assert sent.status is Status.PENDING
    again = client.submit(codecs.write(claims[0]))
    assert (again.status, again.transaction) == (Status.DUPLICATE, sent.transaction)
    key = claims[0].ma_lk
    assert client.status(key).status is Status.PENDING
    done = client.wait(again, timeout_s=600, every_s=60)
    assert done.accepted
    assert client.status_by_tracking(sent.transaction).accepted
    assert client.cancel(key, reason="nhập nhầm", request_id="1").status is Status.CANCELLED
    assert client.cancel(key, reason="nhập nhầm", request_id="1").status is Status.CANCELLED
    assert client.cancel(key, reason="nhập nhầm", request_id="2").refused
    assert client.status(key).status is Status.CANCELLED
    assert client.list_records(DAY, DAY).items == ()
    assert len(client.list_records(DAY, DAY, include_cancelled=True).items) == 1
    assert client.restore(key, reason="nhầm", request_id="3").status is Status.ACCEPTED
    assert client.status(key).accepted
    assert client.status("LK-none").status is Status.MISSING
    (count,) = client.reconciliation(DAY, DAY)
    assert count.balanced
    assert (count.facility, count.kind, count.accepted) == (FACILITY, "claim", 1)


def test_a_batch_has_one_outcome_per_record(vss, repository, claims):
    xml = codecs.write([broken(claims[0]), claims[1]])
    done = vss.wait(vss.submit(xml, edition="3176"), timeout_s=600, every_s=60)
    assert done.status is Status.REFUSED
    assert [r.status.received for r in done.records] == [False, True]
    province = repository("province")
    sent = province.submit(xml)
    assert sent.warnings
    done = province.wait(sent, timeout_s=600, every_s=60)
    assert {r.ma_lk: r.status.received for r in done.records} == {
        claims[0].ma_lk: False,
        claims[1].ma_lk: True,
    }


def test_a_province_forwards_to_the_national_store(repository, claims):
    client = repository("national", "01")
    sent = client.submit(codecs.write(claims[0]))
    assert sent.received
    assert sent.facility == FACILITY
    assert client.status(claims[0].ma_lk, facility=FACILITY).transaction == sent.transaction
    assert client.whoami() == "01"


def test_de_identified_records(repository):
    client = repository("national_deid")
    sent = client.submit(DEID)
    assert sent.received
    assert client.submit(DEID).status is Status.DUPLICATE
    assert client.wait(sent, timeout_s=600, every_s=60).accepted
    assert client.status(TOKEN).accepted
    (count,) = client.reconciliation(DAY, DAY)
    assert count.kind == "deid"


def test_a_locked_account(face, exchange, claims):
    account = exchange.credentials(FACILITY, "province")
    exchange.lock_account("province", account.username)
    client = face.repository(face.transport(exchange), account)
    with pytest.raises(AuthFailed) as caught:
        client.submit(codecs.write(claims[0]))
    assert caught.value.remote_code == "ACCOUNT_LOCKED"


def test_a_gateway_that_is_not_modelled_is_rejected(face, exchange, claims):
    right = exchange.credentials(FACILITY)
    nowhere = type(right)(f"{right.base_url}/none", right.username, "x", right.facility)
    with pytest.raises(Rejected) as caught:
        face.vss(face.transport(exchange), nowhere).submit(codecs.write(claims[0]), edition="3176")
    assert caught.value.status == 501


def test_every_edition_goes_its_way(vss, claims):
    assert isinstance(claims[0], Claim)
    for edition in ("130", "4750", "3176"):
        (claim,) = synth.generate(encounters=1, edition=edition, seed=3, facility=FACILITY)
        assert vss.submit(codecs.write(claim, edition=edition), edition=edition).received
