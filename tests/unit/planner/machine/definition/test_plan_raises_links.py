"""A nic whose cable someone pulled (virsh domif-setlink) has its link back, or it is named as drift."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner import actions as act
from homeostat.planner.changes.changes import spec_hash
from homeostat.planner.plan import Converged
from tests.unit.configs import PLAIN
from tests.unit.machines import changed, running
from tests.unit.world import HOST, with_link

LAN = [{"name": "lan", "network": "default"}, {"name": "out", "user": {}}]


def test_it_is_raised_while_the_guest_runs_and_in_the_definition() -> None:
    world, operator, vm = running(nics=LAN)
    for nic in ("lan", "out"):  # of a network, and in user mode
        world.pull_cable(nic)
        operator.done.clear()
        plan = operator.settle(vm)
        assert {type(a) for a in operator.done} == {act.SetLink, act.DefineDomain}
        assert isinstance(plan.outcome, Converged) and not plan.drift and not plan.pending
        assert world.domain and world.domain.live and world.domain.config and world.starts == 1
        assert all(n.down is None for n in (*world.domain.live.nics, *world.domain.config.nics))


def test_where_drift_is_reported_it_is_named() -> None:
    world, operator, vm = running(nics=LAN, driftPolicy="Report")
    world.pull_cable("lan")
    plan = operator.settle(vm)
    assert operator.done == []
    assert [(c.field, c.old, c.new) for c in plan.drift] == [("nics[lan].linkState", "Down", "Up")]


def test_where_nothing_can_be_changed_while_it_runs_it_waits_for_a_restart() -> None:
    world, operator, vm = running(nics=LAN)
    world.host = replace(HOST, attach=False)
    world.pull_cable("lan")
    assert [c.field for c in operator.settle(vm).pending] == ["nics[lan].linkState"]


def test_one_that_is_about_to_end_is_left_alone() -> None:
    world, operator, vm = running(nics=LAN)
    world.pull_cable("lan")
    operator.settle(changed(vm, runStrategy="Halted"))
    assert act.SetLink not in {type(a) for a in operator.done}


def test_how_libvirt_says_it_and_that_a_new_definition_says_it_no_more() -> None:
    root = etree.fromstring(build_domain(PLAIN))
    nic = root.find("devices/interface")
    assert nic is not None
    etree.SubElement(nic, "link", state="down")
    text = etree.tostring(root, encoding="unicode")
    have = parse_domain(text)
    assert have == with_link(PLAIN, PLAIN.nics[0].name, up=False)
    assert parse_domain(build_domain(PLAIN, text)) == PLAIN
    assert spec_hash(have) != spec_hash(PLAIN)
    assert parse_domain(build_domain(have)) == have


def test_a_link_that_the_spec_has_down_is_set_down_while_the_guest_runs() -> None:
    world, operator, vm = running(nics=LAN)
    down = changed(vm, nics=[{**LAN[0], "linkState": "Down"}, LAN[1]])
    plan = operator.settle(down)
    assert [type(a) for a in operator.done] == [act.SetLink, act.DefineDomain]
    assert isinstance(plan.outcome, Converged) and not plan.pending and world.starts == 1
    assert world.domain and world.domain.live and world.domain.config
    assert [n.down for c in (world.domain.live, world.domain.config) for n in c.nics] == [True, None] * 2
    world.domain.live = with_link(world.domain.live, "lan", up=True)  # somebody else
    operator.settle(down)
    assert [n.down for n in world.domain.live.nics] == [True, None]
