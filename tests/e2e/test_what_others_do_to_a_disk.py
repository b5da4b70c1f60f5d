"""What others do to disks, as docs/operations.md has it: each on a machine of its own, on real QEMU."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.driver.host import RESYNC
from tests.e2e.homeostat import SOON, Homeostat, idle
from tests.rig.libvirtd import Libvirtd

DISKS = [{"name": "data", "size": "64Mi"}, {"name": "other", "size": "8Mi"}]
RUNNING = ("layers", "copied", "pulled", "reverted", "detached", "taken")
OFF = ("moved", "lost", "linked", "raw", "larger")


@pytest.fixture(scope="module")
def home(libvirtd: Libvirtd) -> Iterator[Homeostat]:
    made = Homeostat(libvirtd)
    (made.root / "away").mkdir(mode=0o777)
    (made.root / "away").chmod(0o777)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", made.root / "base.qcow2", "64M"], check=True)
    for name in RUNNING:
        made.write(name, idle(disks=DISKS))
    made.write("layers", idle(disks=[DISKS[0] | {"image": {"path": str(made.root / "base.qcow2")}}, DISKS[1]]))
    for name in OFF:
        made.write(name, idle(disks=DISKS, runStrategy="Halted"))
    made.start()
    made.wait_ready(*RUNNING, *OFF, timeout=90)
    yield made
    made.close()


def own(home: Homeostat, name: str) -> Path:
    return home.state / "machines" / "default" / name / "data.qcow2"


def on(home: Homeostat, name: str, *options: str) -> str:
    lines = home.virsh("domblklist", name, *options).splitlines()
    return next(line.split()[1] for line in lines if line.strip().startswith("vda"))


def name_in_definition(home: Homeostat, name: str, old: object, new: object) -> None:
    """As `virsh edit` does."""
    edited = home.root / f"{name}.xml"
    text = home.virsh("dumpxml", "--inactive", name)
    assert str(old) in text
    edited.write_text(text.replace(str(old), str(new)))
    home.virsh("define", str(edited))


def restarted(home: Homeostat, name: str) -> None:
    run = home.status(name).run
    home.virsh("destroy", name)
    home.wait_for(lambda: home.status(name).run not in (None, run), f"{name} runs again")


def moved(home: Homeostat, name: str, words: str) -> None:
    """It is told, and is nothing against being ready."""
    home.wait_for(lambda: (c := home.condition(name, "DisksMoved")) and words in c.message, f"{words} is told", RESYNC + SOON)
    home.wait_ready(name)


def stalled(home: Homeostat, name: str, reason: str, words: str) -> None:
    assert words in home.wait_condition(name, "Stalled", reason, RESYNC + SOON).message


def test_snapshots_with_metadata_in_layers_of_one_disk_in_another_folder(home: Homeostat) -> None:
    for layer in ("one", "two"):
        file = f"vda,file={home.root}/away/layers.{layer}"
        home.virsh("snapshot-create-as", "layers", layer, "--disk-only", "--diskspec", file, "--diskspec", "vdb,snapshot=no")
    restarted(home, "layers")
    assert on(home, "layers") == on(home, "layers", "--inactive") == f"{home.root}/away/layers.two"
    moved(home, "layers", f"virsh blockcommit layers vda --base {own(home, 'layers')} --active --pivot")
    home.virsh("blockcommit", "layers", "vda", "--base", str(own(home, "layers")), "--active")
    assert on(home, "layers").endswith("layers.two"), "under way: nothing is different"

    def pivoted() -> bool:
        home.virsh("blockjob", "layers", "vda", "--pivot", check=False)  # refused until all is committed
        return on(home, "layers") == str(own(home, "layers"))

    home.wait_for(pivoted, "it is committed")
    home.wait_for(lambda: "DisksBack" in home.reasons("layers"), "all is well by itself")
    assert home.condition("layers", "DisksMoved") is None
    assert on(home, "layers", "--inactive") == str(own(home, "layers"))


def test_a_block_copy(home: Homeostat) -> None:
    copy = f"{home.root}/away/copied.qcow2"
    home.virsh("blockcopy", "copied", "vda", copy, "--wait", "--pivot", "--transient-job")
    own(home, "copied").unlink()
    restarted(home, "copied")
    assert on(home, "copied") == on(home, "copied", "--inactive") == copy
    moved(home, "copied", copy)
    assert not own(home, "copied").exists(), "no blank disk is made in its place"


def test_an_overlay_that_was_pulled_together(home: Homeostat) -> None:
    home.virsh("snapshot-create-as", "pulled", "one", "--disk-only", "--no-metadata")
    home.virsh("blockpull", "pulled", "vda", "--wait")
    restarted(home, "pulled")
    overlay = str(own(home, "pulled").with_name("data.one"))
    assert on(home, "pulled") == overlay
    moved(home, "pulled", f"disks[data] is on {overlay}, where someone copied or moved it")


def test_a_revert_carries_nothing_out_again(home: Homeostat) -> None:
    home.virsh("snapshot-create-as", "reverted", "then")
    before = home.status("reverted").run
    home.run("restart", "reverted")
    home.wait_for(lambda: home.status("reverted").run not in (None, before), "it was restarted")
    cuts = home.count("reverted", "PoweredOff")
    second = home.status("reverted").run
    home.virsh("snapshot-revert", "reverted", "then")
    home.wait_for(lambda: home.status("reverted").run not in (None, second), "what was reverted to runs")

    def rests() -> bool:
        return 'reverted="' in home.virsh("dumpxml", "reverted") or "reverted='" in home.virsh("dumpxml", "reverted")

    home.wait_for(rests, "that is noted down")
    third = home.status("reverted").run
    home.edit("detached", lambda spec: spec.update(resources={"memory": "40Mi"}))  # something else, that takes its time
    home.wait_for(lambda: "40960" in home.virsh("dumpxml", "--inactive", "detached"), "the operator has gone on")
    assert home.status("reverted").run == third
    assert home.count("reverted", "PoweredOff") == cuts
    assert home.status("reverted").restarts == 0, "no crash"


def test_a_detached_disk_with_an_overlay(home: Homeostat) -> None:
    home.virsh("snapshot-create-as", "detached", "one", "--disk-only", "--no-metadata", "--diskspec", "vdb,snapshot=no")
    overlay = own(home, "detached").with_name("data.one")
    later = own(home, "detached").stat().st_mtime + 60
    os.utime(overlay, (later, later))
    home.virsh("detach-disk detached vda --config; destroy detached")  # by one program: else it is attached again in between
    stalled(home, "detached", "OverlayFound", f"qemu-img commit {overlay}")
    assert str(own(home, "detached")) not in home.virsh("dumpxml", "--inactive", "detached")
    subprocess.run(["qemu-img", "commit", "-q", str(overlay)], check=True)
    overlay.unlink()
    home.run("restart", "detached")
    home.wait_for(lambda: on(home, "detached") == str(own(home, "detached")), "it is attached again", RESYNC + SOON)


def test_a_domain_undefined_with_an_overlay(home: Homeostat) -> None:
    home.virsh("snapshot-create-as", "taken", "one", "--disk-only", "--no-metadata", "--diskspec", "vdb,snapshot=no")
    overlay = own(home, "taken").with_name("data.one")
    later = own(home, "taken").stat().st_mtime + 60
    os.utime(overlay, (later, later))
    home.stop()
    home.virsh("destroy", "taken")
    home.virsh("undefine", "taken")
    home.start()
    stalled(home, "taken", "OverlayFound", str(overlay))
    assert "taken" not in home.virsh("list", "--all", "--name").split()


def test_a_file_moved_and_the_definition_with_it(home: Homeostat) -> None:
    there = home.root / "away" / "moved.qcow2"
    shutil.move(own(home, "moved"), there)
    name_in_definition(home, "moved", own(home, "moved"), there)
    home.edit("moved", lambda spec: spec.update(runStrategy="Always"))
    home.wait_for(lambda: home.state_of("moved") == "running", "it runs")
    assert on(home, "moved") == str(there) and not own(home, "moved").exists()
    moved(home, "moved", str(there))


def test_an_overlay_that_is_lost(home: Homeostat) -> None:
    home.virsh("snapshot-create-as", "lost", "one", "--disk-only", "--no-metadata")
    overlay = own(home, "lost").with_name("data.one")
    aside = overlay.rename(home.root / "away" / "lost")
    name_in_definition(home, "lost", "</name>", "</name>")  # so that it is looked at now
    home.edit("lost", lambda spec: spec.update(runStrategy="Always"))
    stalled(home, "lost", "DiskMissing", str(overlay))
    assert home.state_of("lost") == "shut off"
    assert on(home, "lost", "--inactive") == str(overlay)
    aside.rename(overlay)
    home.edit("lost", lambda spec: spec.update(updatePolicy="Never"))
    home.wait_for(lambda: home.state_of("lost") == "running", "it goes on")


def test_a_file_replaced_by_a_link(home: Homeostat) -> None:
    there = home.root / "away" / "linked.qcow2"
    shutil.move(own(home, "linked"), there)
    own(home, "linked").symlink_to(there)
    home.edit("linked", lambda spec: spec.update(runStrategy="Always"))
    home.wait_for(lambda: home.state_of("linked") == "running", "it runs")
    home.wait_ready("linked")
    assert home.condition("linked", "DisksMoved") is None


def test_a_file_converted_to_raw(home: Homeostat) -> None:
    converted = home.root / "away" / "raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", own(home, "raw"), converted], check=True)
    shutil.move(converted, own(home, "raw"))
    home.edit("raw", lambda spec: spec.update(runStrategy="Always"))
    stalled(home, "raw", "DiskMissing", "qemu-img convert -O qcow2")
    assert home.state_of("raw") == "shut off"


def test_a_file_made_larger(home: Homeostat) -> None:
    subprocess.run(["qemu-img", "resize", "-q", own(home, "larger"), "96M"], check=True)
    home.edit("larger", lambda spec: spec.update(runStrategy="Always"))
    stalled(home, "larger", "DiskShrink", "make the size 96Mi or larger")
    home.wait_for(lambda: home.state_of("larger") == "running", "it goes on with the disk it has")
