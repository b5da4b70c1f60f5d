from __future__ import annotations

from hypothesis import given, settings

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import DomainConfig
from tests.unit.configs import domain_configs


@settings(max_examples=60, deadline=None)
@given(domain_configs())
def test_what_is_built_reads_back_as_it_was(config: DomainConfig) -> None:
    assert parse_domain(build_domain(config)) == config


@settings(max_examples=30, deadline=None)
@given(domain_configs())
def test_redefining_the_same_changes_nothing(config: DomainConfig) -> None:
    first = build_domain(config)
    again = build_domain(config, first)
    assert parse_domain(again) == config
    assert build_domain(config, again) == again
