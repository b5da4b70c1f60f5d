"""What there will be on a host once plans of Networks are carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.network import actions as act
from homeostat.planner.network.foresee import after, once_gone
from homeostat.planner.network.observed import NetworkSeen, ObservedNetwork
from tests.unit.network_world import NetworkWorld, network
from tests.unit.world import HOST

WORLD = NetworkWorld()
WORLD.settle(network())
LAN = WORLD.seen().networks["lan"]
DEFINE = act.DefineNetwork(replace(LAN.config, mtu=1400), "", "why")


@pytest.mark.parametrize(
    ("before", "actions", "then"),
    [
        (None, [], None),
        (None, [DEFINE], (True, False, 1400, None)),
        (LAN, [DEFINE], (True, True, 1400, LAN.config.mtu)),
        (replace(LAN, persistent=False, autostart=False), [DEFINE], (True, False, 1400, LAN.config.mtu)),
        (None, [DEFINE, act.SetNetworkAutostart("lan", "", "why")], (True, True, 1400, None)),
        (None, [DEFINE, act.StartNetwork("lan", "", "why")], (True, False, 1400, 1400)),
        (LAN, [act.DestroyNetwork("lan", "", "why")], (True, True, LAN.config.mtu, None)),
        (replace(LAN, persistent=False), [act.DestroyNetwork("lan", "", "why")], None),
        (LAN, [act.DestroyNetwork("lan", "", "why"), act.UndefineNetwork("lan", "", "why")], None),
    ],
)
def test_what_is_there_after_a_plan(
    before: ObservedNetwork | None, actions: list[act.NetworkAction], then: tuple[object, ...] | None
) -> None:
    """``then``: persistent, autostart, the MTU of its definition, and of what is up."""
    found = after(actions, {"lan": before} if before else {}).get("lan")
    is_so = found and (found.persistent, found.autostart, found.config.mtu, found.live.mtu if found.live else None)
    assert is_so == then
    assert found is None or found.active is (found.live is not None)


def named(name: str, bridge: str, mode: str = "nat", up: bool = True) -> ObservedNetwork:
    config = replace(LAN.config, name=name, bridge=bridge, mode=mode)
    return replace(LAN, name=name, config=config, live=config if up else None)


@pytest.mark.parametrize(
    ("one", "stays", "left"),
    [
        (named("lan", "virbr1"), False, {"br0"}),
        (named("lan", "virbr1"), True, {"br0", "virbr1"}),
        (named("lan", "virbr1", up=False), False, {"br0", "virbr1"}),  # that bridge is not its own
        (named("lan", "br0", mode="bridge"), False, {"br0", "virbr1"}),  # which it only uses
    ],
)
def test_the_bridge_of_a_network_goes_with_it(one: ObservedNetwork, stays: bool, left: set[str]) -> None:
    networks = {"lan": one} if stays else {}
    bridges = frozenset({"br0", "virbr1"})
    seen = NetworkSeen(replace(HOST, bridges=bridges, links=bridges | {"eth0"}), {"lan": one})
    then = once_gone(seen, networks)
    assert then.networks == networks and then.host.bridges == left and then.host.links == left | {"eth0"}
    unknown = replace(seen, host=replace(HOST, bridges=None, links=None))
    assert once_gone(unknown, networks).host == unknown.host
