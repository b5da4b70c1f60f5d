"""A machine whose host nobody serves any more: it is let go where somebody asks for that, and else said to be unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from homeostat.models.base import Key, OwnerReference
from homeostat.models.condition import READY, Condition, find_condition
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import Host, HostMeta, HostSpec
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.runtime.host.deserted import OPERATOR_GONE
from homeostat.runtime.machine.placement import Placer
from tests.unit.machines import deleted, machine
from tests.unit.operating import Shelf

FAR = Host(metadata=HostMeta(name="far"), spec=HostSpec())


class Cluster(Shelf):
    """All machines are on the host far."""

    def __init__(self, *things: Any) -> None:
        super().__init__(*things)
        self.served = False
        self.placer = Placer(self, self.hosts, lambda vm: "far", lambda name: not self.served)  # type: ignore[arg-type]

    def hosts(self) -> Iterator[Host]:
        yield from (thing for thing in self.resources.values() if isinstance(thing, Host))

    def look(self, vm: VirtualMachine) -> None:
        asyncio.run(self.placer.reconcile(vm))

    def words(self, vm: VirtualMachine) -> tuple[str, str]:
        found = self.resources[vm.key]
        assert isinstance(found, VirtualMachine)
        ready = find_condition(found.status.conditions, READY) if found.status else None
        return (ready.reason, ready.message) if ready else ("", "")


def told(vm: VirtualMachine, reason: str) -> VirtualMachine:
    status = VirtualMachineStatus(conditions=(Condition(type=READY, status="Unknown", reason=reason),))
    return vm.model_copy(update={"status": status})


def marked(vm: VirtualMachine, value: str = "true") -> VirtualMachine:
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"annotations": {ABANDON: value}})})


def test_one_whose_host_is_no_more_is_not_known() -> None:
    vm = machine()
    cluster = Cluster(vm)
    cluster.look(vm)
    assert cluster.words(vm)[0] == OPERATOR_GONE and "there is no host far any more" in cluster.words(vm)[1]
    assert ABANDON not in cluster.words(vm)[1] and cluster.released == []


def test_one_that_is_being_deleted_is_told_how_to_go() -> None:
    vm = deleted(machine())
    cluster = Cluster(vm)
    cluster.look(vm)
    assert f"{ABANDON}=true" in cluster.words(vm)[1] and cluster.released == []


def test_one_that_its_operator_spoke_of_since_is_left_alone() -> None:
    for known in (machine(), told(machine(), "Available")):
        cluster = Cluster(known, FAR)
        cluster.look(known)
        assert cluster.statuses == []
    doubted = told(machine(), OPERATOR_GONE)
    cluster = Cluster(doubted, FAR)
    cluster.look(doubted)
    assert cluster.words(doubted)[0] == OPERATOR_GONE and "no operator serves host far" in cluster.words(doubted)[1]


@pytest.mark.parametrize(
    ("vm", "goes"),
    [
        (marked(deleted(machine())), True),
        (marked(machine()), False),  # it is not being deleted
        (marked(deleted(machine()), "yes"), False),
        (deleted(machine()), False),
    ],
)
def test_one_is_let_go_where_it_is_deleted_and_that_is_asked_for(vm: VirtualMachine, goes: bool) -> None:
    cluster = Cluster(vm)
    cluster.look(vm)
    assert (cluster.released == [vm.key]) is goes and ((vm.key, "Abandoned") in cluster.told) is goes
    assert bool(cluster.statuses) is not goes


DEPLOYMENT = VirtualMachineDeployment.model_validate(
    {
        "metadata": {"name": "web", "uid": "u-web"},
        "spec": {"replicas": 1, "template": {"spec": {"resources": {"memory": "64Mi"}}}},
    }
)


def replica(uid: str = "u-web") -> VirtualMachine:
    owner = OwnerReference(
        apiVersion="homeostat.dev/v1alpha1", kind=VirtualMachineDeployment.KIND, name="web", uid=uid, controller=True
    )
    vm = machine()
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"owner_references": (owner,)})})


def annotated(value: str) -> VirtualMachineDeployment:
    meta = DEPLOYMENT.metadata.model_copy(update={"annotations": {ABANDON: value}})
    return DEPLOYMENT.model_copy(update={"metadata": meta})


def test_one_of_a_deployment_says_what_to_annotate_and_goes_once_that_is_done() -> None:
    vm = deleted(replica())
    cluster = Cluster(vm, DEPLOYMENT)
    cluster.look(vm)
    assert f"annotate its deployment web with {ABANDON}=true" in cluster.words(vm)[1] and cluster.released == []
    cluster.resources[DEPLOYMENT.key] = annotated("true")
    assert cluster.placer.woken_by(DEPLOYMENT.key) == [vm.key]
    cluster.look(vm)
    assert cluster.released == [vm.key] and (vm.key, "Abandoned") in cluster.told


@pytest.mark.parametrize(
    ("vm", "deployment", "served"),
    [
        (replica(), annotated("true"), False),  # it is not being deleted
        (deleted(replica()), annotated("yes"), False),
        (deleted(replica("u-of-before")), annotated("true"), False),  # of another deployment of that name
        (deleted(replica()), annotated("true"), True),
    ],
)
def test_else_what_a_deployment_asks_lets_none_go(vm: VirtualMachine, deployment: VirtualMachineDeployment, served: bool) -> None:
    cluster = Cluster(vm, deployment)
    cluster.served = served
    cluster.look(vm)
    assert cluster.released == []


def test_while_its_host_is_served_nothing_is_said() -> None:
    vm = marked(deleted(machine()))
    cluster = Cluster(vm)
    cluster.served = True
    cluster.look(vm)
    assert cluster.released == [] and cluster.statuses == [] and cluster.placer.placed_on("far") == [vm.key]


def test_a_host_that_goes_wakes_the_machines_on_it() -> None:
    vm = machine()
    cluster = Cluster(vm, FAR)
    cluster.served = True
    cluster.look(vm)
    assert cluster.placer.woken_by(FAR.key) == ()
    cluster.served = False
    assert cluster.placer.woken_by(FAR.key) == (vm.key,)
    assert cluster.placer.woken_by(Key(Host.KIND, "default", "near")) == ()
