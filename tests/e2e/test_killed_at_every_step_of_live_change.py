"""kill -9 of the operator before and after every change of a running guest: the next one ends in the same state, and run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.e2e.homeostat import Spec, guest, idle
from tests.e2e.steps import NAME, End, Stage, boundaries, differences
from tests.rig.guest import BOOT_TIMEOUT, GuestImage
from tests.rig.libvirtd import Libvirtd

IN_PLACE = ("SetVcpus", "ChangePassword", "LimitDisk", "SetLink", "DefineDomain")
AWAY = ("SetMemory", "DetachDisk", "DetachNic", "DefineDomain", "SetAside", "NoteDisks")


def tuned(stage: Stage, count: int) -> Spec:
    """Machine number ``count`` of a row in which each has other limits, another link and password, and a CPU more."""
    password = stage.home.root / f"password{count}"
    if not password.exists():  # a file that is written again counts as another password
        password.write_text(f"secret{count}\n")
        password.chmod(0o600)
    return idle(
        machine={"type": "pc"},
        resources={"memory": "32Mi", "vcpu": 1 + count, "maxVcpu": 16},
        disks=[{"name": "data", "size": "1Mi", "limits": {"iops": 1000 + count}}],
        nics=[{"name": "lan", "network": "default", "linkState": "Down" if count % 2 else "Up"}],
        display={"video": "vga", "vnc": {"enabled": True, "passwordFile": str(password)}},
    )


def test_what_is_changed_in_place(stage: Stage) -> None:
    def row(faults: list[str]) -> list[End]:
        stage.clear()
        stage.reach(tuned(stage, 0))
        pid = stage.home.qemu_pid(NAME)
        ends = [stage.reach(tuned(stage, count), steps=IN_PLACE, fault=fault) for count, fault in enumerate(faults, start=1)]
        assert stage.home.qemu_pid(NAME) == pid, "the guest was never started again"
        return ends

    faults = boundaries(IN_PLACE)
    for fault, one, other in zip(faults, row([""] * len(faults)), row(faults), strict=True):
        assert differences(one, other) == [], fault


@pytest.fixture
def inhabited(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Stage]:
    """Its machine is a real guest, which lets go of devices."""
    made = Stage(libvirtd)
    made.home.image = guest_image
    yield made
    made.close()


@pytest.mark.parametrize("away", [AWAY[:3], AWAY[3:]], ids=["devices", "what follows"])
def test_what_is_taken_from_the_guest(inhabited: Stage, away: Sequence[str]) -> None:
    """There and back again: a disk, a nic and memory go and come. Ten disks in a minute may go unconfirmed."""
    image = inhabited.home.image
    assert image is not None
    more = guest(image, disks=[{"name": "stays", "size": "2Mi"}, {"name": "goes", "size": "2Mi"}])
    more["nics"] = [*more["nics"], {"name": "goes", "network": "default"}]
    more["resources"] = {"memory": "96Mi", "maxMemory": "128Mi"}
    less = {**guest(image, disks=[{"name": "stays", "size": "2Mi"}]), "resources": {"memory": "112Mi", "maxMemory": "128Mi"}}
    inhabited.clear()
    inhabited.reach(more)
    home = inhabited.home
    home.wait_for(lambda: "homeostat-guest ready" in home.console(NAME), "a guest that lets go of things", BOOT_TIMEOUT)
    pid = home.qemu_pid(NAME)
    inhabited.reach(less)  # it may be asked for memory more than once, since it takes its time
    unhurt = kept(inhabited)
    for fault in boundaries(away):
        inhabited.reach(more)
        inhabited.reach(less, fault=fault)
        assert kept(inhabited) == unhurt, fault
    assert home.qemu_pid(NAME) == pid, "the guest was never started again"


def kept(stage: Stage) -> dict[str, Any]:
    """What the machine has: in its definition, in its guest, and of files outside the trash."""
    home = stage.home
    blocks, nics = ([home.virsh(words, NAME, *where) for where in ((), ("--inactive",))] for words in ("domblklist", "domiflist"))
    found = stage.snapshot()
    return {"disks": blocks, "nics": [[line.split()[1:] for line in text.splitlines()] for text in nics], "files": found["files"]}
