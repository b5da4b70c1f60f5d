"""The examples of deployments and of a job, as they stand, with real guests; each does what its comments promise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.models.machine import MachineState, VirtualMachine
from tests.e2e.deployed import LONG, condition, pages, replicas, status
from tests.e2e.homeostat import Homeostat
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = {"web": 3, "store": 2, "shop": 4, "shop-canary": 1}


@pytest.fixture(scope="module")
def applied(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Homeostat]:
    """All of them at once, by one operator, with the guest where they look for it."""
    town = Homeostat(libvirtd, guest_image)
    for folder in ("web", "batch", "stateful", "canary"):
        shutil.copytree(EXAMPLES / folder, town.folder / folder)
    (town.folder / "guest").mkdir()
    (town.folder / "guest" / "image").symlink_to(guest_image.directory)
    machines = [f"{name}-{index}" for name, size in SIZES.items() for index in range(1, size + 2)]
    town.written.update({name: {} for name in ("report", *machines)})
    try:
        town.start()
        yield town
    finally:
        town.close()


def ready(town: Homeostat, name: str, replicas: int) -> bool:
    """All of exactly so many, as its status says."""
    found = status(town, name)
    told = condition(town, "Ready", name)
    return bool(told and told.status == "True") and (found.replicas, found.ready_replicas) == (replicas, replicas)


def labels(town: Homeostat, **wanted: str) -> list[str]:
    """The machines that have these."""
    found = [town.store.resource(row) for row in town.store.rows(VirtualMachine.KIND)]
    return sorted(m.metadata.name for m in found if m is not None and wanted.items() <= m.metadata.labels.items())


def test_all_become_ready_and_the_job_succeeds(applied: Homeostat) -> None:
    for name, size in SIZES.items():
        applied.wait_for(lambda name=name, size=size: ready(applied, name, size), f"{name} is ready", LONG)  # type: ignore[misc]
    applied.wait_for(lambda: applied.status("report").state is MachineState.SUCCEEDED, "the report is made", LONG)
    assert pages(applied, "web", "/hostname") == {name: name for name in replicas(applied, "web")}
    assert applied.state_of("report") == "shut off" and applied.count("report", "Started") == 1
    assert "report: " in applied.run("logs", "report").stdout
    assert applied.run("start", "report").returncode == 0
    applied.wait_for(lambda: applied.count("report", "Started") == 2, "it runs once more", LONG)
    applied.wait_for(lambda: applied.status("report").state is MachineState.SUCCEEDED, "the report is made again", LONG)


def test_the_canary_goes_and_a_disk_is_found_again(applied: Homeostat) -> None:
    assert len(labels(applied, app="shop")) == 5 and labels(applied, app="shop", track="canary") == ["shop-canary-1"]
    assert pages(applied, "store", "/boots") == {"store-1": "1", "store-2": "1"}
    for what, count in (("shop-canary", 0), ("store", 1)):
        assert applied.run("scale", f"vmd/{what}", f"--replicas={count}").returncode == 0
    applied.wait_for(lambda: labels(applied, app="shop", track="canary") == [], "the canary is gone", LONG)
    applied.wait_for(lambda: labels(applied, app="store") == ["store-1"], "store-2 is gone", LONG)
    assert ready(applied, "shop", 4)
    assert applied.disk("store-2", "data").exists()
    assert applied.run("scale", "vmd/store", "--replicas=2").returncode == 0
    applied.wait_for(lambda: pages(applied, "store", "/boots") == {"store-1": "1", "store-2": "2"}, "it counts on", LONG)
