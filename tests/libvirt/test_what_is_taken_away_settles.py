"""Replicas and disks that a checkout takes away and brings back are as they were: the operator, and real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from homeostat.models.base import Key
from tests.libvirt.hosts import until
from tests.libvirt.running import Running, running
from tests.libvirt.test_passing_absence import git

WEB = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata: {name: web}
spec:
  replicas: %d
  template: {spec: {resources: {memory: 64Mi}, disks: [{name: data, size: 1Mi}]}}
"""
MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: a}
spec: {resources: {memory: 64Mi}, disks: [{name: root, size: 1Mi}%s]}
"""
LOGS = ", {name: logs, size: 1Mi}"
ALL = ("a", "web-1", "web-2", "web-3")


def write(here: Running, replicas: int, more: str, message: str) -> None:
    (here.folder / "web.yaml").write_text(WEB % replicas)
    (here.folder / "a.yaml").write_text(MACHINE % more)
    git(here.folder, "add", ".")
    git(here.folder, "commit", "--quiet", "-m", message)


async def begun(here: Running) -> dict[str, str]:
    """The commit before the last has fewer replicas and one disk less."""
    git(here.folder, "init", "--quiet", "--initial-branch=main")
    write(here, 1, "", "Begin")
    write(here, 3, LOGS, "Grow")
    await until(lambda: here.ready(*ALL), "all are ready", 20)
    await until(here.parts.operator.queue.idle, "nothing is under way", 20)
    return here.runs()


def files(here: Running) -> list[str]:
    """Of all machines, and of the trash; a file that was set aside and made anew has another inode."""
    found = here.parts.store.state.root.rglob("*.qcow2")
    return sorted(f"{path} {path.stat().st_ino}" for path in found)


def reasons(here: Running) -> set[str]:
    found = [*here.parts.store.events(0, Key("VirtualMachineDeployment", "default", "web"))]
    for name in ALL:
        found += here.parts.store.events(0, Key("VirtualMachine", "default", name))
    return {event.reason for event in found}


def untouched(here: Running, runs: dict[str, str], disks: list[str]) -> None:
    assert (here.runs(), files(here)) == (runs, disks)
    assert not reasons(here) & {"MachineDeleted", "SetAside", "Deleted", "RestartRequired"}
    assert here.ready(*ALL)


async def test_a_checkout_of_an_older_commit_and_back_takes_nothing_away(tmp_path: Path) -> None:
    async with running(tmp_path, settle=5.0) as here:
        runs, store = await begun(here), here.parts.store
        disks = files(here)
        git(here.folder, "checkout", "--quiet", "HEAD~1")
        await until(lambda: len(store.withheld) == 2, "the operator has seen it", 10)
        git(here.folder, "checkout", "--quiet", "main")
        await until(lambda: not store.withheld and not store.restless, "all is as it was", 10)
        await until(here.parts.operator.queue.idle, "nothing is under way", 10)
        untouched(here, runs, disks)


async def test_a_bisect_takes_nothing_away_however_long_it_is(tmp_path: Path) -> None:
    async with running(tmp_path, settle=0.2) as here:
        runs, store = await begun(here), here.parts.store
        disks = files(here)
        git(here.folder, "bisect", "start", "HEAD", "HEAD~1")
        git(here.folder, "checkout", "--quiet", "HEAD~1")
        await until(lambda: len(store.held()) == 2, "both are held", 10)
        await until(here.parts.operator.queue.idle, "nothing is under way", 10)
        untouched(here, runs, disks)
        git(here.folder, "bisect", "reset")
        await until(lambda: not store.errors(), "nothing is held any more", 10)
        untouched(here, runs, disks)
        subprocess.run(["git", "-C", str(here.folder), "checkout", "--quiet", "HEAD~1"], check=True)
        await until(lambda: set(here.runs()) == {"a", "web-1"}, "what is meant comes into force", 20)
