"""The grace period begins when the guest is asked, however long a step before that has failed."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT

NAME = "box"
GRACE = 5  # seconds; by then its definition has failed for the fourth time


def test_what_failed_for_longer_than_the_grace_period_cuts_no_power(town: Homeostat) -> None:
    assert town.image is not None
    town.write(NAME, guest(town.image, updatePolicy="Immediate", shutdown={"gracePeriodSeconds": GRACE}))
    town.start()
    town.wait_address(NAME)
    town.wait_ready(NAME)

    in_the_way = town.rig.directory / "etc" / "qemu" / f"{NAME}.xml.new"  # of the file that libvirt writes first
    in_the_way.mkdir()
    try:
        town.edit(NAME, lambda spec: spec.update(resources={"memory": "160Mi"}))
        failed = lambda: town.said().count("DefineDomain failed") >= 4  # noqa: E731
        town.wait_for(failed, "its definition could not be written for longer than that", BOOT_TIMEOUT)
        assert town.status(NAME).state == "Running"
    finally:
        in_the_way.rmdir()
    town.wait_for(lambda: town.count(NAME, "Started") == 2, "it is restarted", BOOT_TIMEOUT)
    assert (town.count(NAME, "ShutdownRequested"), town.count(NAME, "PoweredOff")) == (1, 0)
