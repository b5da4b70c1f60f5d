"""plan, up and down as programs, on libvirt's test driver: exit codes, signals, what stays."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.program import ran

MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata:
  name: {name}
spec:
  resources: {{memory: 64Mi}}
"""
DOMAINS = "<node><cpu><mhz>1</mhz><model>m</model><active>1</active><nodes>1</nodes><sockets>1</sockets><cores>1</cores>\
<threads>1</threads></cpu><memory>4194304</memory></node>"


class Homeostat:
    def __init__(self, root: Path) -> None:
        self.folder, self.state = root / "vms", root / "state"
        self.folder.mkdir()
        # A file, since test:///default comes with a domain of its own.
        (root / "node.xml").write_text(DOMAINS)
        self.common = ["--state", str(self.state), "--connect", f"test://{root / 'node.xml'}"]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "homeostat.cli.main", *self.common, *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return ran(self.command(*words))


@pytest.fixture
def homeostat(tmp_path: Path) -> Iterator[Homeostat]:
    made = Homeostat(tmp_path)
    (made.folder / "web.yaml").write_text(MACHINE.format(name="web"))
    yield made


def test_plan_of_a_new_machine_writes_nothing_and_exits_2(homeostat: Homeostat) -> None:
    done = homeostat.run("plan", str(homeostat.folder))
    assert done.returncode == 2, done.stderr
    assert "+ vm/web will be created  (web.yaml:1)" in done.stdout
    assert done.stdout.endswith("Plan: 1 to create, 0 to change, 0 to delete, 0 unchanged.\n")
    assert not homeostat.state.exists()


def test_plan_foresees_what_a_folder_for_requests_refuses(homeostat: Homeostat, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    boot_sector = bytes(510) + b"\x55\xaa" + bytes(65536)
    (tmp_path / "outside.img").write_bytes(boot_sector)
    (images / "link.img").symlink_to(tmp_path / "outside.img")
    disk = f"  disks: [{{name: root, image: {{url: 'file://{images}/link.img'}}}}]\n"
    (homeostat.folder / "web.yaml").write_text(MACHINE.format(name="web") + disk)
    assert homeostat.run("plan", str(homeostat.folder)).returncode == 2
    done = homeostat.run("plan", str(homeostat.folder), "--image-folder", str(images))
    said = f"(leads to {tmp_path}/outside.img) is not in a folder that images may come from ({images})"
    assert done.returncode == 1 and said in done.stdout
    up = homeostat.run(
        "up", str(homeostat.folder), "--until-ready", "--timeout", "5s", "--image-folder", str(images), "--bind", "127.0.0.1:1"
    )
    assert said in up.stdout + up.stderr


def test_plan_of_a_broken_file_names_the_place_and_exits_1(homeostat: Homeostat) -> None:
    (homeostat.folder / "bad.yaml").write_text(MACHINE.format(name="bad").replace("memory", "memry"))
    done = homeostat.run("plan", str(homeostat.folder))
    assert done.returncode == 1
    assert "error: bad.yaml:6:15: spec.resources.memry: unknown field; did you mean memory?" in done.stderr
    assert "vm/web will be created" in done.stdout


def test_plan_as_json(homeostat: Homeostat) -> None:
    done = homeostat.run("plan", str(homeostat.folder), "-o", "json")
    machine = json.loads(done.stdout)["machines"][0]
    assert (done.returncode, machine["name"], machine["change"]) == (2, "web", "create")


def test_plan_of_no_folder_is_an_error(homeostat: Homeostat) -> None:
    done = homeostat.run("plan", "/nonexistent")
    assert (done.returncode, "is not a folder" in done.stderr) == (1, True)


def test_up_until_ready_exits_0(homeostat: Homeostat) -> None:
    done = homeostat.run("up", str(homeostat.folder), "--until-ready", "--timeout", "30s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vm/web: Running, ready" in done.stdout


def test_up_until_ready_gives_the_reason_when_it_is_not_in_time(homeostat: Homeostat) -> None:
    spec = "  boot: {kernel: {path: /nonexistent/vmlinuz}}\n"
    (homeostat.folder / "db.yaml").write_text(MACHINE.format(name="db") + spec)
    done = homeostat.run("up", str(homeostat.folder), "--until-ready", "--timeout", "2s")
    assert done.returncode == 1
    assert "error: not everything is Ready after 2 s" in done.stderr
    assert "vm/db: " in done.stderr and "/nonexistent/vmlinuz" in done.stderr


HANGS_UP = ("env", "--default-signal=HUP")  # also where these tests run under nohup


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_up_in_order_and_says_that_guests_stay(homeostat: Homeostat, number: signal.Signals) -> None:
    command = [*HANGS_UP, *homeostat.command("up", str(homeostat.folder), "--no-api")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        _read_until_ready(running)
        # Whoever reads the state sees it too, and a second operator is refused.
        assert homeostat.run("wait", "vm/web", "--for=condition=Ready", "--timeout=10s").returncode == 0
        second = homeostat.run("up", str(homeostat.folder), "--no-api")
        assert (second.returncode, "another operator" in second.stderr) == (1, True)
        os.kill(running.pid, number)
        rest, errors = running.communicate(timeout=30)
    assert running.returncode == 0, errors
    assert "guests keep running" in rest
    assert errors == ""


def _read_until_ready(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    for line in running.stdout:
        if "Running, ready" in line:
            break


def test_up_goes_on_without_its_terminal_under_nohup(homeostat: Homeostat) -> None:
    command = ["env", "--ignore-signal=HUP", *homeostat.command("up", str(homeostat.folder), "--no-api")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        _read_until_ready(running)
        os.kill(running.pid, signal.SIGHUP)
        ignored = int(re.findall("SigIgn:\\s+([0-9a-f]+)", Path(f"/proc/{running.pid}/status").read_text())[0], 16)
        assert ignored & 1 << signal.SIGHUP - 1 and running.poll() is None
        os.kill(running.pid, signal.SIGTERM)
        rest, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, ""), "a signal that ended it at once would have come first"
    assert "guests keep running" in rest


def test_up_ends_in_order_with_its_terminal(homeostat: Homeostat) -> None:
    ours, its = pty.openpty()

    command = ["setsid", "--ctty", *HANGS_UP, *homeostat.command("up", str(homeostat.folder), "--no-api")]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=subprocess.PIPE) as running:
        os.close(its)
        shown = b""
        while b"1 ready" not in shown:
            shown += os.read(ours, 65536)
        os.close(ours)
        _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, b"")


def test_an_api_open_to_the_network_without_a_token_is_refused_before_anything_starts(homeostat: Homeostat) -> None:
    done = homeostat.run("up", str(homeostat.folder), "--bind", "0.0.0.0:8080")
    assert done.returncode == 1
    assert "--token-file" in done.stderr
    assert not homeostat.state.exists()


def test_down_removes_machines_and_leaves_the_yaml(homeostat: Homeostat) -> None:
    assert homeostat.run("up", str(homeostat.folder), "--until-ready", "--timeout", "30s").returncode == 0
    before = (homeostat.folder / "web.yaml").read_bytes()
    asked = subprocess.run(homeostat.command("down"), input="n\n", capture_output=True, text=True, timeout=60, check=False)
    assert (asked.returncode, "nothing was removed" in asked.stderr) == (1, True)
    done = homeostat.run("down", "--yes", "--timeout", "30s")
    assert done.returncode == 0, done.stderr
    assert "Removed." in done.stdout
    assert (homeostat.folder / "web.yaml").read_bytes() == before
    assert homeostat.run("plan").returncode == 2  # up would make it again


def test_doctor_fails_with_what_to_do_when_libvirt_is_not_there(homeostat: Homeostat) -> None:
    assert homeostat.run("doctor").returncode == 0
    words = homeostat.command("--connect", "qemu+unix:///system?socket=/nonexistent/sock", "doctor")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "FAIL" in done.stdout and "→" in done.stdout


DEPLOYMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata: {{name: app}}
spec:
  replicas: 2
  template: {{spec: {{resources: {{memory: {memory}}}}}}}
"""


def test_deployments_are_waited_for_planned_and_taken_down(homeostat: Homeostat) -> None:
    file = homeostat.folder / "app.yaml"
    file.write_text(DEPLOYMENT.format(memory="64Mi"))
    done = homeostat.run("up", str(homeostat.folder), "--until-ready", "--timeout", "30s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vmd/app: 2 of 2 follow revision 1, 2 available" in done.stdout
    file.write_text(DEPLOYMENT.format(memory="96Mi"))
    planned = homeostat.run("plan")
    assert "1. replace 2 machines" in planned.stdout
    down = homeostat.run("down", "--yes", "--timeout", "30s")
    assert down.returncode == 0, down.stderr
    assert "MachineCreated" not in down.stdout  # nothing makes them anew
    status = json.loads(homeostat.run("get", "vmd", "app", "-o", "json").stdout)["status"]
    assert (status["replicas"], status["availableReplicas"]) == (0, 0)
