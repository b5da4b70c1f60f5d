"""vCPUs that someone unplugged (virsh setvcpus) come back while the guest runs, and in the definition."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner import actions as act
from homeostat.planner.changes.changes import compare, spec_hash
from tests.unit.configs import PLAIN
from tests.unit.machines import running


def test_the_definition_and_the_running_guest_have_them_again() -> None:
    world, operator, vm = running(resources={"vcpu": 2})
    assert world.domain and world.domain.config and world.domain.live
    world.domain.config = replace(world.domain.config, vcpus_left=1)
    plan = operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.DefineDomain] and not plan.pending
    world.domain.live = replace(world.domain.live, vcpus_left=1)
    operator.done.clear()
    plan = operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.SetVcpus] and not plan.pending
    assert world.domain.live.vcpus_left is None and world.starts == 1


def test_where_drift_is_reported_it_is_named() -> None:
    world, operator, vm = running(resources={"vcpu": 2}, driftPolicy="Report")
    assert world.domain and world.domain.config
    world.domain.config = replace(world.domain.config, vcpus_left=1)
    plan = operator.settle(vm)
    assert operator.done == [] and [c.field for c in plan.drift] == ["resources.vcpu"]


def test_they_are_seen_and_not_defined_again() -> None:
    root = etree.fromstring(build_domain(replace(PLAIN, vcpus=2)))
    vcpu = root.find("vcpu")
    assert vcpu is not None
    vcpu.set("current", "1")
    for number, enabled in enumerate(("yes", "no")):
        vcpus = root.find("vcpus")
        vcpus = etree.SubElement(root, "vcpus") if vcpus is None else vcpus
        etree.SubElement(vcpus, "vcpu", id=str(number), enabled=enabled, hotpluggable="no")
    text = etree.tostring(root, encoding="unicode")
    have, want = parse_domain(text), replace(PLAIN, vcpus=2)
    assert [(c.field, c.old, c.new) for c in compare(have, want)] == [("resources.vcpu", "1 of 2", "2")]
    assert spec_hash(have) != spec_hash(want)
    again = etree.fromstring(build_domain(want, text))
    assert again.find("vcpus") is None
    assert parse_domain(etree.tostring(again, encoding="unicode")) == want
