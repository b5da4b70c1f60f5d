"""A disk without a size costs what its Image or its machine is found to have, as soon as either is known."""

from __future__ import annotations

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.rights import Right, Role
from homeostat.models.base import ObjectMeta
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.image import ImageStatus
from homeostat.models.machine import MachineDisk, VirtualMachine, VirtualMachineStatus
from homeostat.runtime.deployment.reconcile import owner_reference
from homeostat.service.service import Service
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

GIB = 2**30
ALICE = Actor("session", Role.USER, "alice", frozenset(Right), (), author="alice")
BY_NAME = {"disks": [{"name": "root", "image": {"imageRef": {"name": "debian"}}}]}
BY_URL = {"disks": [{"name": "root", "image": {"url": "https://example.org/a.qcow2"}}, {"name": "data", "size": "1Gi"}]}


@pytest.fixture
def served(room: Room) -> Served:
    return Served(room)


async def disk(whole: Service, name: str) -> int:
    """Counts, and returns the disk of one resource."""
    found = (await whole.usage()).found["alice"]
    return next(amounts[Measure.DISK] for key, amounts in found.items() if key.name == name) // GIB


def seen(root: int) -> VirtualMachineStatus:
    return VirtualMachineStatus(disks=(MachineDisk(name="root", size=root * GIB), MachineDisk(name="data", size=GIB)))


async def test_that_of_its_image_even_before_it_is_made(served: Served) -> None:
    alice, whole = served.service(actor=ALICE), served.whole()
    image = await alice.images.make("debian", {"source": {"url": "https://example.org/a.qcow2"}})
    await alice.machines.make("web", BY_NAME)
    await alice.deployments.make("farm", {"replicas": 2, "template": {"spec": BY_NAME}})
    assert (await disk(whole, "web"), await disk(whole, "farm")) == (0, 0)
    await served.note(image, ImageStatus(virtual_size=3 * GIB))
    assert (await disk(whole, "web"), await disk(whole, "farm")) == (3, 9)


async def test_that_of_the_machine_once_it_is_there(served: Served) -> None:
    whole = served.whole()
    machine = await served.service(actor=ALICE).machines.make("web", BY_URL)
    assert await disk(whole, "web") == 1
    await served.note(machine, seen(4))
    assert await disk(whole, "web") == 5


async def test_a_deployment_as_the_first_of_its_machines(served: Served, room: Room) -> None:
    whole = served.whole()
    farm = await served.service(actor=ALICE).deployments.make("farm", {"replicas": 2, "template": {"spec": BY_URL}})
    machines = [await made_of(room, farm, f"farm-{index}") for index in (1, 2)]
    await served.note(farm, VirtualMachineDeploymentStatus(machines=("farm-1", "farm-2", "farm-3")))
    assert await disk(whole, "farm") == 3
    await served.note(machines[1], seen(4))
    assert await disk(whole, "farm") == 15, "though nothing of the deployment itself changed"


async def made_of(room: Room, farm: VirtualMachineDeployment, name: str) -> VirtualMachine:
    metadata = ObjectMeta(name=name, owner_references=(owner_reference(farm),))
    machine = VirtualMachine(metadata=metadata, spec=farm.spec.template.spec)
    await room.store.apply_owned(machine)
    found = await room.store.get(VirtualMachine, machine.key)
    assert found is not None
    return found
