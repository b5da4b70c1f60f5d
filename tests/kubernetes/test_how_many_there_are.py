"""The client tells how many objects the server holds, and reads one of them only."""

from __future__ import annotations

import asyncio

from homeostat.models.machine import VirtualMachine
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.paths import PATHS
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

SOON = 30.0  # seconds


async def counted(plane: ControlPlane) -> int:
    cluster = await Cluster.connect(Access(plane.kubeconfig))
    try:
        return (await cluster.count(PATHS[VirtualMachine.KIND])).number
    finally:
        await cluster.close()


def test_one_page_of_one_object_tells_all(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(*(machine(named=f"one-of-{number}") for number in range(4)))

    def as_listed() -> bool:  # objects of earlier tests may be going meanwhile
        listed = plane.kubectl("get", "vm", "--all-namespaces", "-o", "name").split()
        return len(listed) >= 4 and asyncio.run(counted(plane)) == len(listed)

    wait_until(as_listed, SOON, "it counts what kubectl lists")
