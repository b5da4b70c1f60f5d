"""The server as a process: what it refuses to start on, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.api.harness import command, serving
from tests.rig.waiting import free_port, wait_until


def test_a_state_folder_of_another_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    other = tmp_path / "other"
    other.mkdir()
    arguments = command(other, tmp_path / "state", free_port())
    ended = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0
    assert str(tmp_path / "machines") in ended.stderr and "Traceback" not in ended.stderr


def test_what_the_folder_holds_is_served_without_an_operator(tmp_path: Path) -> None:
    folder = tmp_path / "machines"
    folder.mkdir()
    (folder / "web.yaml").write_text("apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: web\n")
    with serving(tmp_path) as api:
        assert [vm["name"] for vm in api.http.get("/api/v1/vms").json()] == ["web"]


def test_a_killed_worker_is_replaced_and_nothing_lost(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        api.create("kept")
        children = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        found = wait_until(lambda: api.get("kept"), 20, "a new worker answers")
        assert found["name"] == "kept"


def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    arguments = command(tmp_path / "machines", tmp_path / "state", free_port(), "--end-with-parent")
    parent = subprocess.Popen(
        [
            sys.executable, "-c",
            "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); p.wait()", *arguments,
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    wait_until((tmp_path / "state" / "index.sqlite").exists, 20, "the server has started")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not Path(f"/proc/{server}").exists(), 20, "the server has ended")


@contextmanager
def hanging_up(root: Path, *prefix: str) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """The server on a terminal of its own, that end of it which is ours, and the port."""
    (root / "machines").mkdir()
    ours, its = pty.openpty()
    port, log = free_port(), root / "api.log"
    arguments = ["setsid", "--ctty", *prefix, *command(root / "machines", root / "state", port)]
    with log.open("wb") as output, subprocess.Popen(arguments, stdin=its, stdout=output, stderr=output) as process:
        os.close(its)
        try:
            wait_until(lambda: process.poll() is not None or healthy(port), 20, "the server answers")
            yield process, ours, port
        finally:
            process.kill()


def healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_it_ends_in_order_with_its_terminal(tmp_path: Path) -> None:
    with hanging_up(tmp_path, "env", "--default-signal=HUP") as (process, ours, port):
        os.close(ours)
        assert process.wait(20) == 0
        assert not healthy(port) and "Traceback" not in (tmp_path / "api.log").read_text()


def test_it_goes_on_without_its_terminal_under_nohup(tmp_path: Path) -> None:
    with hanging_up(tmp_path, "env", "--ignore-signal=HUP") as (process, ours, port):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        for pid in (process.pid, int(children[0])):
            ignored = re.findall("SigIgn:\\s+([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
            assert int(ignored[0], 16) & 1 << signal.SIGHUP - 1
        assert healthy(port)
        process.terminate()
        assert process.wait(20) == 0
