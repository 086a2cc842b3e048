"""What is staged for the repositories: of a province, of the nation, and the de-identified one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vnhealth.conformance._stage import Stage, Staged, Writer, claims_of, refused_pair, tables_of
from vnhealth.localtime import ICT

__all__ = ["StoreStage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStage(Stage):
    """Claims sent to each of ``gateways``; no check-ins and nothing to the insurance gateway.

    ``refused``, ``withdrawn``, ``deid`` and ``reconcile`` as in `Stage`, here at the first of them.
    """

    gateways: tuple[str, ...] = ("province",)

    def laid_out(self, seed: int) -> Staged:
        """Tasks ``store``, ``settle``, ``cancel``, ``restore``, ``deid`` and ``reconcile``."""
        writer, first = Writer(), self.gateways[0]
        claims = tuple(claims_of(self, seed))
        for store in self.gateways:
            for claim in claims:
                writer.file("store", claim, tables_of(claim), kind="claim", gateway=store)
        if self.refused:
            wrong, right = refused_pair(self, seed)
            facts = tables_of(wrong)
            writer.file("store", wrong, facts, kind="claim", gateway=first, refused=True)
            writer.task("settle")
            writer.file("store", right, tables_of(right), kind="claim", gateway=first)
        if self.deid:
            keys = [str(claim.ma_lk) for claim in claims]
            writer.task("deid", ma_lk=keys, facility=self.facilities[0])
        writer.task("settle")
        if self.withdrawn:
            known = writer.sends[0]
            who = {"ma_lk": known.ma_lk, "facility": known.facility}
            writer.task("cancel", **who, reason="Gửi nhầm", request_id="HUY-0001")
            writer.task("restore", **who, reason="Huỷ nhầm", request_id="KP-0001")
        for facility in self.facilities if self.reconcile else ():
            day = self.day.isoformat()
            writer.task("reconcile", facility=facility, day=day, gateway=first)
        start = dt.datetime.combine(self.day, self.start, ICT)
        return Staged(self, start, tuple(writer.tasks), tuple(writer.sends), claims)
