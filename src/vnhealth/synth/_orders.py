"""Fills an episode with orders: examinations, tests, drugs, procedures, beds, supplies."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from vnhealth.synth._context import Context
from vnhealth.synth._data import drugs, profiles, services, supplies
from vnhealth.synth._episode import DrugLine, Episode, ServiceLine
from vnhealth.synth._items import Service
from vnhealth.synth._results import read_out

__all__ = ["Orders"]

_TESTS = (1, 2, 3)
_ACTIONS = (8, 18)
_MACHINE_ROOM = {1: "K47", 2: "K39", 3: "K40"}


def _minutes(n: int) -> dt.timedelta:
    return dt.timedelta(minutes=n)


class Orders:
    """The orders of one episode, made in the order of time."""

    def __init__(self, ctx: Context, episode: Episode) -> None:
        self.ctx = ctx
        self.episode = episode
        self.profile = profiles()[episode.diagnosis.profile]
        self.dice = episode.dice.fork("orders")
        self.latest = episode.arrived

    def _past(self, *moments: dt.datetime | None) -> None:
        for moment in moments:
            if moment is not None and moment > self.latest:
                self.latest = moment

    def examine(self, key: str, at: dt.datetime, rate: int = 100) -> None:
        """An examination fee."""
        e = self.episode
        service = services()[key]
        off_route = e.category.code.startswith("3.")
        dept = service.ma_khoa if e.inpatient and not off_route else e.dept
        done = at + _minutes(self.dice.between(4, 15))
        e.services.append(
            ServiceLine(
                Decimal(1),
                at,
                e.doctor,
                dept,
                service=service,
                done=done,
                performer=e.doctor,
                rate=rate,
                surcharge=e.surcharge and service.yeu_cau > 0 and rate == 100,
            )
        )
        self._past(done)

    def perform(
        self, key: str, at: dt.datetime, dept: str = "", quantity: int = 1, name: str = ""
    ) -> ServiceLine:
        """A test, imaging, procedure or operation ordered at a moment."""
        e = self.episode
        service: Service = services()[key]
        place = _MACHINE_ROOM.get(service.ma_nhom, dept or service.ma_khoa)
        if service.key == "noisoidd":
            place = "K41"
        start = at + _minutes(self.dice.between(5, 18))
        end = start + _minutes(service.phut + self.dice.below(8))
        staff = self.ctx.facility
        operates = service.ma_nhom in (2, 8) or service.vo_cam != ""
        performer = self.dice.pick(staff.doctors(place) if operates else staff.helpers(place))
        line = ServiceLine(
            Decimal(quantity),
            at,
            e.doctor,
            place,
            service=service,
            done=start,
            result=end,
            performer=performer,
            surcharge=e.surcharge and service.yeu_cau > 0,
        )
        e.services.append(line)
        if service.ma_nhom in _TESTS:
            reader = self.dice.pick(staff.doctors(place))
            e.results.extend(read_out(self.dice, service, end, reader, e.person))
        self._past(end)
        return line

    def tests(self, at: dt.datetime, share: int = 100) -> None:
        """The tests of the disease."""
        for key in self.profile.services:
            if self.dice.percent(share):
                self.perform(key, at + _minutes(self.dice.below(6)))

    def prescribe(self, keys: tuple[str, ...], at: dt.datetime, days: int = 0) -> None:
        """Drugs to take home, for the usual number of days or for ``days``."""
        for key in keys:
            drug = drugs()[self._for_age(key)]
            n = days or drug.ngay
            total = drug.lieu * drug.lan * n
            unit = drug.don_vi_tinh.lower()
            if drug.don_vi_tinh in ("Lọ", "Chai"):
                total = 1
            daily = drug.lieu * drug.lan
            dose = f"{drug.lieu} {unit}/lần * {drug.lan} lần/ngày * {n} ngày"
            dose += f" [{daily} {unit}/ngày]"
            self._drug(key, Decimal(total), dose, at, None, n)

    def administer(
        self, keys: tuple[str, ...], at: dt.datetime, service: str = "", quantity: int = 0
    ) -> None:
        """Drugs used on site on one day."""
        for key in keys:
            drug = drugs()[self._for_age(key)]
            total = quantity or drug.lieu * drug.lan
            unit = drug.don_vi_tinh.lower()
            dose = f"{drug.lieu} {unit}/lần * {drug.lan} lần/ngày * 01 ngày [{total} {unit}/ngày]"
            given = at + _minutes(self.dice.between(10, 45))
            self._drug(key, Decimal(total), dose, at, given, 1, service)
            self._past(given)

    def _for_age(self, key: str) -> str:
        return "parasiro" if key == "para" and self.episode.person.age(self.ctx.day) < 12 else key

    def _drug(
        self,
        key: str,
        quantity: Decimal,
        dose: str,
        at: dt.datetime,
        given: dt.datetime | None,
        days: int,
        service: str = "",
    ) -> None:
        e = self.episode
        drug = drugs()[self._for_age(key)]
        line = DrugLine(drug, quantity, dose, at, given, e.doctor, e.dept, days, service)
        line.covered = drug.nguon == 1
        e.drugs.append(line)
        self._past(at)

    def supply(
        self, key: str, at: dt.datetime, within: ServiceLine | None = None, quantity: int = 1
    ) -> None:
        """A supply that is not inside a price; ``within`` is the operation that used it."""
        e = self.episode
        item = supplies()[key]
        package = "G1" if within is not None and item.tran is not None else ""
        code = within.service.ma_dich_vu if within is not None and within.service else ""
        if package and within is not None:
            within.package = package
        moment = within.ordered if within is not None else at
        dept = within.dept if within is not None else e.dept
        e.services.append(
            ServiceLine(
                Decimal(quantity),
                moment,
                e.doctor,
                dept,
                supply=item,
                package=package,
                within=code,
            )
        )
        self._past(moment)

    def supplies_of(self, at: dt.datetime, within: ServiceLine | None = None) -> None:
        """The supplies of the disease."""
        for key in self.profile.supplies:
            item = supplies()[key]
            inside = within if item.ma_nhom == 11 or key in ("chisoi", "gac") else None
            self.supply(key, at, inside, self.dice.between(1, 3) if item.gia < 50_000 else 1)

    def beds(self, key: str, nights: int) -> None:
        """One row a bed day, one bed."""
        e = self.episode
        service = services()[key]
        assert e.admitted is not None
        bed = f"H{self.dice.between(1, 60):03d}"
        for night in range(nights):
            start = e.admitted
            if night:
                day = e.admitted.date() + dt.timedelta(days=night)
                start = dt.datetime(day.year, day.month, day.day, 7, 0)
            e.services.append(
                ServiceLine(
                    Decimal(1),
                    start,
                    e.doctor,
                    e.dept,
                    service=service,
                    done=start,
                    bed=bed,
                    surcharge=e.surcharge and service.yeu_cau > 0,
                )
            )

    def charge(self, key: str, at: dt.datetime, quantity: int, code: str = "") -> ServiceLine:
        """A row without a performer: transport, meals on request."""
        e = self.episode
        service = services()[key]
        line = ServiceLine(
            Decimal(quantity), at, e.doctor, e.dept, service=service, done=at, code=code
        )
        e.services.append(line)
        return line
