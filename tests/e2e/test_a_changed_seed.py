"""A changed cloud-init seed reaches new machines, and one that there is only where that is asked for; the plan says which.

The guest of the rig does as cloud-init: what a seed asks for is done once for each instance-id, and remembered on its disk. What
cloud-init itself does of a changed seed is tried by scripts/try-cloud-init.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.homeostat import Homeostat, Spec, guest
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.waiting import wait_until

ONCE = """#!/bin/sh
id=$(grep instance-id /www/meta-data)
if [ "$(cat /mnt/data/instance)" != "$id" ]; then
    echo {page} > /mnt/data/page
    echo "$id" > /mnt/data/instance
    sync
fi
cp /mnt/data/page /www/version
"""
STAYS, FOLLOWS = "as the instance-id stays", "the instance-id follows the seed"


def seeded(town: Homeostat, page: str, **init: Any) -> Spec:
    assert town.image is not None
    disks = [{"name": "data", "size": "16Mi"}]
    return guest(town.image, "homeostat.data=/dev/vda", disks=disks, cloudInit={"userData": ONCE.format(page=page), **init})


def booted(town: Homeostat, name: str, boots: int) -> str:
    """Waits until the guest has booted so often, and returns its address."""
    address = town.wait_address(name)
    wait_until(lambda: fetch(address, "/boots").strip() == str(boots), BOOT_TIMEOUT, f"{name} has booted {boots} times")
    return address


def restarted(town: Homeostat, name: str, token: str, said: str) -> None:
    """Restarts the machine for a changed seed, once condition and plan have said what cloud-init will do of it."""
    run = town.status(name).run
    town.wait_for(lambda: said in str(town.condition(name, "RestartRequired")), f"its status says {said!r}")
    planned = town.run("plan").stdout
    assert said in planned and "cloudInit" in planned, planned
    assert town.status(name).run == run, "nothing happens before that is asked for"
    town.edit(name, lambda spec: spec.update(restartedAt=token))
    town.wait_for(lambda: town.status(name).run not in (run, None), "it was restarted")


def test_it_is_for_new_machines_unless_asked_for(town: Homeostat) -> None:
    town.write("old", seeded(town, "one"))
    town.start()
    address = booted(town, "old", 1)
    assert fetch(address, "/version") == "one\n"
    instance = fetch(address, "/meta-data")

    town.write("old", seeded(town, "two"))
    restarted(town, "old", "1", STAYS)
    address = booted(town, "old", 2)
    assert "echo two" in fetch(address, "/user-data"), "the guest has the new seed"
    assert (fetch(address, "/meta-data"), fetch(address, "/version")) == (instance, "one\n"), "and does not take it for its own"

    town.write("new", seeded(town, "two"))
    assert fetch(booted(town, "new", 1), "/version") == "two\n"

    town.write("old", {**seeded(town, "three", instanceId="Seed"), "restartedAt": "1"})
    restarted(town, "old", "2", FOLLOWS)
    address = booted(town, "old", 3)
    assert fetch(address, "/meta-data") != instance and fetch(address, "/version") == "three\n"
