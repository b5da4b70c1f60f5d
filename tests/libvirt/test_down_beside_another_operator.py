"""`homeostat down` by a copy of a state folder, while the operator of the original runs: it says so at once, and does nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.libvirt.hosts import WEB
from tests.rig.program import ran
from tests.rig.waiting import wait_until


def test_it_ends_with_who_runs(tmp_path: Path) -> None:
    folder, original, copy = tmp_path / "vms", tmp_path / "state", tmp_path / "copy"
    folder.mkdir()
    (folder / "web.yaml").write_text(WEB)
    common = [sys.executable, "-m", "homeostat.cli.main", "--connect", "test:///default"]
    words = [*common, "--state", str(original), "up", str(folder), "--no-api"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as operator:
        try:
            seen = [*common, "--state", str(original), "get", "vm", "web", "--no-headers"]
            wait_until(lambda: "Running" in ran(seen).stdout, 60, "the machine runs")
            shutil.copytree(original, copy, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
            down = ran([*common, "--state", str(copy), "down", "--yes"], timeout=60)
        finally:
            operator.terminate()
    assert down.returncode == 1
    assert "nothing was removed: another operator with the identity of this state" in down.stderr
    assert str(original) in down.stderr
