"""What others do to a machine behind our back is put right, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from homeostat.driver.host import RESYNC
from tests.e2e.homeostat import SOON, Homeostat, idle
from tests.rig.libvirtd import Libvirtd

NAME = "drifting"


@pytest.fixture(scope="module")
def drifting(libvirtd: Libvirtd) -> Iterator[Homeostat]:
    """One machine that all of these tests are done to; every one of them leaves it in order."""
    home = Homeostat(libvirtd)
    home.write(NAME, idle(nics=[{"name": "lan", "network": "default"}], resources={"memory": "32Mi", "vcpu": 2}))
    home.start()
    home.wait_ready(NAME)
    yield home
    home.close()


@pytest.fixture(autouse=True)
def in_order(drifting: Homeostat) -> Iterator[str]:
    """The definition before; afterwards it is the same again, and the machine runs."""
    before = definition(drifting)
    yield before
    drifting.wait_for(lambda: definition(drifting) == before, "the definition is as it was")
    drifting.wait_for(lambda: drifting.state_of(NAME) == "running", "it runs")
    drifting.wait_ready(NAME)


def definition(home: Homeostat) -> str:
    """Without when our record was written."""
    return re.sub(r""" writtenAt=['"][^'"]*['"]""", "", home.virsh("dumpxml", "--inactive", NAME))


def redefined(drifting: Homeostat, old: str, new: str) -> None:
    """As `virsh edit` does."""
    path = drifting.root / "edited.xml"
    text = drifting.virsh("dumpxml", "--inactive", NAME)
    assert old in text
    path.write_text(text.replace(old, new))
    drifting.virsh("define", str(path))


def test_an_edited_definition(drifting: Homeostat) -> None:
    run = drifting.status(NAME).run
    redefined(drifting, "<vcpu placement='static'>2</vcpu>", "<vcpu placement='static'>3</vcpu>")
    drifting.wait_for(lambda: drifting.count(NAME, "Redefined") >= 1, "it is defined anew")
    last = [event for event in drifting.events(NAME) if event.reason == "Redefined"][-1]
    assert last.message == "someone else changed resources.vcpu"
    assert drifting.status(NAME).run == run


def test_changes_that_libvirt_tells_nobody_of(drifting: Homeostat) -> None:
    """They are found by the bulk reading, and when their definition has its turn to be read again."""
    before = drifting.count(NAME, "Redefined")
    mac = next(line.split()[4] for line in drifting.virsh("domiflist", NAME).splitlines() if "default" in line)
    drifting.virsh("domif-setlink", NAME, mac, "down")
    drifting.virsh("setmaxmem", NAME, "64M", "--config")
    drifting.virsh("setvcpus", NAME, "1", "--config")
    drifting.virsh("detach-interface", NAME, "network", "--config")
    drifting.virsh("autostart", "--disable", NAME)
    drifting.wait_for(lambda: drifting.count(NAME, "Redefined") > before, "it is defined anew", RESYNC + SOON)
    drifting.wait_for(lambda: drifting.count(NAME, "SetLink") == 1, "its link is raised")
    drifting.wait_for(lambda: "enable" in autostart(drifting), "it starts with the host again")


def test_power_cut_after_a_silent_change(drifting: Homeostat) -> None:
    run = drifting.status(NAME).run
    drifting.virsh("setmaxmem", NAME, "64M", "--config")
    drifting.virsh("destroy", NAME)
    drifting.wait_for(lambda: drifting.status(NAME).run not in (None, run), "another run")
    drifting.wait_ready(NAME)
    assert drifting.status(NAME).changes == (), "what boots is what the spec says"


def test_undefined_while_it_runs(drifting: Homeostat) -> None:
    run, before = drifting.status(NAME).run, drifting.count(NAME, "Redefined")
    drifting.virsh("undefine", NAME)
    drifting.wait_for(lambda: "yes" in persistence(drifting) and "enable" in autostart(drifting), "it is persistent again")
    drifting.wait_for(lambda: drifting.count(NAME, "Redefined") > before, "that is told")
    drifting.wait_ready(NAME)
    assert drifting.count(NAME, "Redefined") == before + 1, "once"
    assert drifting.status(NAME).run == run


def test_taken_away_altogether(drifting: Homeostat) -> None:
    run = drifting.status(NAME).run
    drifting.virsh("undefine", NAME)
    drifting.virsh("destroy", NAME, check=False)
    drifting.wait_for(lambda: drifting.status(NAME).run not in (None, run), "another run", 40)


def test_paused(drifting: Homeostat) -> None:
    drifting.virsh("suspend", NAME)
    drifting.wait_for(lambda: drifting.count(NAME, "Resume") >= 1, "it is resumed")


def persistence(home: Homeostat) -> str:
    return next((line for line in home.virsh("dominfo", NAME, check=False).splitlines() if line.startswith("Persistent")), "")


def autostart(home: Homeostat) -> str:
    return next((line for line in home.virsh("dominfo", NAME, check=False).splitlines() if line.startswith("Autostart")), "")
