"""A Network that is to move to a range which a bridge of the host has stays as it is: libvirt would not start it there."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.homeostat import SOON, Homeostat, idle
from tests.rig.network import free_gateway

BRIDGE = f"hsrange-{os.getpid() % 10**7}"  # of this run alone


@pytest.fixture
def taken(town: Homeostat) -> Iterator[str]:
    """The address of a bridge that no network makes, such as a container engine's."""
    gateway = free_gateway(town.folder / "taken")
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
    for words in (["address", "add", gateway, "dev", BRIDGE], ["link", "set", BRIDGE, "up"]):
        subprocess.run(["ip", *words], check=True)
    yield gateway
    subprocess.run(["ip", "link", "delete", BRIDGE], check=True)
    with contextlib.suppress(AssertionError):  # it does not run any more
        town.kill9()
    town.rig.virsh("net-destroy", "moving", check=False)
    town.rig.virsh("net-undefine", "moving", check=False)


def write(town: Homeostat, cidr: str) -> None:
    spec = {"addresses": [{"cidr": cidr}]}
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Network", "metadata": {"name": "moving"}, "spec": spec}
    town.path("moving").write_text(yaml.safe_dump(document))


def test_it_is_not_taken_down_for_the_range_of_a_bridge(town: Homeostat, taken: str) -> None:
    town.write("rest", idle(runStrategy="Halted"))  # a folder that holds nothing at all is held
    here = free_gateway(town.folder)
    write(town, here)
    town.start()
    town.wait_for(lambda: "moving" in town.rig.virsh("net-list", "--name").split(), "it is up", SOON)
    write(town, taken)
    described = ("describe", "network", "moving")
    town.wait_for(lambda: f"the subnet of {BRIDGE}" in town.run(*described).stdout, "it says who has the range", SOON)
    assert "moving" in town.rig.virsh("net-list", "--name").split()
    assert here.split("/")[0] in town.rig.virsh("net-dumpxml", "moving")
