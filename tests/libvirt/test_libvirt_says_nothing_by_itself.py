"""libvirt's own lines stay out of what a command or a server prints: what has failed is said once, in our words."""

from __future__ import annotations

import subprocess
import sys

COPIES = """
from pathlib import Path
from homeostat.driver.errors import DomainGone
from homeostat.driver.snapshots.export import export_disk
try:
    export_disk("test:///default", "00000000-0000-4000-8000-000000000000", "data", Path("/nosuch/copy"), lambda _: None)
except DomainGone:
    print("said")
"""


def test_a_copy_of_a_machine_that_is_gone() -> None:
    done = subprocess.run([sys.executable, "-c", COPIES], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
