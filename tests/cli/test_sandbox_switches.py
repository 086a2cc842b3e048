"""Switches of the server that change what the insurance gateway has."""

import pytest
from typer.testing import CliRunner

from vnhealth.cli import _app


@pytest.mark.parametrize(
    ("options", "historic", "month_window"),
    [([], False, False), (["--historic"], True, False), (["--month-window"], False, True)],
)
def test_switches_reach_the_exchange(monkeypatch, options, historic, month_window):
    seen = {}
    monkeypatch.setattr("vnhealth.sandbox.server.serve", seen.update)
    if not _app.app.registered_groups:
        _app.register()
    done = CliRunner().invoke(_app.app, ["sandbox", "serve", *options])
    assert done.exit_code == 0, done.output
    settings = seen["settings"]
    assert (settings.historic, settings.month_window) == (historic, month_window)


@pytest.mark.parametrize(
    ("options", "addresses"),
    [
        (["--allow-ip", "vss=10.1.2.0/24", "--allow-ip", "vss=::1"], ("10.1.2.0/24", "::1")),
        (["--allow-ip", "vss=nowhere"], None),
        (["--allow-ip", "nobody=10.1.2.0/24"], None),
    ],
)
def test_registered_addresses_reach_the_exchange(monkeypatch, options, addresses):
    seen = {}
    monkeypatch.setattr("vnhealth.sandbox.server.serve", seen.update)
    if not _app.app.registered_groups:
        _app.register()
    done = CliRunner().invoke(_app.app, ["sandbox", "serve", *options])
    assert (done.exit_code == 0) is (addresses is not None)
    if addresses:
        assert seen["settings"].addresses == {"vss": addresses}
