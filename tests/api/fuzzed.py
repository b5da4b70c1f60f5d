"""An API to be fuzzed: what the paths of its document name is there, and an operator carries out at once what is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.store.errors import StoreError
from tests.api.harness import Api, manifest

SERVED = (Plugin, Disk, Image, Network, Snapshot, SnapshotSchedule)
KEPT = {
    "disks": {"spec": {"size": "1Gi"}},
    "images": {"source": {"url": "https://images.example/fuzzed.qcow2"}},
    "networks": {"spec": {"addresses": [{"cidr": "192.168.100.1/24"}]}},
    "snapshots": {"spec": {"machineRef": {"name": "fuzzed"}}},
    "snapshotschedules": {"spec": {"schedule": "@daily", "template": {"spec": {"machineRef": {"name": "fuzzed"}}}}},
}


@contextmanager
def obedient(api: Api) -> Iterator[None]:
    """An operator that carries out at once whatever the specs say."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            make(api)
            for resource in [
                *api.operator.machines(),
                *api.operator.all(VirtualMachineDeployment),
                *(resource for kind in SERVED for resource in api.operator.all(kind)),
            ]:
                try:
                    obey(api, resource)
                except (StoreError, AssertionError):
                    continue  # changed or gone meanwhile: the next look sees it

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def make(api: Api) -> None:
    """What the paths name, where a request has deleted it."""
    if api.http.get("/api/v1/plugins/fuzzed").status_code == 404:
        api.http.post("/api/v1/plugins", json=manifest("fuzzed"))
    for path in ("/api/v1/vms", "/api/v1/deployments"):
        if api.http.get(f"{path}/fuzzed").status_code == 404:
            api.http.post(path, json={"name": "fuzzed", "plugin": "fuzzed"})
    for plural, asked in KEPT.items():
        if api.http.get(f"/api/v1/{plural}/fuzzed").status_code == 404:
            api.http.post(f"/api/v1/{plural}", json={"name": "fuzzed", **asked})


def obey(api: Api, resource: Resource) -> None:
    name = resource.metadata.name
    if resource.deleting:
        api.operator.release(name, resource.kind)
    elif isinstance(resource, VirtualMachineDeployment) and resource.status is None:
        api.operator.deployed(name, ready=resource.spec.replicas)
    elif isinstance(resource, Disk) and resource.status is None:
        api.operator.made(resource)
    elif isinstance(resource, VirtualMachine):
        obey_spec(api, resource)


def obey_spec(api: Api, machine: VirtualMachine) -> None:
    name = machine.metadata.name
    if machine.status is None or machine.status.observed_generation < machine.metadata.generation:
        if machine.spec.run_strategy == "Halted" or machine.spec.power == "Stopped":
            api.operator.stopped(name)
        else:
            api.operator.running(name)
