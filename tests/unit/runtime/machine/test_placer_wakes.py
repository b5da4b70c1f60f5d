"""Machines that no host took are looked at again when a host comes to offer something else, not at each of its reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from homeostat.models.base import API_VERSION, Key, ObjectMeta, OwnerReference, Resource
from homeostat.models.condition import READY, Condition, find_condition
from homeostat.models.host import SCHEDULABLE, Host, HostCapacity, HostMeta, HostSpec, HostStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.runtime.machine.placement import Placer

OPEN = Condition(type=SCHEDULABLE, status="True", reason="Open", message="", observed_generation=1)
STATUS = HostStatus(conditions=(OPEN,), capacity=HostCapacity(vcpus=2, memory=2**34), machines=3)
HOST = Host(metadata=HostMeta(name="node"), spec=HostSpec(), status=STATUS)
PICKY = VirtualMachine(metadata=ObjectMeta(name="picky"), spec=VirtualMachineSpec(host_selector={"disk": "ssd"}))


class Cluster:
    """One host, and nothing that owns or makes machines."""

    def __init__(self) -> None:
        self.host = HOST
        self.unreadable: Key | None = None
        self.said: list[str] = []
        self.why = ""

    def hosts(self) -> Iterator[Host]:
        yield self.host

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        return None

    def exists(self, key: Key) -> bool:
        return key == self.unreadable

    async def write_status(self, key: Key, uid: str, status: VirtualMachineStatus) -> None:
        ready = find_condition(status.conditions, READY)
        self.said.append(ready.reason if ready else "")
        self.why = ready.message if ready else ""


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def placer(cluster: Cluster) -> Placer:
    """A machine waits."""
    made = Placer(cluster, cluster.hosts, lambda machine: None, lambda host: False)  # type: ignore[arg-type]
    asyncio.run(made.reconcile(PICKY))
    return made


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"labels": {"disk": "ssd"}}, {}),
        ({}, {"capacity": HostCapacity(vcpus=2, memory=2**35)}),
        ({}, {"conditions": (OPEN.model_copy(update={"status": "False", "message": "is in maintenance"}),)}),
    ],
    ids=["label", "memory", "closed"],
)
def test_by_another_offer(cluster: Cluster, placer: Placer, metadata: dict[str, Any], status: dict[str, Any]) -> None:
    cluster.host = HOST.model_copy(
        update={
            "metadata": HOST.metadata.model_copy(update=metadata),
            "status": STATUS.model_copy(update=status),
        }
    )
    assert placer.woken_by(HOST.key) == (PICKY.key,)
    assert placer.woken_by(HOST.key) == ()


@pytest.mark.parametrize(("message", "said"), [("is in maintenance", "node is in maintenance"), ("", "node takes no machines")])
def test_why_a_closed_host_takes_none_is_in_its_own_words(cluster: Cluster, message: str, said: str) -> None:
    closed = OPEN.model_copy(update={"status": "False", "message": message})
    labels = HOST.metadata.model_copy(update={"labels": {"disk": "ssd"}})
    cluster.host = HOST.model_copy(update={"metadata": labels, "status": STATUS.model_copy(update={"conditions": (closed,)})})
    made = Placer(cluster, cluster.hosts, lambda machine: None, lambda host: False)  # type: ignore[arg-type]
    asyncio.run(made.reconcile(PICKY))
    assert said in cluster.why


def test_one_whose_deployment_cannot_be_read_waits_for_it(cluster: Cluster) -> None:
    """That may know which host has its disks."""
    owner = OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="db", uid="u")
    replica = VirtualMachine(metadata=ObjectMeta(name="db-1", owner_references=(owner,)), spec=VirtualMachineSpec())
    deployment = Key("VirtualMachineDeployment", "default", "db")
    cluster.unreadable = deployment
    placer = Placer(cluster, cluster.hosts, lambda machine: None, lambda host: False)  # type: ignore[arg-type]

    asyncio.run(placer.reconcile(replica))

    assert cluster.said == ["DeploymentUnreadable"]
    assert placer.woken_by(deployment) == [replica.key]
    assert placer.woken_by(Key("VirtualMachineDeployment", "default", "other")) == []


@pytest.mark.parametrize("kind", ["Disk", "Network", "Image"])
def test_by_what_it_may_name(placer: Placer, kind: str) -> None:
    assert placer.woken_by(Key(kind, "default", "a")) == [PICKY.key]
    assert placer.woken_by(Key(kind, "prod", "a")) == []
    assert placer.woken_by(Key("Plugin", "default", "a")) == ()


def test_not_by_a_report_of_the_same(cluster: Cluster, placer: Placer) -> None:
    cluster.host = HOST.model_copy(update={"status": STATUS.model_copy(update={"machines": 4})})
    assert placer.woken_by(HOST.key) == ()
