"""What a disk takes on the host counts with what is below it, wherever a name leads that it may lean on."""

from __future__ import annotations

import subprocess
from pathlib import Path

from homeostat.driver.storage.disks.chains import bytes_of_chain
from homeostat.driver.storage.paths import allocated


def test_an_overlay_counts_with_its_image_and_nothing_elsewhere(tmp_path: Path) -> None:
    images, machine, elsewhere = (tmp_path / name for name in ("images", "machine", "elsewhere"))
    for folder in (images, machine, elsewhere):
        folder.mkdir()
    for base in (images / "base", elsewhere / "base"):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "1M"], check=True)
        with base.open("ab") as file:
            file.write(b"x" * 2**20)
    for name, base in (("ours", images / "base"), ("theirs", elsewhere / "base")):
        command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, machine / name]
        subprocess.run(command, check=True)
    assert bytes_of_chain(str(machine / "ours"), str(images)) == allocated(machine / "ours") + allocated(images / "base")
    assert bytes_of_chain(str(machine / "theirs"), str(images)) <= allocated(machine / "theirs")
    assert bytes_of_chain(str(machine / "none"), str(images)) == 0
