"""What a machine, or a Disk, is placed by because of what it names; and which Disks it can have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from homeostat.models.base import Resource
from homeostat.models.image import Image
from homeostat.models.network import NetworkOnHost, NetworkStatus
from homeostat.planner.placement import DISK_NOT_READY, Demand, host_finalizer
from homeostat.planner.plan import Stalled, Waiting
from homeostat.runtime.engine.ports import Unreadable
from homeostat.runtime.machine.demands import demands_around, demands_of
from homeostat.runtime.machine.named import named_disks
from tests.unit.disks import disk
from tests.unit.machines import machine
from tests.unit.network_world import network
from tests.unit.operating import Shelf

SSD = {"disk": "ssd"}


def marked(resource: Any, **metadata: Any) -> Any:
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update=metadata)})


def at(resource: Any, *hosts: str) -> Any:
    return marked(resource, finalizers=tuple(host_finalizer(host) for host in hosts))


def going(resource: Any) -> Any:
    return marked(resource, deletion_timestamp="2026-01-01T00:00:00Z")


def image(name: str, source: dict[str, Any] | None = None) -> Image:
    return Image.model_validate({"metadata": {"name": name}, "spec": {"source": source or {"url": "https://x.example/a"}}})


def naming(*disks: str, nics: Iterable[str] = (), images: Iterable[str] = (), name: str = "web", **spec: Any) -> Any:
    named = [{"name": f"d-{disk}", "diskRef": {"name": disk}} for disk in disks]
    made = [{"name": f"i-{image}", "image": {"imageRef": {"name": image}}} for image in images]
    cards = [{"name": f"n-{nic}", "networkRef": {"name": nic}} for nic in nics]
    own = {"name": "own", "size": "1Gi"}
    return machine(name=name, disks=[own, *named, *made], nics=[{"name": "out", "user": {}}, *cards], **spec)


def store(*resources: Resource, broken: Iterable[Resource] = ()) -> Any:
    shelf = Shelf(*resources)
    shelf.failing = {resource.key: Unreadable("line 3: no") for resource in broken}
    return shelf


async def test_a_machine_is_placed_by_all_that_it_names() -> None:
    lan = network("lan", hostSelector={"rack": "7"}, **network().spec.dump())
    barred = NetworkStatus(hosts=(NetworkOnHost(name="c", reason="NameInUse", message="it is taken"),))
    upload = image("up", {"upload": {}, "sha256": "a" * 64})
    known = store(
        at(disk(name="data"), "a"), lan, network("dmz", uid="d").model_copy(update={"status": barred}), upload, image("far")
    )
    found = await demands_of(naming("data", nics=("lan", "dmz"), images=("up", "far")), known)
    assert isinstance(found, list) and sorted(found, key=lambda demand: demand.what) == [
        Demand("Disk data", host="a"),
        Demand("Image far"),
        Demand("Image up", upload="a" * 64),
        Demand("Network dmz", barred={"c": "it is taken"}),
        Demand("Network lan", {"rack": "7"}),
    ]
    assert await demands_of(naming(), store()) == []


DATA, LAN, UP = disk(name="data"), network("lan"), image("up")


@pytest.mark.parametrize(
    ("there", "broken", "reason", "said"),
    [
        ([LAN, UP], [], DISK_NOT_READY, "disks[d-data].diskRef: there is no Disk 'data' in namespace default: declare it"),
        ([LAN, UP], [DATA], DISK_NOT_READY, "disks[d-data].diskRef: Disk data cannot be read: line 3: no"),
        ([DATA, LAN, UP], [], DISK_NOT_READY, "disks[d-data].diskRef: Disk data has no host yet: its status says why"),
        ([going(DATA), LAN, UP], [], DISK_NOT_READY, "disks[d-data].diskRef: Disk data is being deleted: name another one"),
        ([at(DATA, "a"), UP], [], "NetworkNotFound", "nics[n-lan].networkRef: there is no Network 'lan' in namespace default"),
        ([at(DATA, "a"), UP], [LAN], "NetworkNotFound", "nics[n-lan].networkRef: Network lan cannot be read: line 3: no"),
        ([at(DATA, "a"), LAN], [], "ImageNotFound", "imageRef: there is no image 'up' in namespace default"),
        ([at(DATA, "a"), LAN, going(UP)], [], "ImageBeingDeleted", "imageRef: image 'up' is being deleted: name another"),
    ],
)
async def test_a_machine_waits_for_what_is_not_known_yet(
    there: list[Resource], broken: list[Resource], reason: str, said: str
) -> None:
    found = await demands_of(naming("data", nics=("lan",), images=("up",)), store(*there, broken=broken))
    assert isinstance(found, Waiting | Stalled) and found.message.startswith(said)
    assert found.reason == reason


async def test_a_disk_is_placed_by_the_machine_that_names_it_and_by_what_that_names_beside() -> None:
    there = [disk(name="data"), at(disk(name="more"), "a"), disk(name="new", hostSelector=SSD, size="1Gi"), LAN, UP]
    wanted = naming("data", "more", "new", "none", nics=("lan", "none"), images=("up", "none"), hostSelector={"rack": "7"})
    assert await demands_around(wanted, DATA.key, store(*there)) == [
        Demand("machine web, which names it,", {"rack": "7"}),
        Demand("Disk more, which machine web names too,", host="a"),
        Demand("Disk new, which machine web names too,", SSD),
        Demand("Network lan"),
        Demand("Image up"),
    ]
    alone = [Demand("machine web, which names it,", {"rack": "7"})]
    assert await demands_around(wanted, DATA.key, store(broken=[disk(name="more"), LAN, UP])) == alone


async def test_which_disks_a_machine_can_have() -> None:
    wanted = naming("none", "broken", "data", "far")
    far, away = disk(name="far"), Waiting("ElsewhereKept", "it is on host b")
    known = store(DATA, far, broken=[disk(name="broken")])
    found = await named_disks(wanted, known, lambda one: away if one is far else None)
    assert found == {
        "none": Waiting(DISK_NOT_READY, "there is no Disk 'none' in namespace default: declare it, or name another"),
        "broken": Waiting(DISK_NOT_READY, "Disk broken cannot be read: line 3: no"),
        "data": DATA,
        "far": away,
    }
    assert await named_disks(naming("data"), known) == {"data": DATA}
