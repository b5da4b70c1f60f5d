"""A network that is up without its bridge is restarted, also under its guests: none of them reaches anything."""

from __future__ import annotations

from homeostat.planner.network import actions as act
from homeostat.planner.network.foresee import after
from homeostat.planner.plan import Converged
from homeostat.runtime.network.status import steps_taken
from tests.unit.network_world import LAN, NetworkWorld, network


def torn() -> NetworkWorld:
    world = NetworkWorld(guests={"lan": ("web",)})
    world.settle(network(**LAN))
    world.done.clear()
    world.torn.add("lan")
    return world


def test_it_is_restarted_under_its_guests() -> None:
    world = torn()
    assert world.settle(network(**LAN)).outcome == Converged("Active")
    assert [type(action) for action in world.done] == [act.DestroyNetwork, act.StartNetwork]
    told = [one.message for one in steps_taken(world.done, True, "local")]
    assert told == ["restarted on host local: its bridge had gone from the host"]


def test_what_waited_for_the_guests_comes_with_it() -> None:
    world = torn()
    plan = world.settle(network(**LAN, mtu=1400))
    assert not plan.pending and world.live["lan"].mtu == 1400


def test_what_is_foreseen_ends() -> None:
    world = torn()
    plan = world.plan(network(**LAN))
    assert not after(plan.actions, world.seen().networks)["lan"].torn


def test_it_is_not_restarted_while_it_is_to_go() -> None:
    assert not torn().plan(network(**LAN, deleting=True)).actions, "it goes with its last guest"
