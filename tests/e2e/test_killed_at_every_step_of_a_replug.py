"""kill -9 of the operator at every step of plugging a guest in again, after its network was stopped and started by others: the
next one ends with the guest on the network, known to it, and never restarted."""

from __future__ import annotations

import re

import libvirt
import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.steps import boundaries
from tests.e2e.test_network_comes_back import master, tap
from tests.rig.libvirtd import Libvirtd

NAME = "cut-off"  # as there
PLUGS = libvirt.getVersion() < 11_000_000  # later ones put a tap on another bridge only: there the operator does it, at the end


def connections(home: Homeostat) -> int:
    """How many guests libvirt knows of on the network."""
    found = re.search(r"connections='(\d+)'", home.virsh("net-dumpxml", "default"))
    return int(found[1]) if found else 0


@pytest.mark.parametrize("fault", boundaries(("ReplugNic", "PlugIntoBridge")))
def test_it_is_plugged_in_again(homeostat: Homeostat, libvirtd: Libvirtd, fault: str) -> None:
    home = homeostat
    home.write(NAME, idle(nics=[{"name": "lan", "network": "default"}]))
    home.start()
    home.wait_ready(NAME)
    run, before, device = home.status(NAME).run, connections(home), tap(home, "default")
    assert home.stop() == 0
    home.virsh("net-destroy", "default")
    home.virsh("net-start", "default")
    assert master(device) == "" and connections(home) < before

    home.start(prefix=("env", f"HOMEOSTAT_FAULT={fault}"))
    home.wait_killed()
    if fault == "after:PlugIntoBridge:1":
        assert master(device) == (libvirtd.bridge if PLUGS else "") and connections(home) < before, "it is half done"
    home.start()
    home.wait_for(lambda: master(device) == libvirtd.bridge and connections(home) == before, "the network knows it again")
    home.wait_ready(NAME)
    assert "type='network'" in home.virsh("dumpxml", NAME) and "type='bridge'" not in home.virsh("dumpxml", NAME)
    assert (home.status(NAME).run, home.status(NAME).restarts) == (run, 0)
    assert home.condition(NAME, "RestartRequired") is None and home.status(NAME).changes == ()
