"""A dry run says what would be found on the host, and what was not looked at. The host is libvirt's test driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.driver.survey.kvm import KvmVerdict
from homeostat.models.machine import VirtualMachineStatus
from homeostat.service.changing import foresight
from homeostat.service.changing.foresight import Foreseen
from homeostat.service.desk import Desk
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

CARD = {"name": "n", "network": "default", "mac": "52:54:00:aa:bb:cc"}


@pytest.fixture
def desk(room: Room) -> Desk:
    room.state.remember_libvirt("test:///default")
    return Served(room).service()


async def machine(desk: Desk, **spec: Any) -> Foreseen:
    found = await desk.machines.foresee(await desk.machines.make("new", spec, dry=True))
    assert found is not None and await desk.machines.find("new") is None
    return found


def said(found: Foreseen) -> list[str]:
    return [outcome.message for outcome in found.findings]


async def test_what_is_missing_or_of_others_is_found(desk: Desk, tmp_path: Path) -> None:
    assert await machine(desk) == Foreseen("local")
    (missing,) = said(await machine(desk, nics=[{"name": "n", "network": "lan"}]))
    assert missing.startswith("nics[n]: host local has no network 'lan'")
    await desk.machines.make("web", {"nics": [CARD], "display": {"vnc": {"port": 5999}}})
    assert [o.reason for o in (await machine(desk, nics=[CARD])).findings] == ["MacTaken"]
    (taken,) = said(await machine(desk, display={"vnc": {"port": 5999}}))
    assert "5999" in taken and "machine web" in taken
    found = await machine(desk, resources={"memory": "900Gi"}, disks=[{"name": "root", "size": "900Ti"}])
    assert [outcome.reason for outcome in found.findings] == ["InsufficientMemory"]
    assert [note.partition(" ask ")[0] for note in found.notes][:1] == ["the machines that are to run"]
    assert "900Ti together" in found.notes[1]


async def test_a_change_is_looked_at_as_it_would_be(desk: Desk) -> None:
    await desk.machines.make("web", {"nics": [CARD]})
    patch = {"spec": {"nics": [{"name": "n", "network": "lan"}]}}
    before = await desk.machines.get("web")
    after = await desk.machines.patch(before, patch, dry=True)
    assert [o.reason for o in (await desk.machines.foresee(after) or Foreseen()).findings] == ["NetworkUnknown"]
    assert (await desk.machines.foresee(before) or Foreseen()).findings == ()  # its own card is its own


async def test_each_kind_is_looked_at(desk: Desk) -> None:
    template = {"template": {"spec": {"nics": [{"name": "n", "network": "lan"}]}}}
    made: Any = await desk.deployments.make("dep", {"replicas": 2, **template}, dry=True)
    assert [o.reason for o in (await desk.deployments.foresee(made) or Foreseen()).findings] == ["NetworkUnknown"]
    none: Any = await desk.deployments.make("dep", {"replicas": 0, **template}, dry=True)
    assert (await desk.deployments.foresee(none) or Foreseen()).findings == ()
    disk = await desk.disks.make("data", {"source": {"diskRef": {"name": "none"}}, "size": "1Gi"}, dry=True)
    assert [o.reason for o in (await desk.disks.foresee(disk) or Foreseen()).findings] == ["DiskNotReady"]
    subnet = {"addresses": [{"cidr": "192.168.122.1/24"}]}
    network = await desk.networks.make("lan", subnet, dry=True)
    assert [o.reason for o in (await desk.networks.foresee(network) or Foreseen()).findings] == ["AddressTaken"]
    schedule = {"schedule": "0 3 * * *", "template": {"spec": {"machineRef": {"name": "web"}}}}
    assert await desk.schedules.foresee(await desk.schedules.make("nightly", schedule, dry=True)) is None


async def test_what_was_not_looked_at_is_said(room: Room) -> None:
    served = Served(room)
    desk = served.service()
    (unseen,) = (await machine(desk)).unseen
    assert unseen == "nothing is known of the host: no `homeostat up` has run over this folder"
    room.state.remember_libvirt("test:///default")
    found = await machine(
        desk, disks=[{"name": "root", "image": {"url": "http://x.example/a.img"}}], qemuArguments=["-fw_cfg name=a,string=b"]
    )
    assert found.host == "local" and [words.partition(" ")[0] for words in found.unseen] == ["http://x.example/a.img", "whether"]
    served.allowed.clustered = True
    assert (await machine(desk)).host == "" and "on no host yet" in (await machine(desk)).unseen[0]
    web = await served.have(desk.machines, "web", {}, VirtualMachineStatus(host="far"))
    found = await desk.machines.foresee(web) or Foreseen()
    assert found.host == "" and "host far" in found.unseen[0]


async def test_a_host_that_is_away_is_said(room: Room) -> None:
    room.state.remember_libvirt("qemu+unix:///system?socket=/nowhere")
    found = await machine(Served(room).service())
    assert found.host == "" and found.unseen[0].startswith("the host cannot be looked at: ")


async def test_what_all_machines_ask_for_together_is_not_said_to_who_does_not_see_them(room: Room, desk: Desk) -> None:
    alice = Actor("session", Role.USER, "alice", frozenset(Right), (), author="alice")
    found = await machine(Served(room).service(actor=alice), resources={"memory": "900Gi"})
    assert found.host == "local" and found.findings and not found.notes
    assert (await machine(desk, resources={"memory": "900Gi"})).notes


@pytest.mark.parametrize("usable", [True, False])
async def test_kvm_is_tried_on_this_host_only(usable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    async def probe(state: object) -> KvmVerdict:
        tried.append(state)
        return KvmVerdict(usable, "boot", "")

    monkeypatch.setattr(foresight, "probe_kvm", probe)
    assert await foresight._kvm_usable("qemu+ssh://far.example/system") is True and not tried
    assert await foresight._kvm_usable("qemu:///system") is usable and tried == [None]
