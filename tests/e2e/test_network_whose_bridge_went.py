"""A Network whose bridge somebody deleted (`ip link delete`) is brought up again under its guests, which are on it again."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.homeostat import SOON, Homeostat, idle
from tests.rig.network import free_gateway

BRIDGES = Path("/sys/class/net")


@pytest.fixture
def bridge(town: Homeostat) -> Iterator[str]:
    """The bridge of a Network, `torn`, that a machine runs on."""
    spec = {"addresses": [{"cidr": free_gateway(town.folder)}]}
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Network", "metadata": {"name": "torn"}, "spec": spec}
    town.path("torn").write_text(yaml.safe_dump(document))
    town.write("web", idle(nics=[{"name": "lan", "networkRef": {"name": "torn"}}]))
    town.start()
    town.wait_ready("web")
    yield next(line.split()[1] for line in town.rig.virsh("net-info", "torn").splitlines() if line.startswith("Bridge"))
    with contextlib.suppress(AssertionError):  # it does not run any more
        town.kill9()
    town.rig.virsh("net-destroy", "torn", check=False)
    town.rig.virsh("net-undefine", "torn", check=False)


def test_a_bridge_that_was_deleted_is_made_again_and_the_guest_is_on_it(town: Homeostat, bridge: str) -> None:
    run = town.status("web").run
    subprocess.run(["ip", "link", "delete", bridge], check=True)
    town.wait_for(lambda: any((BRIDGES / bridge / "brif").glob("*")), "the guest is on its bridge again", 2 * SOON)
    town.wait_ready("web")
    assert town.status("web").run == run
    assert "its bridge had gone" in town.run("describe", "network", "torn").stdout
