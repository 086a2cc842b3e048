from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# On a CI machine the examples of the quick suite are the same in every run, so that a red run can
# be repeated; everywhere else, and always in the slow suite, they are drawn anew.
settings.register_profile(
    "default", max_examples=60, deadline=None, derandomize=bool(os.environ.get("CI"))
)
settings.register_profile(
    "slow",
    max_examples=2000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SLOW = pytest.mark.skip(reason="slow suite: run `make test-slow`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run only when they are asked for, and are counted when they are not."""
    if "slow" in (config.option.markexpr or ""):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(SLOW)


@pytest.fixture(scope="session")
def repo() -> Path:
    return Path(__file__).resolve().parents[1]
