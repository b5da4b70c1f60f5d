"""A disk that is to be larger while its machine is saved grows once its guest goes on, which hears of it then."""

from __future__ import annotations

from tests.e2e.homeostat import SOON, Homeostat, guest
from tests.rig.guest import facts

NAME = "saved"
MIB = 2**20


def test_it_grows_before_the_eyes_of_its_guest(town: Homeostat) -> None:
    home = town
    assert home.image is not None
    home.write(NAME, guest(home.image, runStrategy="Manual", power="Running", disks=[{"name": "data", "size": "8Mi"}]))
    home.start("--no-api")
    home.wait_address(NAME)
    home.edit(NAME, lambda spec: spec.update(power="Saved"))
    home.wait_for(lambda: home.status(NAME).state == "Saved", "its memory is saved")

    home.edit(NAME, lambda spec: spec.update(disks=[{"name": "data", "size": "16Mi"}]))
    home.wait_condition(NAME, "RestartRequired")
    assert [disk.size for disk in home.status(NAME).disks] == [8 * MIB]
    home.edit(NAME, lambda spec: spec.update(power="Running"))
    home.wait_ready(NAME)
    assert "restored" in home.virsh("domstate", NAME, "--reason")
    address = home.wait_address(NAME)
    home.wait_for(lambda: facts(address)["disks"] == {"vda": 16 * MIB}, "the guest sees the new size", SOON)
