"""Whatever a definition says, comparing finds in it what the spec owns, and no difference where there is none."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from homeostat.planner.changes.changes import compare, compare_running, spec_hash
from homeostat.planner.domain import DomainConfig, Record
from tests.unit.configs import domain_configs


@settings(max_examples=40)  # each draws a whole definition
@given(domain_configs())
def test_a_definition_does_not_differ_from_itself(config: DomainConfig) -> None:
    assert compare(config, config) == () and compare_running(config, config) == ()


@settings(max_examples=40)  # each draws a whole definition
@given(domain_configs())
def test_record_and_spare_ports_are_no_difference(config: DomainConfig) -> None:
    vnc = config.vnc and replace(config.vnc, password_version="another")
    other = replace(config, record=Record("x", "y", "z"), vnc=vnc, spare_pci_ports=config.spare_pci_ports + 1)
    assert compare(config, other) == ()
    assert spec_hash(replace(config, record=Record("x", "y", "z"))) == spec_hash(config)
