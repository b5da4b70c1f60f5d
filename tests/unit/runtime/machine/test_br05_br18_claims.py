"""What of a host only one machine can have is claimed in one place: the holder is named, and it is free once that has gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.base import IDENTITY, Key, Resource
from homeostat.models.listening import covers
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.planner.domain import DiskConfig
from homeostat.planner.machine.identity import disk_path, domain_name, domain_uuid, mac_address
from homeostat.planner.network.plugged import plugged
from homeostat.planner.observed import DomainState, HostFacts, ObservedDomain, RememberedActs
from homeostat.runtime.machine.claims import Claims
from tests.unit.driving import Operator
from tests.unit.machines import Spec, changed, machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until
from tests.unit.world import HOST, World

MAC = "52:54:00:aa:bb:cc"
ADDRESSES = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "10.0.0.1"]


class Host:
    """What claims ask of a host: its domains."""

    facts: HostFacts = HOST

    def __init__(self) -> None:
        self.found: dict[str, ObservedDomain] = {}

    def domain(self, uuid: str) -> ObservedDomain | None:
        return self.found.get(uuid)

    def run(self, vm: VirtualMachine, state: DomainState = DomainState.RUNNING) -> None:
        uuid = domain_uuid(vm.identity)
        operator = Operator(World())
        operator.settle(vm)
        domain = operator.world.observe(vm, RememberedActs()).domain
        assert domain is not None
        self.found[uuid] = replace(domain, state=state, live=domain.live if state.active else None)


def refused(claims: Claims, vm: VirtualMachine, host: Host | None = None) -> list[tuple[str, str]]:
    return sorted(claims.update(vm, host or Host()).items())  # type: ignore[arg-type]


def lan(mac: str | None = MAC, network: str = "default") -> list[Spec]:
    return [{"name": "lan", "network": network, **({"mac": mac} if mac else {})}]


def forward(port: int = 21301, address: str = "127.0.0.1", protocol: str = "TCP", name: str = "lan") -> Spec:
    return {
        "name": name,
        "user": {"forwards": [{"hostPort": port, "guestPort": 80, "hostAddress": address, "protocol": protocol}]},
    }


def vnc(port: int, listen: str = "127.0.0.1") -> Spec:
    return {"vnc": {"port": port, "listen": listen, "passwordFile": "/p"}}


def test_br05_one_mac_on_one_network_is_for_one_machine() -> None:
    claims = Claims()
    assert refused(claims, machine(name="alpha", nics=lan())) == []
    assert refused(claims, machine(name="beta", nics=lan())) == [(f"mac:{MAC} on network default", "machine alpha")]
    assert refused(claims, machine(name="other", namespace="lab", nics=lan()))[0][1] == "machine default/alpha"
    assert refused(claims, machine(name="elsewhere", nics=lan(network="isolated"))) == []
    assert refused(claims, machine(name="named", nics=[{"name": "lan", "bridge": "default", "mac": MAC}])) == []
    assert refused(claims, machine(name="bridged", nics=[{"name": "lan", "bridge": "br0", "mac": MAC}])) == []
    assert refused(claims, machine(name="alone", nics=[{"name": "u", "user": {}, "mac": MAC}])) == []


def test_br05_also_where_the_other_has_it_by_its_identity() -> None:
    claims, derived = Claims(), mac_address("uid-default-alpha", "lan")
    assert refused(claims, machine(name="alpha", nics=lan(None))) == []
    assert refused(claims, machine(name="beta", nics=lan(derived))) == [(f"mac:{derived} on network default", "machine alpha")]


@pytest.mark.parametrize(
    ("alpha", "beta", "taken"),
    [
        ({"nics": [forward(address="0.0.0.0")]}, {"nics": [forward()]}, "tcp:127.0.0.1:21301"),
        ({"nics": [forward()]}, {"nics": [forward(address="0.0.0.0")]}, "tcp:0.0.0.0:21301"),
        ({"nics": [forward()]}, {"nics": [forward(address="127.0.0.2")]}, ""),
        ({"nics": [forward()]}, {"nics": [forward(protocol="UDP")]}, ""),
        ({"nics": [forward(protocol="UDP")]}, {"nics": [forward(protocol="UDP", address="0.0.0.0")]}, "udp:0.0.0.0:21301"),
        ({"display": vnc(5901)}, {"display": vnc(5901)}, "tcp:127.0.0.1:5901"),
        ({"display": vnc(5901, "::")}, {"display": vnc(5901)}, "tcp:127.0.0.1:5901"),
        ({"display": vnc(5901, "::ffff:127.0.0.1")}, {"display": vnc(5901)}, "tcp:127.0.0.1:5901"),
        ({"display": vnc(5901, "::1")}, {"display": vnc(5901)}, ""),
        ({"display": vnc(5901)}, {"nics": [forward(5901, "0.0.0.0")]}, "tcp:0.0.0.0:5901"),
        ({"display": {"vnc": {"enabled": False, "port": 5901}}}, {"display": vnc(5901)}, ""),
    ],
)
def test_br18_an_address_claims_its_port_on_all_that_it_covers(alpha: Spec, beta: Spec, taken: str) -> None:
    claims = Claims()
    assert refused(claims, machine(name="alpha", **alpha)) == []
    found = refused(claims, machine(name="beta", **beta))
    assert found == ([(taken, "machine alpha")] if taken else [])


@pytest.mark.parametrize(
    "spec",
    [
        {"nics": [forward(address="0.0.0.0"), forward(name="b")]},
        {"nics": [forward(), forward(address="0.0.0.0", name="b")]},
        {"display": vnc(5901), "nics": [forward(5901)]},
        {"display": vnc(5901, "::"), "nics": [forward(5901)]},
        {"display": vnc(5901, "::ffff:127.0.0.1"), "nics": [forward(5901)]},
    ],
)
def test_br18_within_one_machine_it_is_refused(spec: Spec) -> None:
    with pytest.raises(ValidationError, match=r"is taken by nics\[\w+\]: host port .*: give each a port of its own"):
        machine(**spec)


def test_br18_what_does_not_collide_is_taken() -> None:
    machine(nics=[forward(), forward(address="127.0.0.2", name="b"), forward(protocol="UDP", name="c")], display=vnc(5901))


def test_two_disks_of_a_machine_do_not_share_a_serial() -> None:
    with pytest.raises(ValidationError, match="disks: the serial 'x' is used twice"):
        machine(disks=[{"name": name, "size": "1Gi", "serial": "x"} for name in "ab"])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("localhost", "127.0.0.1", True),
        ("localhost", "10.0.0.1", False),
        ("", "127.0.0.1", True),
        ("::ffff:0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("::", "::1", True),
        ("0.0.0.0", "::1", False),
        ("::1", "127.0.0.1", False),
        ("some.host", "10.0.0.1", True),
    ],
)
def test_br18_by_whatever_name_an_address_goes(one: str, other: str, same: bool) -> None:
    assert covers(one, other) == covers(other, one) == same


def test_br18_the_one_that_runs_keeps_it_whoever_asks_first() -> None:
    """As after the operator's start, when the one that waits is looked at before the one that runs."""
    alpha, beta, host = machine(name="alpha", nics=[forward()]), machine(name="beta", nics=[forward()]), Host()
    claims = Claims()
    assert refused(claims, beta, host) == []
    host.run(alpha)
    assert refused(claims, alpha, host) == []
    assert refused(claims, beta, host) == [("tcp:127.0.0.1:21301", "machine alpha")]


def test_br18_what_runs_has_its_ports_until_it_ends_whatever_its_spec_says() -> None:
    before, host = machine(name="alpha", nics=[forward()]), Host()
    host.run(before)
    claims, alpha, beta = Claims(), changed(before, nics=[forward(2)]), machine(name="beta", nics=[forward()])
    refused(claims, alpha, host)
    assert refused(claims, beta, host) == [("tcp:127.0.0.1:21301", "machine alpha, until that is restarted")]


@pytest.mark.parametrize("part", ["config", "live"])
def test_br18_of_what_runs_and_what_its_next_start_has_each_counts(part: str) -> None:
    alpha, host = machine(name="alpha", nics=[forward()]), Host()
    host.run(alpha)
    uuid = domain_uuid(alpha.identity)
    config = host.found[uuid].config
    assert config is not None
    host.found[uuid] = replace(host.found[uuid], **{part: replace(config, nics=())})
    claims = Claims()
    refused(claims, changed(alpha, nics=[]), host)
    assert refused(claims, machine(name="beta", nics=[forward()]), host) == [
        ("tcp:127.0.0.1:21301", "machine alpha, until that is restarted")
    ]


def test_br18_one_that_is_off_lets_the_one_that_runs_have_it() -> None:
    alpha, beta, host = machine(name="alpha", nics=[forward()]), machine(name="beta", nics=[forward()]), Host()
    host.run(beta, DomainState.SHUTOFF)
    claims = Claims()
    assert refused(claims, beta, host) == []
    host.run(alpha)
    assert refused(claims, alpha, host) == []
    assert refused(claims, beta, host) != []
    third = machine(name="third", nics=[forward()])
    claims.release(alpha.key)
    assert refused(claims, third, host) == [("tcp:127.0.0.1:21301", "machine beta")]
    host.run(alpha, DomainState.SHUTOFF)
    host.found.pop(domain_uuid(beta.identity))
    assert refused(claims, beta, host) == [], "whoever asked first"
    assert refused(claims, alpha, host) == [], "but it is defined already"
    assert refused(claims, beta, host) == [("tcp:127.0.0.1:21301", "machine alpha")]


def test_br05_a_file_is_for_the_one_whose_domain_has_it() -> None:
    """As after `virsh edit` gave one machine's domain the disk of another."""
    alpha, beta, host = machine(name="alpha", disks=[{"name": "data", "size": "1Gi"}]), machine(name="beta"), Host()
    host.run(beta)
    path, uuid = disk_path(HOST.storage_root, alpha, "data"), domain_uuid(beta.identity)
    config = host.found[uuid].config
    assert config is not None
    disk = DiskConfig("data", "disk", path, "qcow2", "virtio", "vda")
    host.found[uuid] = replace(host.found[uuid], config=replace(config, disks=(disk,)))
    claims = Claims()
    assert refused(claims, beta, host) == []
    others = claims.update(alpha, host)  # type: ignore[arg-type]
    assert dict(others) == {path: "machine beta"}
    world = World(others=dict(others))
    outcome = Operator(world).settle(alpha).outcome
    assert (outcome.reason, outcome.message) == (
        "DiskTaken",
        f"disks[data]: its file {path} is taken by machine beta: detach it there",
    )
    assert world.starts == 0

    host.found[uuid] = replace(host.found[uuid], config=replace(config, disks=(replace(disk, read_only=True),)))
    refused(claims, beta, host)
    assert refused(claims, alpha, host) == [], "any number may read"


def test_br05_an_identity_is_for_one_machine() -> None:
    alpha = machine(name="alpha")
    copy = machine(name="beta").model_dump(by_alias=True)
    copy["metadata"]["annotations"] = {IDENTITY: "default/beta/uid-default-alpha"}
    claims, beta = Claims(), VirtualMachine.model_validate(copy)
    assert refused(claims, alpha) == []
    world = World(others=dict(claims.update(beta, Host())))  # type: ignore[arg-type]
    outcome = Operator(world).settle(beta).outcome
    assert (outcome.reason, outcome.message) == ("NameInUse", "its identity is taken by machine alpha: take its annotation away")


@pytest.mark.parametrize(("told", "listen"), [("127.0.0.1:5901", "127.0.0.1"), ("[::1]:5901", "::1")])
def test_br18_a_display_that_was_given_a_port_has_it(told: str, listen: str) -> None:
    alpha, host = machine(name="alpha"), Host()
    host.run(alpha)
    uuid = domain_uuid(alpha.identity)
    host.found[uuid] = replace(host.found[uuid], vnc=told)
    claims, beta = Claims(), machine(name="beta", display=vnc(5901, listen))
    refused(claims, alpha, host)
    assert refused(claims, beta, host) == [(f"tcp:{listen}:5901", "machine alpha, until that is restarted")]
    host.found[uuid] = replace(host.found[uuid], state=DomainState.SHUTOFF)
    refused(claims, alpha, host)
    assert refused(claims, beta, host) == []


def test_br05_it_is_let_go_of_with_the_machine_and_who_waits_is_woken() -> None:
    woken: list[Key] = []
    claims = Claims(woken.append)
    alpha, beta = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    refused(claims, alpha)
    assert refused(claims, beta) != []
    woken.clear()
    claims.release(alpha.key)
    assert woken == [beta.key]
    assert refused(claims, beta) == []
    assert refused(claims, alpha) == [(f"mac:{MAC} on network default", "machine beta")]
    claims.release(machine(name="unknown").key)


def test_br05_it_is_let_go_of_with_the_field_and_who_waits_is_woken() -> None:
    woken: list[Key] = []
    claims = Claims(woken.append)
    alpha, beta = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    refused(claims, alpha)
    refused(claims, beta)
    woken.clear()
    refused(claims, changed(alpha, nics=lan("52:54:00:00:00:01")))
    assert woken == [beta.key] and refused(claims, beta) == []


def test_security_17_a_name_that_two_would_have_is_the_first_ones() -> None:
    """a/b--c and a--b/c: names are kept as they are, since domains have them."""
    one, two = machine(name="b--c", namespace="a"), machine(name="c", namespace="a--b")
    three = machine(name="a--b--c")
    assert domain_name(one) == domain_name(two) == domain_name(three) == "a--b--c"
    claims = Claims()
    assert refused(claims, one) == []
    assert refused(claims, two) == [("name:a--b--c", "machine a/b--c")]
    world = World(others=dict(claims.update(three, Host())))  # type: ignore[arg-type]
    outcome = Operator(world).settle(three).outcome
    assert (outcome.reason, world.domain) == ("NameInUse", None)
    assert outcome.message == "its domain would be named 'a--b--c', which is taken by machine a/b--c: rename one of the two"


specs = st.fixed_dictionaries(
    {
        "nics": st.lists(st.tuples(st.integers(1, 2), st.sampled_from(ADDRESSES)), max_size=1),
        "mac": st.sampled_from([None, MAC]),
        "on": st.booleans(),
    }
)


def built(name: str, spec: dict[str, Any]) -> VirtualMachine:
    nics = [forward(port, address, name="u") for port, address in spec["nics"]]
    return machine(name=name, nics=[*nics, *(lan() if spec["mac"] else [])])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | specs), max_size=12))
@settings(max_examples=40, deadline=None)
def test_br05_br18_no_two_have_what_only_one_can_have(steps: list[tuple[str, Any]]) -> None:
    """Over any history, of those that run or may run none collide; and where nothing collides, nobody is refused."""
    claims, known = Claims(), dict[str, VirtualMachine]()
    host = Host()
    for name, spec in steps:
        if spec is None:
            if name in known:
                claims.release(known.pop(name).key)
        else:
            known[name] = built(name, spec)
            refused(claims, known[name], host)
        free = [vm for vm in known.values() if not refused(claims, vm, host)]
        for vm in free:
            assert not any(collide(vm, other) for other in free if other is not vm)
        if not any(collide(a, b) for a in known.values() for b in known.values() if a is not b):
            assert len(free) == len(known)
        assert free or not known


def collide(one: VirtualMachine, other: VirtualMachine) -> bool:
    macs = [{nic.mac for nic in vm.spec.nics if nic.network} for vm in (one, other)]
    ports = [[(f.host_port, f.host_address) for n in vm.spec.nics if n.user for f in n.user.forwards] for vm in (one, other)]
    return bool(macs[0] & macs[1]) or any(
        a[0] == b[0] and (a[1] == b[1] or "0.0.0.0" in (a[1], b[1])) for a in ports[0] for b in ports[1]
    )


def test_br05_in_user_mode_each_is_alone_also_while_it_runs() -> None:
    alpha, beta = (machine(name=name, nics=[{"name": "u", "user": {}, "mac": MAC}]) for name in ("alpha", "beta"))
    claims, host = Claims(), Host()
    for vm in (alpha, beta):
        host.run(vm)
        assert refused(claims, vm, host) == []


async def test_br05_machines_of_other_hosts_claim_nothing_here() -> None:
    """A store may list them, and does not give them."""
    alpha, beta = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    shelf, host = Shelf(alpha, beta), WorldHost()

    async def get(kind: type[Resource], key: Key) -> Resource | None:
        return None if key == alpha.key else shelf.resources.get(key)

    shelf.get = get  # type: ignore[method-assign]
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: beta.key in operator.looked_at)
        assert "MacTaken" not in str(shelf.resources[beta.key])


def test_br05_being_defined_while_it_is_refused_does_not_overtake_who_asked_first() -> None:
    """The first one's disks may take longer than the other's."""
    claims, host = Claims(), Host()
    first, other = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    assert refused(claims, first, host) == []
    assert [holder for _, holder in refused(claims, other, host)] == ["machine alpha"]
    host.run(other, DomainState.SHUTOFF)
    assert [holder for _, holder in refused(claims, other, host)] == ["machine alpha"]
    assert refused(claims, first, host) == []
    claims.release(first.key)
    assert refused(claims, other, host) == []


def test_br05_who_is_about_to_be_started_has_it_before_libvirt_says_so() -> None:
    claims, host = Claims(), Host()
    first, other = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    assert refused(claims, other, host) == [] and refused(claims, first, host) != []
    host.run(other, DomainState.SHUTOFF)
    assert claims.begin(other, host) == {}  # type: ignore[arg-type]
    host.run(first, DomainState.SHUTOFF)
    assert [*claims.begin(first, host).values()] == ["machine beta"]  # type: ignore[arg-type]


def test_what_a_machine_claims_is_found_again_for_another_spec_identity_or_domain() -> None:
    claims, host = Claims(), Host()
    alpha, beta = machine(name="alpha", nics=lan()), machine(name="beta", nics=lan())
    assert refused(claims, alpha, host) == [] and refused(claims, beta, host) != []
    moved = changed(alpha, nics=lan(network="isolated"))
    assert refused(claims, moved, host) == [] and refused(claims, beta, host) == [], "another spec"
    assert refused(claims, alpha, host) != [], "the former one again"
    host.run(alpha)
    assert refused(claims, moved, host) == []
    assert refused(claims, beta, host) == [(f"mac:{MAC} on network default", "machine alpha")], "a domain"
    host.found.clear()
    assert refused(claims, moved, host) == [] and refused(claims, beta, host) == [], "none any more"
    derived = machine(name="gamma", nics=lan(None))
    other = derived.model_copy(update={"metadata": derived.metadata.model_copy(update={"uid": "another"})})
    assert refused(claims, derived, host) == [] and refused(claims, other, host) == []
    taken = machine(name="delta", nics=lan(mac_address("another", "lan")))
    assert refused(claims, taken, host) == [(f"mac:{mac_address('another', 'lan')} on network default", "machine gamma")], (
        "identity"
    )


def test_what_only_its_domain_has_is_told_so_though_its_spec_has_the_same_port_elsewhere() -> None:
    host, claims = Host(), Claims()
    before = machine(name="alpha", nics=[forward(address="127.0.0.1")])
    host.run(before)
    refused(claims, changed(before, nics=[forward(address="10.0.0.1")]), host)
    ((_, holder),) = refused(claims, machine(name="beta", nics=[forward(address="127.0.0.1")]), host)
    assert holder == "machine alpha, until that is restarted"
    ((_, holder),) = refused(claims, machine(name="gamma", nics=[forward(address="10.0.0.1")]), host)
    assert holder == "machine alpha"


def test_one_that_was_refused_and_has_gone_is_refused_no_more_when_it_comes_again() -> None:
    host, claims = Host(), Claims()
    first, second, third = (machine(name=name, nics=lan()) for name in ("alpha", "beta", "gamma"))
    for vm in (first, second, third):
        host.run(vm, DomainState.RUNNING if vm is first else DomainState.SHUTOFF)
    refused(claims, first, host)
    assert refused(claims, second, host)
    for vm in (first, second):
        claims.release(vm.key)
    refused(claims, second, host)
    assert [holder for _, holder in refused(claims, third, host)] == ["machine beta"]
    assert refused(claims, second, host) == []


def test_br05_one_mac_on_a_bridge_and_on_the_network_that_is_that_bridge() -> None:
    def on(name: str, mode: str, **spec: Any) -> Network:
        return Network.model_validate({"metadata": {"name": name, "uid": name}, "spec": {"mode": mode, **spec}})

    def plugged_into(network: Network, name: str) -> VirtualMachine:
        vm = machine(name=name, nics=[{"name": "lan", "networkRef": {"name": "n"}, "mac": MAC}])
        return vm.model_copy(update={"spec": vm.spec.model_copy(update={"nics": plugged(vm.spec.nics, {"n": network})})})

    claims, bridged = Claims(), on("n", "Bridge", bridge="br0")
    assert refused(claims, plugged_into(bridged, "a")) == []
    bare = machine(name="b", nics=[{"name": "lan", "bridge": "br0", "mac": MAC}])
    assert refused(claims, bare) == [(f"mac:{MAC} on bridge br0", "machine a")]
    assert refused(claims, plugged_into(on("m", "Bridge", bridge="br0"), "c")) == [(f"mac:{MAC} on bridge br0", "machine a")]
    own = on("o", "NAT", bridge="br0", addresses=[{"cidr": "10.0.0.1/24"}])  # such a bridge is another one
    assert refused(claims, plugged_into(own, "d")) == []
