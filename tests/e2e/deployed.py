"""Deployments of real guests in a Homeostat of a test's own, and somebody who watches whether they serve."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.machine import VirtualMachine
from tests.e2e.homeostat import Homeostat, Spec
from tests.rig import processes
from tests.rig.guest import CMDLINE, fetch

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
            "cmdline": CMDLINE,
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


def replicas(town: Homeostat, name: str = WEB) -> dict[str, VirtualMachine]:
    """Those that exist and are not being deleted."""
    found = [town.store.resource(row) for row in town.store.rows(VirtualMachine.KIND)]
    machines = [m for m in found if isinstance(m, VirtualMachine) and re.fullmatch(rf"{name}-\d+", m.metadata.name)]
    return {m.metadata.name: m for m in machines if not m.deleting}


_SEEN: dict[Path, dict[str, str]] = {}
"""By town and machine, the address it had last: guests serve on while an operator that has just begun does not know it yet."""


def pages(town: Homeostat, name: str = WEB, path: str = "/version", timeout: float = 5) -> dict[str, str]:
    """What each replica that had an address serves now; those that do not answer are missing. One that is being deleted does
    not count, and would keep us waiting."""
    there = {machine: found.status.addresses for machine, found in replicas(town, name).items() if found.status}
    seen = _SEEN.setdefault(town.root, {})
    seen.update({machine: addresses[0].ip for machine, addresses in there.items() if addresses})
    leased = {machine: seen[machine] for machine in there if machine in seen}

    def page(address: str) -> str | None:
        with suppress(OSError):
            return fetch(address, path, timeout).strip()
        return None

    with ThreadPoolExecutor(6) as pool:
        found = dict(zip(leased, pool.map(page, leased.values()), strict=True))
    return {machine: text for machine, text in found.items() if text is not None}


def remains(town: Homeostat, name: str = WEB) -> dict[str, list[str]]:
    """All there is of a deployment's machines: domains, QEMU processes (that use a file of ours), folders with disks and seeds,
    resources in the index."""
    ours = re.compile(rf"{name}-\d+")
    commands = [processes.command_of(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
    guests = [re.search(r"qemu-system.* guest=([^ ,]+)", command) for command in commands if str(town.root) in command]
    found = {
        "domains": town.virsh("list", "--all", "--name").split(),
        "processes": [guest[1] for guest in guests if guest],
        "folders": [path.name for path in (town.state / "machines" / "default").glob("*")],
        "machines": [row.name for row in town.store.rows(VirtualMachine.KIND)],
        "revisions": [row.name for row in town.store.rows(MachineRevision.KIND)],
    }
    return {what: sorted(filter(ours.fullmatch, names)) for what, names in found.items()}


def settled(town: Homeostat, replicas: int, page: str, reason: str = "") -> bool:
    """Ready for the present spec; all of exactly so many replicas serve that page, and others have gone."""
    machines = [f"{WEB}-{index}" for index in range(1, replicas + 1)]
    found, ready = deployment(town), condition(town, "Ready")
    if found is None or ready is None or ready.status != "True" or reason not in ("", ready.reason):
        return False
    current = status(town).observed_generation == found.metadata.generation == ready.observed_generation
    exact = sorted(row.name for row in town.store.rows(VirtualMachine.KIND) if row.name.startswith(f"{WEB}-")) == machines
    return current and exact and pages(town, timeout=2) == dict.fromkeys(machines, page)


def wait_settled(town: Homeostat, replicas: int, page: str, reason: str = "", timeout: float = LONG) -> None:
    def told() -> str:
        machines = [f"{WEB}-{index}" for index in range(1, replicas + 3)]
        return f"{deployment(town)}\n" + "\n".join(f"{m}: {town._brief(m)}" for m in machines if town.machine(m))

    try:
        town.wait_for(lambda: settled(town, replicas, page, reason), f"{replicas} replicas serve {page}", timeout)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{told()}\n{pages(town)}") from None


class Observer:
    """Asks every replica for its page, all the time, and reads what is reported. A look at the pages takes a moment in which one
    may go and another come: too few count only where a second look at once says the same."""

    def __init__(self, town: Homeostat) -> None:
        self._town = town
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._until_stopped, args=[w]) for w in (self._ask, self._read)]
        self.least = 99  # replicas that answered
        self.least_reported = 99  # availableReplicas
        self.looks = 0
        self._then = ""

    def __repr__(self) -> str:
        """Says how it was when the fewest were reported, for a test that fails."""
        return "<Observer>"

    def __enter__(self) -> Observer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    @property
    def then(self) -> str:
        """Says how it was when the fewest were reported."""
        return self._then

    def _until_stopped(self, look: Callable[[], None]) -> None:
        while not self._stop.wait(0.1):
            look()

    def _ask(self) -> None:
        first = len(pages(self._town))
        answering = first if first >= self.least else max(first, len(pages(self._town)))
        self.least = min(self.least, answering)
        self.looks += 1

    def _read(self) -> None:
        found = status(self._town)
        if found.available_replicas < self.least_reported:
            self.least_reported = found.available_replicas
            said = [line for line in self._town.said().splitlines() if "INFO" in line or "WARNING" in line][-12:]
            told = [f"{name}: {self._town._brief(name)}" for name in replicas(self._town)]
            self._then = "\n".join((str(found), *told, *said))
