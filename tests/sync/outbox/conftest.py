"""A hospital's outbox, its workers and a sandbox in virtual time, with a line that can fail."""

import base64
import datetime as dt
import itertools

import httpx
import pytest

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.localtime import ICT
from vnhealth.sandbox import Checked, Exchange, RecordVerdict
from vnhealth.sync import connect
from vnhealth.sync.outbox import ONE_TRY, Outbox, Policy, Worker

FATES = ("no_line", "busy", "lost_before", "lost_after", "html")
ENDED = dt.datetime(2026, 8, 3, 7, 30, tzinfo=ICT)
REFUSED = Findings([Finding("GW-DOC-05", Severity.ERROR)])
WRONG = "HỎNG"


class Died(BaseException):
    """The process of a worker ends here."""


def judged(file):
    """A verdict by the bytes: records whose name says so are refused."""
    from vnhealth.codecs import read

    verdicts = []
    for claim in read(file.body).claims:
        bad = any(str(row["HO_TEN"]).startswith(WRONG) for row in claim)
        verdicts.append(RecordVerdict(claim.ma_lk, REFUSED if bad else Findings()))
    return Checked(Findings(), tuple(verdicts))


class Line(httpx.BaseTransport):
    """A line to the sandbox; ``plan`` holds the fates of the next calls, logins apart."""

    def __init__(self, exchange):
        self._inner = exchange.transport()
        self.plan = []
        self.down = False
        self.calls = []

    def _fate(self, request):
        login = request.url.path.endswith(("/take", "/token"))
        return self.plan.pop(0) if self.plan and not login else ""

    def handle_request(self, request):
        self.calls.append(request.url.path)
        fate = "no_line" if self.down else self._fate(request)
        if fate == "no_line":
            raise httpx.ConnectError("x")
        if fate == "busy":
            return httpx.Response(503)
        if fate == "lost_before":
            raise httpx.ReadTimeout("x")
        if fate == "die_before":
            raise Died
        response = self._inner.handle_request(request)
        if fate == "lost_after":
            raise httpx.ReadTimeout("x")
        if fate == "die_after":
            raise Died
        if fate == "html":
            return httpx.Response(200, content=b"<html>bad gateway</html>")
        return response


class Night:
    """Everything of one night; workers may die and be replaced."""

    def __init__(self, url="sqlite://", *, gateways=("vss",), checker=judged, **policy):
        self.exchange = Exchange.default(seed=11, checker=checker)
        self.clock = self.exchange.clock
        self.line = Line(self.exchange)
        self.gateways = gateways
        policy.setdefault("visible_after", dt.timedelta(minutes=5))
        self.box = Outbox(url, clock=self.clock.now, policy=Policy(**policy))
        self.workers = 0
        self.worker = self.new_worker()

    def sleep(self, seconds):
        self.clock.advance(seconds=seconds)

    def new_worker(self):
        """Another process: it has connections and sessions of its own."""
        self.workers += 1
        made = {}

        def connections(destination, facility):
            if destination not in self.gateways:
                return None
            key = (destination, facility)
            if key not in made:
                made[key] = connect(
                    destination,
                    self.exchange.credentials(facility, destination),
                    transport=self.line,
                    clock=self.clock.now,
                    sleep=self.sleep,
                    retry=ONE_TRY,
                )
            return made[key]

        return Worker(self.box, connections, name=f"w{self.workers}")

    def add(self, key="LK1", *, kind="claim", to=("vss",), name="NGUYỄN VĂN A", facility="01001"):
        build = claim if kind == "claim" else checkin
        return self.box.add(build(key, name=name, facility=facility), to=to)

    def correct(self, key="LK1", *, name="TRẦN THỊ B", reason="sửa tên", **more):
        return self.box.correct(claim(key, name=name), reason=reason, **more)

    def run(self, **options):
        self.worker.run(sleep=self.sleep, **options)

    def states(self, destination="vss"):
        """State by MA_LK, kind and version."""
        return {
            (row["key"], row["kind"], row["number"]): row["state"]
            for row in self.box.deliveries()
            if row["destination"] == destination
        }

    def submissions(self, destination="vss"):
        """All files that the gateway ever acknowledged: kind and digest, in order."""
        found = []
        for number in itertools.count(1):
            try:
                one = self.exchange.store.numbered(number)
            except LookupError:
                return [(s.kind, s.digest) for s in found if s.gateway == destination]
            found.append(one)


def claim(key, *, name="NGUYỄN VĂN A", facility="01001", ended="202608030730", more=""):
    row = (
        f"<TONG_HOP><MA_LK>{key}</MA_LK><STT>1</STT><HO_TEN>{name}</HO_TEN>"
        f"<NGAY_VAO>202608030700</NGAY_VAO><NGAY_RA>{ended}</NGAY_RA>"
        f"<T_TONGCHI_BV>250000</T_TONGCHI_BV><T_BHTT>200000</T_BHTT>"
        f"<MA_CSKCB>{facility}</MA_CSKCB>{more}</TONG_HOP>"
    )
    part = base64.b64encode(row.encode()).decode()
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{part}</NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def checkin(key, *, name="NGUYỄN VĂN A", facility="01001"):
    return (
        "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB>"
        f"<MA_LK>{key}</MA_LK><STT>1</STT><HO_TEN>{name}</HO_TEN><NGAY_VAO>202608030700</NGAY_VAO>"
        f"<MA_CSKCB>{facility}</MA_CSKCB></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB><CHUKYDONVI/>"
        "</CHI_TIEU_TRANG_THAI_KCB>"
    ).encode()


@pytest.fixture(scope="session")
def night_class():
    """The class above, with the builders of files."""
    Night.claim, Night.checkin = staticmethod(claim), staticmethod(checkin)
    Night.fates, Night.wrong, Night.ended, Night.died = FATES, WRONG, ENDED, Died
    return Night


@pytest.fixture
def night(night_class):
    found = night_class()
    yield found
    found.box.close()
