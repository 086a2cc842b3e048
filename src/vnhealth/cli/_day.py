"""One hospital day, from rows to acknowledged, stored, signed records (``vnhealth demo``)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from vnhealth import bhyt, deid, signing, synth
from vnhealth.findings import Findings
from vnhealth.localtime import ICT
from vnhealth.records import Claim
from vnhealth.sandbox import Exchange, VirtualClock
from vnhealth.sandbox import Facility as SandboxFacility
from vnhealth.sandbox.server import running
from vnhealth.spec import Edition
from vnhealth.sync import DayCount, Outcome, RepositoryClient, VssClient

__all__ = ["DAY", "DayResult", "HospitalDay", "Step"]

DAY = dt.date(2026, 8, 3)
EDITION = Edition.QD3176
FACILITIES = ("01991", "79991")
POLL_S = 30.0
WAIT_S = 3 * 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step that is over: its number, what it did in both languages."""

    number: int
    text_vi: str
    text_en: str


@dataclass(slots=True)
class Case:
    """One encounter on its way."""

    claim: Claim
    facility: str
    path: Path
    checkin: bytes | None
    sent: dict[str, Outcome] = field(default_factory=dict)


@dataclass(slots=True)
class DayResult:
    """What a day came to; feeds the report."""

    day: dt.date
    facilities: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    cases: int = 0
    checkins: int = 0
    checked: Findings = field(default_factory=Findings)
    refused_key: str = ""
    refused: Findings = field(default_factory=Findings)
    repaired: str = ""
    deid_records: int = 0
    deid_withheld: int = 0
    counts: list[tuple[str, DayCount]] = field(default_factory=list)
    visits: dict[str, int] = field(default_factory=dict)
    requests: int = 0

    @property
    def balanced(self) -> bool:
        """True when the books of every gateway balance and nothing is refused or open."""
        return all(c.balanced and not c.pending and not c.refused for _, c in self.counts)


class HospitalDay:
    """Runs the day step by step; ``run`` yields after each, so that a caller can show progress."""

    def __init__(self, folder: Path, *, encounters: int, seed: int) -> None:
        self.folder = folder
        self.encounters = encounters
        self.seed = seed
        self.result = DayResult(day=DAY)
        self.clock = VirtualClock(dt.datetime.combine(DAY, dt.time(17, 0), ICT))
        year = dt.timedelta(days=365)
        now = self.clock.now()
        start, end = now - year, now + year
        self.authority = signing.TestAuthority(not_before=start, not_after=end)
        self.signers = {
            code: self.authority.issue(code, not_before=start, not_after=end) for code in FACILITIES
        }
        self.cases: list[Case] = []
        self._tick: Callable[[], None] = lambda: None

    def run(self, tick: Callable[[], None]) -> Iterator[Step]:
        """Do the day. ``tick`` is called after each encounter of each step."""
        self._tick = tick
        yield self._make()
        yield self._check()
        names = {f.code: f.name for f in synth.facilities(self.seed)}
        self.result.facilities = {code: names[code] for code in FACILITIES}
        exchange = Exchange.default(
            self.seed,
            clock=self.clock,
            facilities=[SandboxFacility(code, names[code]) for code in FACILITIES],
            trust=self.authority.trust_store(),
        )
        with ExitStack() as stack:
            base_url = stack.enter_context(running(exchange))
            self._connect(exchange, base_url, stack)
            yield self._send_checkins()
            yield self._send_claims()
            yield self._await_verdicts()
            yield self._repair()
            yield self._deidentify()
            yield self._reconcile()
            self.result.requests = exchange.journal.count

    def _say(self, vi: str, en: str) -> Step:
        step = Step(len(self.result.steps) + 1, vi, en)
        self.result.steps.append(step)
        return step

    def _connect(self, exchange: Exchange, base_url: str, stack: ExitStack) -> None:
        now, sleep = self.clock.now, self._sleep
        self.vss: dict[str, VssClient] = {}
        self.stores: dict[tuple[str, str], RepositoryClient] = {}
        for code in FACILITIES:
            account = exchange.credentials(code, "vss", base_url=base_url)
            client = VssClient(account, clock=now, sleep=sleep)
            self.vss[code] = stack.enter_context(client)
            for key in ("province", "national_deid"):
                account = exchange.credentials(code, key, base_url=base_url)
                store = RepositoryClient(account, gateway=key, clock=now, sleep=sleep)
                self.stores[code, key] = stack.enter_context(store)

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def _make(self) -> Step:
        for code in FACILITIES:
            (self.folder / code).mkdir(parents=True, exist_ok=True)
            day = synth.generate(
                encounters=self.encounters, edition=EDITION, seed=self.seed, facility=code, day=DAY
            )
            for number, claim in enumerate(day):
                kind = claim.xml1.ma_loai_kcb
                self.result.visits[kind] = self.result.visits.get(kind, 0) + 1
                path = self.folder / code / f"hoso-{number:04d}.xml"
                rows = synth.checkin(claim)
                checkin = (
                    self._signed(code, bhyt.write_standalone(rows, edition=EDITION))
                    if rows
                    else None
                )
                if checkin:
                    path.with_name(f"checkin-{number:04d}.xml").write_bytes(checkin)
                self.cases.append(Case(claim, code, path, checkin))
                self._tick()
        self._damage(self.cases[0])
        for case in self.cases:
            case.path.write_bytes(self._file(case))
        self.result.cases = len(self.cases)
        return self._say(
            f"Sinh {len(self.cases)} hồ sơ giả của hai cơ sở, ghi XML và ký số.",
            f"Made {len(self.cases)} invented cases of two facilities, wrote and signed the XML.",
        )

    def _file(self, case: Case) -> bytes:
        data = bhyt.write(case.claim, edition=EDITION, facility=case.facility, created=DAY)
        return self._signed(case.facility, data)

    def _signed(self, code: str, data: bytes) -> bytes:
        return signing.sign(data, self.signers[code])

    def _damage(self, case: Case) -> None:
        """One case leaves the hospital with two slips, as happens: a total and a sex code."""
        x1 = case.claim.xml1
        wrong = x1.replace(t_bhtt=x1.t_bhtt + Decimal(50000), gioi_tinh="7")
        self._clean = x1
        case.claim = case.claim.replace(xml1=wrong)

    def _check(self) -> Step:
        found = Findings()
        for case in self.cases[1:]:
            found = found + bhyt.check(bhyt.read(case.path))
            self._tick()
        self.result.checked = found
        counts = found.counts()
        return self._say(
            f"Kiểm tra {len(self.cases) - 1} tệp trước khi gửi: {counts['error']} lỗi, "
            f"{counts['warning']} cảnh báo; một tệp bị bỏ qua bước này.",
            f"Checked {len(self.cases) - 1} files before sending: {counts['error']} errors, "
            f"{counts['warning']} warnings; one file skipped this step.",
        )

    def _send_checkins(self) -> Step:
        for case in self.cases:
            if case.checkin:
                self.vss[case.facility].check_in(case.checkin, edition=EDITION)
                self.result.checkins += 1
            self._tick()
        return self._say(
            f"Gửi {self.result.checkins} tệp check-in lên cổng BHYT (mô phỏng).",
            f"Sent {self.result.checkins} check-in files to the (emulated) insurance gateway.",
        )

    def _submit(self, case: Case) -> None:
        data = case.path.read_bytes()
        case.sent["vss"] = self.vss[case.facility].submit(data, edition=EDITION)
        case.sent["province"] = self.stores[case.facility, "province"].submit(data)

    def _send_claims(self) -> Step:
        for case in self.cases:
            self._submit(case)
            self._tick()
        return self._say(
            f"Gửi {len(self.cases)} hồ sơ lên cổng BHYT và kho của tỉnh; cổng mới chỉ tiếp nhận.",
            f"Sent {len(self.cases)} cases to the gateway and the province; so far only received.",
        )

    def _client(self, case: Case, key: str) -> VssClient | RepositoryClient:
        return self.vss[case.facility] if key == "vss" else self.stores[case.facility, key]

    def _settle(self, case: Case) -> None:
        for key, outcome in list(case.sent.items()):
            client = self._client(case, key)
            case.sent[key] = client.wait(outcome, timeout_s=WAIT_S, every_s=POLL_S)

    def _await_verdicts(self) -> Step:
        for case in self.cases:
            self._settle(case)
            self._tick()
        refused = [c for c in self.cases if c.sent["vss"].refused]
        if refused:
            self.result.refused_key = refused[0].path.name
            self.result.refused = (
                Findings(f for record in refused[0].sent["vss"].records for f in record.findings)
                or refused[0].sent["vss"].findings
            )
        return self._say(
            f"Chờ kết quả: {len(self.cases) - len(refused)} hồ sơ được chấp nhận, "
            f"{len(refused)} bị từ chối.",
            f"Waited for verdicts: {len(self.cases) - len(refused)} accepted, "
            f"{len(refused)} refused.",
        )

    def _repair(self) -> Step:
        case = self.cases[0]
        case.claim = case.claim.replace(xml1=self._clean)
        again = bhyt.check(case.claim)
        again.raise_for_findings()
        case.path.write_bytes(self._file(case))
        self._submit(case)
        self._settle(case)
        self.result.repaired = case.sent["vss"].status.value
        return self._say(
            "Sửa hồ sơ bị từ chối theo phát hiện, giữ nguyên MA_LK, ký và gửi lại: "
            f"{'được chấp nhận' if case.sent['vss'].accepted else self.result.repaired}.",
            "Repaired the refused case by its findings, kept MA_LK, signed and sent it again: "
            f"{self.result.repaired}.",
        )

    def _deidentify(self) -> Step:
        key = deid.Key.from_bytes(os.urandom(32))
        folder = self.folder / "khu-dinh-danh"
        folder.mkdir(exist_ok=True)
        for code in FACILITIES:
            claims = [case.claim for case in self.cases if case.facility == code]
            out = deid.apply(
                claims,
                key=key,
                recipient="national_deid",
                purpose="statistics",
                facility=code,
            )
            (folder / f"{code}.xml").write_bytes(out.data)
            (folder / f"{code}.manifest.json").write_text(out.manifest.to_json() + "\n", "utf-8")
            store = self.stores[code, "national_deid"]
            store.wait(store.submit(out.data), timeout_s=WAIT_S, every_s=POLL_S)
            self.result.deid_records += out.records
            self.result.deid_withheld += out.manifest.encounters.withheld
            self._tick()
        return self._say(
            f"Chuyển {self.result.deid_records} hồ sơ đã thay mã (giả danh, vẫn là dữ liệu cá "
            "nhân) tới kho quốc gia không định danh; "
            f"giữ lại {self.result.deid_withheld} hồ sơ HIV.",
            f"Forwarded {self.result.deid_records} pseudonymised records (still personal data) to "
            f"the national de-identified store; {self.result.deid_withheld} HIV cases withheld.",
        )

    def _reconcile(self) -> Step:
        for code in FACILITIES:
            clients = [("vss", self.vss[code])] + [
                (key, self.stores[code, key]) for key in ("province", "national_deid")
            ]
            for key, client in clients:
                for count in client.reconciliation(DAY, DAY):
                    self.result.counts.append((key, count))
        sign = "cân" if self.result.balanced else "KHÔNG CÂN"
        return self._say(
            f"Đối soát: đã gửi = chấp nhận + từ chối + đang chờ ở mọi cổng ({sign}).",
            "Reconciliation: sent = accepted + refused + pending at every gateway "
            f"({'balanced' if self.result.balanced else 'NOT BALANCED'}).",
        )
