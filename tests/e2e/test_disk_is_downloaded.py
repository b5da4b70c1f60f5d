"""A copy of a disk over HTTP, while its guest runs: whole, of the right moment, and nothing of it stays."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import wait_taken, write_snapshot
from tests.e2e.test_disk_is_exported import patterned, write
from tests.rig.waiting import free_port, wait_until

NAME = "box"


def fetched(http: httpx.Client, path: str, file: Path) -> None:
    answer = http.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)
    found = json.loads(subprocess.run(["qemu-img", "info", "--output=json", file], capture_output=True, check=True).stdout)
    assert (found["format"], "backing-filename" in found) == ("qcow2", False)


def leftovers(home: Homeostat) -> list[str]:
    room = home.state / "exports"
    staged = [path.name for path in home.state.glob("*/default/*/*") if path.name.endswith((".export", ".partial"))]
    return staged + ([path.name for path in room.iterdir()] if room.exists() else [])


def test_of_a_machine_of_a_snapshot_and_of_a_disk(homeostat: Homeostat, tmp_path: Path) -> None:
    port = free_port()
    kept = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Disk", "metadata": {"name": "letters"}, "spec": {"size": "4Mi"}}
    (homeostat.folder / "letters.yaml").write_text(json.dumps(kept))
    disks = [{"name": "data", "size": "4Mi"}, {"name": "mail", "diskRef": {"name": "letters"}}]
    homeostat.write(NAME, idle(runStrategy="Halted", disks=disks))
    homeostat.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        letters = homeostat.state / "disks/default/letters/disk.img"
        write(homeostat.disk(NAME, "data"), 1)
        write(letters, 5)
        write_snapshot(homeostat, "then", NAME)
        wait_taken(homeostat, "then")
        write(homeostat.disk(NAME, "data"), 2)
        fetched(http, f"vms/{NAME}/disks/data/export", tmp_path / "off")
        homeostat.edit(NAME, lambda spec: spec.update(runStrategy="Always"))
        homeostat.wait_ready(NAME)
        wait_until(
            lambda: http.get("/api/v1/disks/letters").json()["status"].get("attachedTo") == NAME, 60, "the Disk says who has it"
        )
        fetched(http, f"vms/{NAME}/disks/data/export", tmp_path / "on")
        fetched(http, "snapshots/then/export?disk=data", tmp_path / "then")
        fetched(http, "disks/letters/export", tmp_path / "letters")
        for name, pattern in (("off", 2), ("on", 2), ("then", 1), ("letters", 5)):
            assert patterned(tmp_path / name, pattern), name
        assert http.get("/api/v1/snapshots/then/export").status_code == 400, "which of its disks?"
        assert http.get("/api/v1/snapshots/then/export?disk=dta").status_code == 404
        assert homeostat.state_of(NAME) == "running" and leftovers(homeostat) == []


def test_one_whose_client_has_gone_is_not_made_to_the_end(homeostat: Homeostat) -> None:
    port = free_port()
    homeostat.write(NAME, idle(disks=[{"name": "data", "size": "4Gi"}]))
    homeostat.start("--bind", f"127.0.0.1:{port}", "--max-exports", "1")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        url = f"/api/v1/vms/{NAME}/disks/data/export"
        try:
            http.get(url, timeout=0.05)
        except httpx.TimeoutException:
            assert http.get("/api/v1/vms").status_code == 200, "others are served meanwhile"
        wait_until(lambda: http.get(url).status_code == 200, 120, "the next one is made")
        assert homeostat.state_of(NAME) == "running" and leftovers(homeostat) == []
