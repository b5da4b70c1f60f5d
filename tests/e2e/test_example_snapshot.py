"""The example of a snapshot, as it stands, with a real guest: it does what its comments promise."""

from __future__ import annotations

import shutil
from pathlib import Path

from homeostat.models.base import Key
from homeostat.models.schedule import SnapshotSchedule
from tests.e2e.homeostat import Homeostat
from tests.e2e.snapshots import wait_taken
from tests.rig.guest import BOOT_TIMEOUT, fetch

EXAMPLES = Path(__file__).parents[2] / "examples"
NAME = "notes"


def test_a_machine_goes_back_to_its_first_boot(town: Homeostat) -> None:
    assert town.image is not None
    shutil.copytree(EXAMPLES / "snapshot", town.folder / "snapshot")
    (town.folder / "guest").mkdir()
    (town.folder / "guest" / "image").symlink_to(town.image.directory)
    town.written[NAME] = {}
    town.start()
    address = town.wait_address(NAME)
    wait_taken(town, "first-boot", BOOT_TIMEOUT)
    before = int(town.wait_for(lambda: fetch(address, "/boots").strip(), "it answers", BOOT_TIMEOUT))
    row = town.store.index.row(Key("SnapshotSchedule", "default", "notes-nightly"))
    schedule = town.store.resource(row) if row else None
    assert isinstance(schedule, SnapshotSchedule) and schedule.status is not None and schedule.status.next_time

    assert town.run("restart", NAME).returncode == 0
    town.wait_for(lambda: fetch(address, "/boots").strip() == str(before + 1), "it was booted once more", BOOT_TIMEOUT)
    path = town.folder / "snapshot" / "notes.yaml"
    text = path.read_text()
    for line in ("restoreFrom:", "  snapshot: first-boot", '  token: "1"'):
        assert f"  # {line}" in text
        text = text.replace(f"  # {line}", f"  {line}")
    path.write_text(text)
    town.wait_for(lambda: town.status(NAME).restored == "1", "it is restored", BOOT_TIMEOUT)
    town.wait_for(lambda: int(fetch(address, "/boots")) <= before + 1, "it counts from there", BOOT_TIMEOUT)
