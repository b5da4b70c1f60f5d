"""A snapshot brings back what was on the disks. The guest counts its boots on one: what it wrote later is the damage."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest
from tests.e2e.snapshots import tags, virtual_size, wait_stalled, wait_taken, write_snapshot
from tests.rig.guest import BOOT_TIMEOUT, fetch

NAME = "box"
DISKS = [{"name": "data", "size": "64Mi"}, {"name": "spare", "size": "64Mi"}]


def made(town: Homeostat, **fields: object) -> str:
    assert town.image is not None
    town.write(NAME, guest(town.image, "homeostat.data=/dev/vda", disks=DISKS, **fields))
    town.start()
    return town.wait_address(NAME)


def booted(town: Homeostat, address: str, times: int) -> None:
    town.wait_for(lambda: fetch(address, "/boots").strip() == str(times), f"{NAME} has booted {times} times", BOOT_TIMEOUT)


def restart(town: Homeostat) -> None:
    done = town.run("restart", NAME)
    assert done.returncode == 0, done.stderr


def restore(town: Homeostat, snapshot: str, token: str) -> None:
    town.edit(NAME, lambda spec: spec.update(restoreFrom={"snapshot": snapshot, "token": token}))
    town.wait_for(lambda: town.status(NAME).restored == token, f"token {token} is carried out", BOOT_TIMEOUT)


def test_the_disks_of_a_running_machine_come_back(town: Homeostat) -> None:
    address = made(town)
    booted(town, address, 1)
    town.wait_condition(NAME, "AgentConnected")  # it starts after what counts the boots
    write_snapshot(town, "before", NAME)
    status = wait_taken(town, "before")
    assert (status.consistency, status.host) == ("Agent", "local")
    assert [disk.name for disk in status.disks] == ["data", "spare"]
    assert tags(town, NAME, "data") == tags(town, NAME, "spare") == [status.tag]
    for times in (2, 3):
        restart(town)
        booted(town, address, times)
    restore(town, "before", "one")
    booted(town, address, 2)

    (town.folder / "before.yaml").unlink()
    town.wait_for(lambda: not tags(town, NAME, "data") and not tags(town, NAME, "spare"), "its data is gone")
    town.wait_for(lambda: not list((town.state / "snapshots").iterdir()), "nothing of it is left")


def test_a_token_is_carried_out_once_whatever_becomes_of_the_domain(town: Homeostat) -> None:
    address = made(town)
    booted(town, address, 1)
    write_snapshot(town, "before", NAME)
    wait_taken(town, "before")
    restore(town, "before", "one")
    booted(town, address, 2)
    town.kill9()
    town.virsh("destroy", NAME)
    town.virsh("undefine", NAME)  # with our record: the folder says that the token was carried out
    town.start()
    booted(town, address, 3)
    restore(town, "before", "two")
    booted(town, address, 2)


def test_a_machine_that_is_off_and_a_disk_that_grew(town: Homeostat) -> None:
    address = made(town)
    booted(town, address, 1)
    town.edit(NAME, lambda spec: spec.update(runStrategy="Halted"))
    town.wait_for(lambda: town.state_of(NAME) == "shut off", "it is off", BOOT_TIMEOUT)
    write_snapshot(town, "off", NAME)
    assert wait_taken(town, "off").consistency == "Off"
    bigger = [{"name": "data", "size": "96Mi"}, DISKS[1]]
    town.edit(NAME, lambda spec: spec.update(runStrategy="Always", disks=bigger))
    booted(town, address, 2)
    restore(town, "off", "one")
    booted(town, address, 2)
    town.wait_ready(NAME)
    town.wait_for(lambda: virtual_size(town, NAME, "data") == 96 * 2**20, "it has grown again")


def test_a_snapshot_of_another_machine_or_of_none_is_refused(town: Homeostat) -> None:
    address = made(town)
    booted(town, address, 1)
    assert town.image is not None
    town.write("other", guest(town.image, disks=[{"name": "data", "size": "64Mi"}]))
    town.wait_ready("other", timeout=BOOT_TIMEOUT)
    write_snapshot(town, "others", "other")
    wait_taken(town, "others")
    pid = town.qemu_pid(NAME)
    for name, reason in (("others", "SnapshotOfAnotherMachine"), ("none", "SnapshotNotFound")):
        town.edit(NAME, lambda spec, name=name: spec.update(restoreFrom={"snapshot": name, "token": "x"}))  # type: ignore[misc]
        assert "goes on as it is" in town.wait_condition(NAME, "Stalled", reason).message
    assert town.qemu_pid(NAME) == pid
    assert town.status(NAME).restored is None
    write_snapshot(town, "nobodys", "nobody")
    assert "there is no machine 'nobody'" in wait_stalled(town, "nobodys", "MachineNotFound")


def test_without_an_agent_required_takes_none(town: Homeostat) -> None:
    address = made(town, guestAgent={"enabled": False})
    booted(town, address, 1)
    write_snapshot(town, "quiet", NAME, quiesce="Required")
    assert "qemu-guest-agent" in wait_stalled(town, "quiet", "AgentMissing")
    assert not tags(town, NAME, "data")
