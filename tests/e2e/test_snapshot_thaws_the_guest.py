"""The guest agent freezes the file systems for a snapshot. They are thawed whatever happens, the operator killed included."""

from __future__ import annotations

import json

import pytest

from tests.e2e.homeostat import Homeostat, guest
from tests.e2e.snapshots import tags, wait_taken, write_snapshot
from tests.rig.guest import BOOT_TIMEOUT, fetch

NAME = "box"


def frozen(town: Homeostat) -> str:
    return str(json.loads(town.virsh("qemu-agent-command", NAME, '{"execute": "guest-fsfreeze-status"}'))["return"])


@pytest.fixture
def address(town: Homeostat) -> str:
    assert town.image is not None
    town.write(NAME, guest(town.image, "homeostat.data=/dev/vda", disks=[{"name": "data", "size": "64Mi"}]))
    town.start()
    address = town.wait_address(NAME)
    town.wait_for(lambda: fetch(address, "/boots").strip() == "1", "it is up", BOOT_TIMEOUT)
    town.wait_condition(NAME, "AgentConnected")
    return address


def test_it_is_consistent_and_thawed(town: Homeostat, address: str) -> None:
    write_snapshot(town, "quiet", NAME, quiesce="Required")
    assert wait_taken(town, "quiet").consistency == "Agent"
    assert frozen(town) == "thawed"
    write_snapshot(town, "never", NAME, quiesce="Never")
    assert wait_taken(town, "never").consistency == "Crash"


@pytest.mark.parametrize("fault", ["after:FreezeGuest:1", "before:TagDisks:1", "after:TagDisks:1", "before:ThawGuest:1"])
def test_it_is_thawed_by_the_next_operator(town: Homeostat, address: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town.stop()
    write_snapshot(town, "quiet", NAME)
    monkeypatch.setenv("HOMEOSTAT_FAULT", fault)
    town.start()
    town.wait_killed()
    assert frozen(town) == "frozen"
    monkeypatch.delenv("HOMEOSTAT_FAULT")
    town.start()
    assert wait_taken(town, "quiet").consistency == "Agent"
    assert frozen(town) == "thawed" and len(tags(town, NAME, "data")) == 1


def test_it_is_thawed_though_its_snapshot_was_deleted(town: Homeostat, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town.stop()
    write_snapshot(town, "quiet", NAME)
    monkeypatch.setenv("HOMEOSTAT_FAULT", "after:TagDisks:1")
    town.start()
    town.wait_killed()
    assert frozen(town) == "frozen"
    monkeypatch.delenv("HOMEOSTAT_FAULT")
    (town.folder / "quiet.yaml").unlink()
    town.start()
    town.wait_for(lambda: frozen(town) == "thawed", "it is thawed")
    town.wait_for(lambda: not tags(town, NAME, "data"), "nothing of it is left")
