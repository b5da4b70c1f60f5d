"""How `homeostat plan` shows a Network: each action in words with its reason, what waits, and what a human must look at."""

from __future__ import annotations

from typing import get_args

import pytest

from homeostat.cli.commands.describe import describe_lines
from homeostat.cli.show.plans.render_network import NetworkEntry, network_action_text
from homeostat.cli.show.plans.render_plan import Verb, exit_code
from homeostat.models.machine import PendingChange
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.planner.network import actions as act
from homeostat.planner.network.config import DnsConfig, LeaseConfig, NetworkConfig
from tests.unit.network_world import NetworkWorld, network

ENTRIES = (("10.0.0.2", "10.0.0.9"), LeaseConfig("10.0.0.3", "52:54:00:00:00:01", hostname="db"), DnsConfig("10.0.0.4", ("a",)))
ACTIONS: tuple[act.NetworkAction, ...] = (
    act.DefineNetwork(NetworkConfig("lan", "u"), "o", "r"),
    act.SetNetworkAutostart("lan", "o", "r"),
    act.StartNetwork("lan", "o", "r"),
    *(act.UpdateNetwork("lan", "o", "add", entry, "10.0.0.1/24", "r") for entry in ENTRIES),
    act.DestroyNetwork("lan", "o", "r"),
    act.UndefineNetwork("lan", "o", "r"),
    act.ReleaseNetwork("r"),
)


def entry(world: NetworkWorld, wanted: Network) -> NetworkEntry:
    return NetworkEntry(wanted, {"local": world.plan(wanted)}, "lan.yaml:1")


def text(shown: NetworkEntry) -> str:
    return "\n".join(line.text for line in shown.lines())


def test_every_action_has_words() -> None:
    assert {type(action) for action in ACTIONS} == set(get_args(act.NetworkAction))
    words = [network_action_text(action) for action in ACTIONS]
    assert len(set(words)) == len(words) and all(words)
    assert words[3:6] == [
        "add 10.0.0.2 to 10.0.0.9, while it is up",
        "add 10.0.0.3 52:54:00:00:00:01 db, while it is up",
        "add 10.0.0.4 a, while it is up",
    ]


def test_a_new_one() -> None:
    shown = entry(NetworkWorld(), network())
    assert shown.verb is Verb.CREATE and exit_code([shown]) == 2
    assert "+ network/lan will be created  (lan.yaml:1)" in text(shown)
    assert "mode        NAT" in text(shown) and "192.168.100.1/24" in text(shown)
    assert "1. define network lab".replace("lab", "lan") in text(shown) and "3. start network lan" in text(shown)


def test_one_that_is_as_it_should_be() -> None:
    world = NetworkWorld()
    world.settle(network())
    shown = entry(world, network())
    assert shown.verb is Verb.NONE and exit_code([shown]) == 0 and not shown.pending


def test_what_waits_for_the_guests() -> None:
    world = NetworkWorld(guests={"lan": ("web",)})
    world.settle(network())
    wanted = network(addresses=[{"cidr": "192.168.100.1/24"}], mtu=1400)
    shown = entry(world, wanted)
    assert shown.verb is Verb.CHANGE and shown.pending and not shown.stalled
    assert "~ mtu" in text(shown) and "NeedsRestart" in text(shown) and "! RestartRequired: mtu; now web" in text(shown)
    (host,) = shown.as_json()["hosts"]
    why = "the bridge gets it when it is made, at a start of the network"
    assert host["pending"] == [{"field": "mtu", "old": "none", "new": "1400", "disruption": "NeedsRestart", "reason": why}]
    assert f"NeedsRestart ({why})" in text(shown)
    assert host["holders"] == ["web"] and host["actions"][0]["action"] == "DefineNetwork"


@pytest.mark.parametrize(
    ("world", "wanted", "said", "code"),
    [
        (NetworkWorld(), network(mode="Bridge", bridge="br7"), "BridgeMissing", 1),
        (NetworkWorld(), network(adopt="theirs"), "NetworkUnknown", 1),
        (NetworkWorld(users={"vm/web": "web"}), network(deleting=True), "InUse", 2),
    ],
)
def test_what_a_human_must_look_at(world: NetworkWorld, wanted: Network, said: str, code: int) -> None:
    shown = entry(world, wanted)
    assert f"! {said}: " in text(shown) and exit_code([shown]) == code
    assert shown.as_json()["hosts"][0]["outcome"]["reason"] == said


def test_several_hosts_are_shown_apart() -> None:
    wanted, up = network(), NetworkWorld()
    up.settle(wanted)
    shown = NetworkEntry(wanted, {"a": up.plan(wanted), "b": NetworkWorld().plan(wanted)})
    assert "on host a: as it should be\n    on host b:\n" in text(shown) and shown.verb is Verb.CREATE


def test_an_isolated_one_has_no_line_for_addresses() -> None:
    assert "addresses" not in text(entry(NetworkWorld(), network(mode="Isolated", addresses=[])))


def test_describe_tells_why_each_field_waits_on_each_host() -> None:
    change = PendingChange(field="mtu", old="none", new="1400", disruption="NeedsRestart", reason="why so")
    one = NetworkStatus(hosts=(NetworkOnHost(name="a", active=True, changes=(change,)), NetworkOnHost(name="b", active=True)))
    lines = describe_lines(network().model_copy(update={"status": one}), [], [])
    assert lines[lines.index("Pending changes on a:") + 1] == "  ~ mtu   none -> 1400   NeedsRestart (why so)"
    assert not any("on b:" in line for line in lines if line.startswith("Pending"))
