"""Guests that were cut off from their network are on it again (CHAOS 8), and a renamed domain gets its name back (CHAOS 9)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.libvirtd import Libvirtd

NAME = "cut-off"
OTHER = f"hsbr-{os.getpid()}"  # of this run alone: others may run on the same computer


@pytest.fixture(scope="module")
def home(libvirtd: Libvirtd) -> Iterator[Homeostat]:
    home = Homeostat(libvirtd)
    ip("link", "add", OTHER, "type", "bridge")
    home.write(NAME, idle(nics=[{"name": "lan", "network": "default"}, {"name": "side", "bridge": OTHER}]))
    home.start()
    home.wait_ready(NAME)
    yield home
    home.close()
    ip("link", "del", OTHER)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def tap(home: Homeostat, source: str) -> str:
    lines = [line.split() for line in home.virsh("domiflist", NAME).splitlines()]
    return next(words[0] for words in lines if len(words) > 2 and words[2] == source)


def master(device: str) -> str:
    link = Path("/sys/class/net", device, "master")
    return link.readlink().name if link.is_symlink() else ""


def test_chaos_8_the_network_was_stopped_and_started(home: Homeostat, libvirtd: Libvirtd) -> None:
    device, run = tap(home, "default"), home.status(NAME).run
    home.virsh("net-destroy", "default")
    home.wait_for(lambda: "net-start default" in str(home.status(NAME).conditions), "it is said what to do")
    home.virsh("net-start", "default")
    home.wait_for(lambda: master(device) == libvirtd.bridge, "it is plugged in again")
    home.wait_ready(NAME)
    assert home.status(NAME).run == run
    assert "type='network'" in home.virsh("dumpxml", NAME)
    assert home.count(NAME, "ReplugNic") == 1


def test_chaos_8_the_bridge_was_made_anew(home: Homeostat) -> None:
    device, run = tap(home, OTHER), home.status(NAME).run
    ip("link", "del", OTHER)
    ip("link", "add", OTHER, "type", "bridge")
    home.virsh("net-destroy", "default")  # an event, instead of waiting for the next bulk reading
    home.virsh("net-start", "default")
    home.wait_for(lambda: master(device) == OTHER, "it is plugged in again")
    home.wait_ready(NAME)
    assert home.status(NAME).run == run


def test_chaos_8_a_link_was_taken_down(home: Homeostat) -> None:
    run = home.status(NAME).run
    mac = next(line.split()[4] for line in home.virsh("domiflist", NAME).splitlines() if "default" in line)
    for where in ("--config", "--live"):
        home.virsh("domif-setlink", NAME, mac, "down", *(where,) * (where == "--config"))
    home.virsh("desc", NAME, "--live", "--title", "someone")  # an event, instead of waiting for the next bulk reading
    home.wait_for(lambda: home.count(NAME, "SetLink") == 1, "its link is raised")
    home.wait_ready(NAME)
    for definition in ((), ("--inactive",)):
        assert "state='down'" not in home.virsh("dumpxml", NAME, *definition)
    assert home.virsh("domif-getlink", NAME, mac).split()[-1] == "up"
    assert home.status(NAME).run == run


def test_chaos_9_renamed_behind_our_back(home: Homeostat) -> None:
    home.write(NAME, idle(nics=[{"name": "lan", "network": "default"}], runStrategy="Halted"))
    home.wait_for(lambda: home.state_of(NAME) == "shut off", "it is off")
    home.virsh("domrename", NAME, "somebody-elses")
    home.wait_for(lambda: home.count(NAME, "Renamed") == 1, "it has its name back")
    assert home.state_of(NAME) == "shut off"
