"""`homeostat down OTHER` says that the state is another folder's before it asks about the machines of that one."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.libvirt.hosts import WEB, isolated_uri
from tests.rig.program import ran


def test_nobody_is_asked(tmp_path: Path) -> None:
    folder, other, state = tmp_path / "vms", tmp_path / "other", tmp_path / "state"
    for made in (folder, other):
        made.mkdir()
    (folder / "web.yaml").write_text(WEB)
    common = [sys.executable, "-m", "homeostat.cli.main", "--connect", isolated_uri(tmp_path), "--state", str(state)]
    made = ran([*common, "up", str(folder), "--no-api", "--until-ready"])
    assert made.returncode == 0, made.stderr

    for wrong, why in ((other, f"serves {folder}, not {other}"), (tmp_path / "none", "none")):
        down = ran([*common, "down", str(wrong)])
        assert down.returncode == 1 and why in down.stderr, down.stderr
        assert "Remove" not in down.stdout + down.stderr and "disks" not in down.stdout
