"""A copy of a disk is independent of it: of one that runs, of one that is off, and of a snapshot."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import wait_taken, write_snapshot

NAME = "box"


def patterned(path: Path, pattern: int) -> bool:
    command = ["qemu-io", "-r", "-U", "-f", "qcow2", "-c", f"read -P {pattern} 0 64k", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return "failed" not in done.stdout + done.stderr


def write(path: Path, pattern: int) -> None:
    command = ["qemu-io", "-f", "qcow2", "-c", f"write -P {pattern} 0 64k", str(path)]
    subprocess.run(command, capture_output=True, check=True)


def test_a_copy_needs_nothing_else(homeostat: Homeostat, tmp_path: Path) -> None:
    homeostat.write(NAME, idle(runStrategy="Halted", disks=[{"name": "data", "size": "4Mi"}, {"name": "other", "size": "1Mi"}]))
    homeostat.start()
    homeostat.wait_ready(NAME)
    write(homeostat.disk(NAME, "data"), 1)
    write_snapshot(homeostat, "then", NAME)
    wait_taken(homeostat, "then")
    write(homeostat.disk(NAME, "data"), 2)
    assert homeostat.run("disk", "export", NAME, "data", str(tmp_path / "off.qcow2")).returncode == 0
    homeostat.edit(NAME, lambda spec: spec.update(runStrategy="Always"))
    homeostat.wait_ready(NAME)
    done = homeostat.run("disk", "export", NAME, "data", str(tmp_path / "on.qcow2"))
    assert done.returncode == 0, done.stderr
    done = homeostat.run("disk", "export", NAME, "data", str(tmp_path / "then.qcow2"), "--snapshot", "then")
    assert done.returncode == 0, done.stderr
    assert homeostat.state_of(NAME) == "running"
    for name, pattern in (("off", 2), ("on", 2), ("then", 1)):
        path = tmp_path / f"{name}.qcow2"
        found = json.loads(subprocess.run(["qemu-img", "info", "--output=json", path], capture_output=True, check=True).stdout)
        assert (found["format"], found["virtual-size"]) == ("qcow2", 4 * 2**20)
        assert "backing-filename" not in found and "snapshots" not in found
        assert patterned(path, pattern), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["off.qcow2", "on.qcow2", "then.qcow2"]
    assert not list(homeostat.disk(NAME, "data").parent.glob("*.export"))

    for words, said in (
        ((NAME, "data", str(tmp_path / "on.qcow2")), "is there already"),
        ((NAME, "dta", str(tmp_path / "x")), "has no disk 'dta'"),
        (("bx", "data", str(tmp_path / "x")), "not found"),
        ((NAME, "data", str(tmp_path / "none" / "x")), "none"),
        ((NAME, "data", str(tmp_path / "x"), "--snapshot", "when"), "not found"),
    ):
        done = homeostat.run("disk", "export", *words)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, (words, done.stderr)
    assert not (tmp_path / "x").exists()
