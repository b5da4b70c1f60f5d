"""Deployments of real guests in a Homeostat of a test's own, and somebody who watches whether they serve."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any

import yaml

from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment, VirtualMachineDeploymentStatus
from tests.e2e.homeostat import Homeostat, Spec
from tests.rig.guest import fetch

WEB = "web"
LONG = 90.0  # seconds for a rollout of two or three guests; it takes a third of that on an idle machine
READY = {"readiness": {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 3}}


def put(town: Homeostat, kind: str, name: str, spec: Spec) -> None:
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    aside = town.folder / f".{name}.tmp"
    aside.write_text(yaml.safe_dump(document, sort_keys=False))
    aside.replace(town.path(name))


def deploy(town: Homeostat, replicas: int, template: Spec, name: str = WEB, **spec: Any) -> None:
    """The machines it may ever have are removed at the test's end."""
    town.written.update({f"{name}-{index}": template for index in range(1, replicas + 3)})
    put(town, "VirtualMachineDeployment", name, {"replicas": replicas, "template": {"spec": template}, **spec})


def served(town: Homeostat, page: str, more: str = "", **fields: Any) -> Spec:
    """A template whose guests serve ``page`` at /version, and are ready when they do."""
    assert town.image is not None
    script = f"#!/bin/sh\necho {page} > /www/version\n{more}\n"
    return {
        "resources": {"memory": "128Mi"},
        "display": {"video": "none", "vnc": {"enabled": False}},
        "boot": {
            "kernel": {"path": str(town.image.kernel)},
            "initramfs": {"path": str(town.image.initramfs)},
            "cmdline": "console=ttyS0 quiet",
        },
        "nics": [{"name": "lan", "network": "default"}],
        "shutdown": {"gracePeriodSeconds": 3},
        "cloudInit": {"userData": script},
        "probes": READY,
        **fields,
    }


def deployment(town: Homeostat, name: str = WEB) -> VirtualMachineDeployment | None:
    row = town.store.index.row(Key(VirtualMachineDeployment.KIND, "default", name))
    found = town.store.resource(row) if row else None
    assert found is None or isinstance(found, VirtualMachineDeployment)
    return found


def status(town: Homeostat, name: str = WEB) -> VirtualMachineDeploymentStatus:
    found = deployment(town, name)
    return found.status if found and found.status else VirtualMachineDeploymentStatus()


def condition(town: Homeostat, type: str, name: str = WEB) -> Condition | None:
    return find_condition(status(town, name).conditions, type)


def revisions(town: Homeostat) -> dict[int, MachineRevision]:
    found = [town.store.resource(row) for row in town.store.rows(MachineRevision.KIND)]
    return {r.spec.revision: r for r in found if isinstance(r, MachineRevision)}


def events(town: Homeostat, name: str = WEB) -> list[str]:
    return [e.reason for e in town.store.events(0, Key(VirtualMachineDeployment.KIND, "default", name))]


def pages(town: Homeostat, name: str = WEB, path: str = "/version", timeout: float = 5) -> dict[str, str]:
    """What each replica that has an address serves now; those that do not answer are missing."""

    def page(machine: str) -> str | None:
        address = next((a.ip for a in town.status(machine).addresses if a.source == "Lease"), "")
        with suppress(OSError):
            return fetch(address, path, timeout).strip() if address else None
        return None

    machines = [f"{name}-{index}" for index in range(1, 6)]
    machines = [machine for machine in machines if town.machine(machine) is not None]
    with ThreadPoolExecutor(6) as pool:
        found = dict(zip(machines, pool.map(page, machines), strict=True))
    return {machine: text for machine, text in found.items() if text is not None}


def wait_settled(town: Homeostat, replicas: int, page: str, reason: str = "", timeout: float = LONG) -> None:
    """Ready for the present spec, and all of exactly so many replicas serve that page."""

    def done() -> bool:
        found, ready = deployment(town), condition(town, "Ready")
        if found is None or ready is None or ready.status != "True" or reason not in ("", ready.reason):
            return False
        current = status(town).observed_generation == found.metadata.generation == ready.observed_generation
        return current and pages(town) == {f"{WEB}-{index}": page for index in range(1, replicas + 1)}

    def told() -> str:
        machines = [f"{WEB}-{index}" for index in range(1, replicas + 3)]
        return f"{deployment(town)}\n" + "\n".join(f"{m}: {town._brief(m)}" for m in machines if town.machine(m))

    try:
        town.wait_for(done, f"{replicas} replicas serve {page}", timeout)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{told()}\n{pages(town)}") from None


class Observer:
    """Asks every replica for its page, all the time. A look takes a moment in which one may go and another come: too few
    count only where a second look at once says the same."""

    def __init__(self, town: Homeostat) -> None:
        self._town = town
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.least = 99  # replicas that answered
        self.least_reported = 99  # availableReplicas
        self.looks = 0

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            first = len(pages(self._town))
            answering = first if first >= self.least else max(first, len(pages(self._town)))
            self.least = min(self.least, answering)
            self.least_reported = min(self.least_reported, status(self._town).available_replicas)
            self.looks += 1
