"""Inside the guest: a limit holds within 20 %, another medium is seen while it runs, and an ISO boots."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pycdlib

from tests.e2e.homeostat import Homeostat, guest, idle
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.waiting import wait_until

IOPS, BLOCK = 25, 4096
SECTOR, BLOCKS = 2048, 25  # of a medium, its first file with them
SAID = b"booted from the ISO\r\n"
# mov ds, 0; then each byte of the text that follows to the first serial port, and halt.
BOOT = bytes.fromhex("31c08ed8fc baf803 be167c ac 84c0 7403 ee ebf8 f4 ebfd")


def read(address: str, drive: str, size: int, count: int) -> dict[str, Any]:
    """The seconds that the guest took to read so many blocks, and their sum."""
    found: dict[str, Any] = json.loads(fetch(address, f"/cgi-bin/read?{drive}.{size}.{count}", 60))
    return found


def rate(address: str) -> float:
    """Requests in a second, over some seconds."""
    return 4 * IOPS / float(read(address, "vda", BLOCK, 4 * IOPS)["seconds"])


def test_a_limit_holds_within_a_fifth(town: Homeostat) -> None:
    assert town.image is not None
    town.write("slow", guest(town.image, disks=[{"name": "data", "size": "4Mi", "limits": {"iops": IOPS}}]))
    town.start()
    address = town.wait_address("slow")
    wait_until(lambda: read(address, "vda", BLOCK, 1)["sum"], BOOT_TIMEOUT, "the guest reads its disk")
    # A guest that gets no processor is slower than its limit. So it may try again; faster it never is.
    found: list[float] = []
    wait_until(lambda: found.append(rate(address)) or found[-1] > 0.8 * IOPS, 90, "the guest reads as fast as it may")  # type: ignore[func-returns-value]
    assert max(found) < 1.2 * IOPS, found
    town.edit("slow", lambda spec: spec["disks"][0].pop("limits"))
    wait_until(lambda: rate(address) > 2 * IOPS, 90, "the limit is lifted while it runs")


def medium(path: Path, word: bytes, boots: bool = False) -> str:
    """An ISO with a file of that word; returns the MD5 of its first blocks."""
    iso = pycdlib.PyCdlib()
    iso.new()
    iso.add_fp(io.BytesIO(word), len(word), "/WORD.;1")
    if boots:
        sector = BOOT + SAID + bytes(1)
        iso.add_fp(io.BytesIO(sector.ljust(2048, b"\0")), 2048, "/BOOT.;1")
        iso.add_eltorito("/BOOT.;1", bootcatfile="/BOOT.CAT;1", boot_load_size=4)
    iso.write(str(path))
    iso.close()
    path.chmod(0o644)
    return hashlib.md5(path.read_bytes()[: BLOCKS * SECTOR], usedforsecurity=False).hexdigest()


def test_another_medium_is_seen_by_the_guest_that_runs(town: Homeostat) -> None:
    assert town.image is not None
    sums = {name: medium(town.root / f"{name}.iso", name.encode()) for name in ("first", "second")}
    drive = {"name": "cd", "type": "cdrom", "bus": "scsi", "image": {"path": str(town.root / "first.iso")}}
    town.write("reader", guest(town.image, disks=[drive]))
    town.start()
    address = town.wait_address("reader")

    def sees(name: str) -> bool:
        return bool(read(address, "sr0", SECTOR, BLOCKS)["sum"] == sums[name])

    wait_until(lambda: sees("first"), BOOT_TIMEOUT, "the guest reads the first medium")
    run = town.status("reader").run
    town.edit("reader", lambda spec: spec["disks"][0].update(image={"path": str(town.root / "second.iso")}))
    wait_until(lambda: sees("second"), 60, "the guest reads the second medium")
    assert sums["first"] != sums["second"] and town.status("reader").run == run


def test_an_iso_boots(homeostat: Homeostat) -> None:
    medium(homeostat.root / "boot.iso", b"boot", boots=True)
    disks = [
        {"name": "data", "size": "1Mi"},
        {"name": "cd", "type": "cdrom", "image": {"path": str(homeostat.root / "boot.iso")}},
    ]
    homeostat.write("box", idle(disks=disks, boot={"order": ["cd", "data"]}))
    homeostat.start()
    homeostat.wait_ready("box")
    log = homeostat.status("box").console_log
    assert log is not None
    wait_until(lambda: SAID.strip() in Path(log).read_bytes(), BOOT_TIMEOUT, "it says where it booted from")
