"""`homeostat up --host a=… --host b=…` as a program, on libvirt's test driver: options, words, and what other commands show."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.libvirt.hosts import isolated_uri
from tests.rig.program import launch, ran
from tests.rig.waiting import wait_until

MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {{name: {name}}}
spec: {{resources: {{memory: 64Mi}}, hostSelector: {{disk: {disk}}}}}
"""
HOST = """apiVersion: homeostat.dev/v1alpha1
kind: Host
metadata: {{name: {name}, labels: {{disk: {disk}}}}}
"""


class Homeostat:
    def __init__(self, root: Path) -> None:
        self.folder, self.state = root / "vms", root / "state"
        self.folder.mkdir()
        self.hosts: list[str] = []
        self.uris: dict[str, str] = {}
        for name, disk in (("a", "ssd"), ("b", "nvme")):
            (root / name).mkdir()
            self.uris[name] = isolated_uri(root / name)
            self.hosts += ["--host", f"{name}={self.uris[name]}"]
            (self.folder / f"host-{name}.yaml").write_text(HOST.format(name=name, disk=disk))
            (self.folder / f"on-{name}.yaml").write_text(MACHINE.format(name=f"on-{name}", disk=disk))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return ran(self.command(*words))

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "homeostat.cli.main", "--state", str(self.state), *words]

    @contextmanager
    def up(self, *words: str) -> Iterator[Path]:
        """Until all are ready, and then on; its output."""
        output = self.folder.parent / "up.log"
        with output.open("ab") as log:
            running = launch(
                self.command("up", str(self.folder), "--no-api", *words), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            yield output
        finally:
            running.send_signal(signal.SIGINT)
            assert running.wait(30) == 0, output.read_text()


@pytest.fixture
def homeostat(tmp_path: Path) -> Homeostat:
    return Homeostat(tmp_path)


def test_documents_hosts_and_commands(homeostat: Homeostat) -> None:
    planned = homeostat.run("plan", str(homeostat.folder), *homeostat.hosts)
    assert planned.returncode == 2, planned
    assert "+ vm/on-a will be created on host a  (on-a.yaml:1)" in planned.stdout
    assert "+ vm/on-b will be created on host b  (on-b.yaml:1)" in planned.stdout
    assert not homeostat.state.exists()

    with homeostat.up(*homeostat.hosts) as output:
        wait = ["wait", "vm", "--all", "--for=condition=Ready", "--timeout=20s"]
        wait_until(lambda: homeostat.run(*wait).returncode == 0, 30, "all are ready")
        assert " on hosts a, b" in output.read_text()
        listed = homeostat.run("get", "vms", "--no-headers").stdout.split("\n")
        assert [line.split()[::4][:2] for line in listed if line] == [["on-a", "a"], ["on-b", "b"]], listed
        hosts = homeostat.run("get", "hosts", "-n", "elsewhere").stdout.splitlines()
        assert [line.split()[:2] for line in hosts] == [["NAME", "READY"], ["a", "True"], ["b", "True"]]
        described = homeostat.run("describe", "host/a").stdout
        assert "disk=ssd" in described and "Capacity:" in described and "Schedulable" in described
        refused = homeostat.run("down", "--yes")
        assert refused.returncode == 1 and "an operator is running" in refused.stderr
    checked = homeostat.run("doctor").stdout
    assert "a: libvirt" in checked and "b: libvirt" in checked
    known = homeostat.state / "hosts.json"
    known.write_text(known.read_text().replace('"served": true', '"served": false', 1))
    console = homeostat.run("console", "on-a")
    assert console.returncode == 1 and "it is on host a, which no --host of the last `homeostat up` named" in console.stderr


def test_down_says_what_stays_and_fails(homeostat: Homeostat) -> None:
    wait = ["wait", "vm", "--all", "--for=condition=Ready", "--timeout=20s"]
    with homeostat.up(*homeostat.hosts):
        wait_until(lambda: homeostat.run(*wait).returncode == 0, 30, "all are ready")
    with homeostat.up(*homeostat.hosts[:2]):
        wait_until(lambda: "OperatorGone" in homeostat.run("get", "vm", "on-b", "-o", "yaml").stdout, 30, "b is not served")
    done = homeostat.run("down", "--yes")
    assert done.returncode == 1, done
    assert "Removed what could be." in done.stdout and "error: 1 machine stayed" in done.stderr
    assert "vm/on-b: it is on host b, which the last `up` did not name" in done.stderr and "on-a" not in done.stderr

    for path in (homeostat.state / "hosts.json", *homeostat.state.glob("index.sqlite*")):
        path.unlink()
    done = homeostat.run("up", str(homeostat.folder), "--no-api", "--connect", homeostat.uris["a"])
    assert done.returncode == 1 and "name all of these with --host" in done.stderr, done

    mark = homeostat.state / "machines/default/on-b/created"
    with homeostat.up(*homeostat.hosts):  # its domain went with the hypervisor, which lives in the operator: nobody can know
        told = f"if its domain is gone for good, remove {mark}"
        wait_until(lambda: told in homeostat.run("get", "vm", "on-b", "-o", "yaml").stdout.replace("\n", ""), 30, "it waits")
        mark.unlink()
        wait_until(lambda: homeostat.run(*wait).returncode == 0, 30, "all are ready")
    done = homeostat.run("down", "--yes")
    assert done.returncode == 0 and "Removed. The YAML" in done.stdout, done


def test_what_does_not_go_together(homeostat: Homeostat) -> None:
    folder, (_, a, _, b) = str(homeostat.folder), homeostat.hosts

    def refused(*words: str) -> str:
        done = homeostat.run(*words)
        assert done.returncode == 1, done
        return done.stderr

    assert "--host and --connect do not go together" in refused("up", folder, "--host", a, "--connect", "test:///default")
    assert "--host a is not NAME=URI" in refused("up", folder, "--host", "a")
    assert "--host a is given twice" in refused("plan", folder, "--host", a, "--host", "a=test:///default")
    assert "hosts a and c are the same libvirt" in refused("up", folder, "--host", a, "--host", f"c={homeostat.uris['a']}")
    assert "A is no name of a host" in refused("up", folder, "--host", "A=test:///default")
    assert "write them into Host documents" in refused("up", folder, "--host", a, "--host", b, "--host-label", "x=y")

    # One host is served: its documents are not taken.
    done = homeostat.run("plan", folder, "--connect", homeostat.uris["a"])
    assert done.returncode == 1 and "--host NAME=URI" in done.stderr

    with homeostat.up(*homeostat.hosts):
        wait_until(lambda: "True" in homeostat.run("get", "hosts").stdout, 30, "a host is ready")
    swapped = ["--host", f"a={homeostat.uris['b']}", "--host", f"b={homeostat.uris['a']}"]
    said = refused("plan", folder, *swapped)
    assert said == refused("up", folder, "--no-api", *swapped) and "was test:///" in said, said
    said = refused("up", folder, "--connect", "test:///default")
    assert "the machines of this state are on hosts a, b" in said and "homeostat down" in said
