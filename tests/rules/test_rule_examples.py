"""Every rule has a failing and a passing example, and a break yields that finding and no other."""

import pytest

from vnhealth import rules

ALL = sorted(rules.registry())
BY_HAND = {code for code in ALL if not rules.registry()[code].example_on}
ALWAYS = {"BHYT-CLAIM-090"}
"""Said of every document: catalogues that are not installed."""


@pytest.mark.parametrize("code", [code for code in ALL if code not in BY_HAND])
def test_break_yields_exactly_this_finding(code, edited):
    rule = rules.registry()[code]
    target, options = edited(rule.example_on, rule.info.example_fail)
    findings = rules.check(target, **options)
    found = findings.codes - ALWAYS
    for finding in findings:
        for text in (
            finding.text("vi"),
            finding.text("en"),
            finding.hint("vi"),
            finding.hint("en"),
        ):
            assert "…" not in text
    assert found == {code, *rule.implies}


@pytest.mark.parametrize("code", [code for code in ALL if code not in BY_HAND])
def test_passing_example_passes(code, edited):
    rule = rules.registry()[code]
    target, options = edited(rule.example_on, rule.info.example_pass)
    found = rules.check(target, **options)
    assert code not in found.codes
    assert not found.at_least("error")
