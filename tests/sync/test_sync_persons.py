"""The person look-up of the repositories through the clients."""

from __future__ import annotations

import asyncio
import datetime as dt

from vnhealth import codecs, synth
from vnhealth.sandbox import Exchange
from vnhealth.sync import AsyncRepositoryClient, RepositoryClient

DAY = dt.date(2026, 8, 3)


def test_blocking_and_async_clients_find_the_same_person() -> None:
    exchange = Exchange.default(seed=7)
    visits = synth.generate(
        encounters=1, edition="3176", seed=5, facility="01991", day=DAY, visits=["01"]
    )
    claim = next(iter(visits))
    fields = {tag: claim.xml1.text(tag) for tag in ("HO_TEN", "NGAY_SINH", "GIOI_TINH", "SO_CCCD")}
    account = exchange.credentials("01991", "province")
    common = {"clock": exchange.clock.now}
    with RepositoryClient(account, transport=exchange.transport(), **common) as client:
        assert client.who_is(fields) == ()
        client.submit(codecs.write(claim, facility="01991", created=DAY))
        exchange.clock.advance(hours=3)
        found = client.who_is(fields)
    assert [(hit.outcome, hit.records) for hit in found] == [("match", 1)]
    assert found[0].code not in repr(found)

    async def ask() -> tuple[object, ...]:
        transport = exchange.async_transport()
        async with AsyncRepositoryClient(account, transport=transport, **common) as client:
            return await client.who_is(fields)

    assert asyncio.run(ask()) == found
