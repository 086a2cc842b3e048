"""The first request that the server prints for each gateway works as it stands."""

import shutil
import subprocess

import pytest

from vnhealth.protocol import gateways
from vnhealth.sandbox import Exchange
from vnhealth.sandbox._welcome import first_request
from vnhealth.sandbox.server import running

WITH_LOGIN = [key for key, found in gateways().items() if found.login]


def test_only_gateways_without_a_login_have_no_first_request():
    without = set(gateways()) - set(WITH_LOGIN)
    assert not any("login" in gateways()[key].endpoints for key in without)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("key", WITH_LOGIN)
def test_the_first_request_logs_in(key):
    exchange = Exchange.default(seed=7)
    with running(exchange) as base:
        account = exchange.credentials("01001", key, base_url=base)
        subprocess.run(["bash", "-c", first_request(key, account)], check=True, capture_output=True)
    entry = exchange.journal[-1]
    assert entry.gateway == key
    assert entry.status == 200
    assert entry.facility == account.facility
