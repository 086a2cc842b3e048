"""Where the login goes to another host than the files."""

import httpx
import pytest

from vnhealth.sync import Credentials, NotSent, connect


def hosts(login_url):
    seen = []

    def answer(request):
        seen.append(f"{request.url.host}{request.url.path}")
        return httpx.Response(500)

    account = Credentials("https://data.example/x", "u", "p", "01001", login_url=login_url)
    gate = connect("vss", account, transport=httpx.MockTransport(answer), sleep=lambda _: None)
    with pytest.raises(Exception, match="ERR-SYNC"):
        gate.login()
    return set(seen)


def test_the_login_goes_to_its_own_host():
    assert hosts("https://auth.example/y") == {"auth.example/y/api/token/take"}
    assert hosts("") == {"data.example/x/api/token/take"}


@pytest.mark.parametrize("login_url", ["http://auth.example", "ftp://x", "https://u@auth.example"])
def test_the_address_of_the_login_is_checked_too(login_url):
    account = Credentials("https://data.example", "u", "p", "01001", login_url=login_url)
    with pytest.raises(NotSent):
        connect("vss", account)
