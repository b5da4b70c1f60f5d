"""A nic that is cut off from its network or bridge is plugged in again, or it is said what is missing (CHAOS 8)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from homeostat.driver.networks.links import unplugged
from homeostat.planner import actions as act
from homeostat.planner.observed import Tap
from homeostat.planner.plan import Converged, Waiting
from tests.unit.machines import changed, running

LAN = [{"name": "lan", "network": "default"}]


def test_chaos_8_a_nic_on_no_bridge_is_plugged_in_again() -> None:
    world, operator, vm = running(nics=LAN)
    world.unplugged = {"lan": "on no bridge"}
    plan = operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.ReplugNic]
    assert operator.done[0].reason == "nics[lan] was on no bridge"
    assert isinstance(plan.outcome, Converged) and not plan.drift


def test_chaos_8_nothing_is_plugged_in_while_the_network_is_away_and_that_is_said() -> None:
    world, operator, vm = running(nics=LAN)
    world.unplugged = {"lan": "on no bridge"}
    world.host = replace(world.host, networks=frozenset(), idle_networks=frozenset({"default"}))
    plan = operator.settle(vm)
    assert operator.done == [] and world.starts == 1
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == "NetworkNotActive"
    assert "virsh net-start default" in plan.outcome.message


def test_chaos_8_the_same_of_a_bridge() -> None:
    world, operator, vm = running(nics=[{"name": "lan", "bridge": "br0"}])
    world.unplugged = {"lan": "on no bridge"}
    world.host = replace(world.host, bridges=frozenset())
    plan = operator.settle(vm)
    assert operator.done == [] and plan.outcome.reason == "BridgeMissing"
    world.host = replace(world.host, bridges=frozenset({"br0"}))
    operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.ReplugNic]


def test_chaos_8_where_drift_is_reported_it_is_named() -> None:
    world, operator, vm = running(nics=LAN, driftPolicy="Report")
    world.unplugged = {"lan": "on no bridge"}
    plan = operator.settle(vm)
    assert operator.done == []
    assert [(c.field, c.old, c.new) for c in plan.drift] == [("nics[lan]", "on no bridge", "plugged in on virbr0")]


def test_a_network_that_is_away_stops_no_guest_whose_nic_is_plugged_in() -> None:
    world, operator, vm = running(nics=LAN)
    world.host = replace(world.host, networks=frozenset())
    assert isinstance(operator.settle(vm).outcome, Converged) and world.starts == 1


def link(root: Path, name: str, flags: str = "0x1003", master: str | None = "virbr0") -> None:
    (root / name).mkdir()
    (root / name / "flags").write_text(flags + "\n")
    if master:
        (root / name / "master").symlink_to(f"../{master}")


def test_what_the_kernel_says_of_links(tmp_path: Path) -> None:
    link(tmp_path, "vnet0")
    link(tmp_path, "vnet1", master=None)
    link(tmp_path, "vnet2", master="br9")
    link(tmp_path, "vnet3", flags="0x1002")
    names = ("vnet0", "vnet1", "vnet2", "vnet3", "elsewhere")
    taps = [Tap(name, name, "virbr0") for name in names]
    assert unplugged(taps, tmp_path) == {"vnet1": "on no bridge", "vnet2": "on bridge br9", "vnet3": "down (vnet3)"}


def test_a_machine_whose_spec_cannot_be_carried_out_gets_its_link_back() -> None:
    """Another size would shrink its disk: nothing is changed until a human decides, and the guest goes on with its network."""
    world, operator, vm = running(nics=LAN, disks=[{"name": "data", "size": "2Gi"}])
    world.unplugged = {"lan": "on no bridge"}
    plan = operator.settle(changed(vm, disks=[{"name": "data", "size": "1Gi"}]))
    assert [type(a) for a in operator.done] == [act.ReplugNic] and not isinstance(plan.outcome, Converged)


def test_one_that_waits_for_another_network_gets_the_link_back_that_it_has() -> None:
    world, operator, vm = running(nics=LAN)
    world.unplugged = {"lan": "on no bridge"}
    plan = operator.settle(changed(vm, nics=[{"name": "lan", "network": "absent"}]))
    assert [type(a) for a in operator.done if isinstance(a, act.ReplugNic)] == [act.ReplugNic]
    assert isinstance(plan.outcome, Waiting)
