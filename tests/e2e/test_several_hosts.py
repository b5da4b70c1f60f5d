"""`homeostat up --host a=… --host b=…`: two libvirts with real QEMU, one folder, one operator that is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.host import Host
from tests.e2e.disks import disk_file, disk_status, wait_disk, write_disk
from tests.e2e.homeostat import Homeostat, Spec, idle, remove_domain
from tests.rig.libvirtd import Libvirtd
from tests.rig.remote import over_the_network


class Pair(Homeostat):
    """Hosts a and b."""

    def __init__(self, a: Libvirtd, b: Libvirtd) -> None:
        super().__init__(a)
        self.other = b
        self.uris = {"a": self.rig.uri, "b": b.uri}

    def command(self, *words: str) -> list[str]:
        command = super().command(*words)
        at = command.index("--connect")
        return command[:at] + command[at + 2 :]

    def up(self, *hosts: str) -> None:
        """``hosts``: none for those of the last time."""
        self.start("--no-api", *(word for name in hosts for word in ("--host", f"{name}={self.uris[name]}")))

    def lose_index(self) -> None:
        self.forget_reader()
        for path in self.state.glob("index.sqlite*"):
            path.unlink()

    def on(self, host: str) -> dict[str, str]:
        """The domains that libvirt has there, with their states."""
        rig = {"a": self.rig, "b": self.other}[host]
        names = rig.virsh("list", "--all", "--name").split()
        return {name: rig.virsh("domstate", name).strip() for name in names}

    def ready(self, host: str) -> str:
        row = self.store.index.row(Key(Host.KIND, "default", host))
        found = self.store.resource(row) if row else None
        condition = find_condition(found.status.conditions, "Ready") if isinstance(found, Host) and found.status else None
        return condition.status if condition else ""

    def clear(self, name: str) -> None:
        super().clear(name)
        remove_domain(self.other, name)


@pytest.fixture(scope="module")
def other(libvirtd: Libvirtd) -> Iterator[Libvirtd]:
    """A second libvirt on this machine, which sees the same files."""
    with Libvirtd() as rig:
        yield rig


@pytest.fixture
def pair(libvirtd: Libvirtd, other: Libvirtd) -> Iterator[Pair]:
    made = Pair(libvirtd, other)
    yield made
    other.start()
    made.close()


def bound(host: str) -> dict[str, object]:
    """A machine that asks for one host."""
    return idle(hostSelector={"kubernetes.io/hostname": host}, disks=[{"name": "root", "size": "1Mi"}])


def test_two_machines_on_two_hosts(pair: Pair) -> None:
    pair.write("one", bound("a"))
    pair.write("two", bound("b"))
    pair.up("a", "b")
    pair.wait_ready("one", "two")
    assert (pair.on("a"), pair.on("b")) == ({"one": "running"}, {"two": "running"})
    assert [pair.status(name).host for name in ("one", "two")] == ["a", "b"]
    runs = {name: pair.status(name).run for name in ("one", "two")}

    # Killed, and started again without being told where its hosts are.
    pair.kill9()
    pair.up()
    pair.wait_for(lambda: pair.run("wait", "vm", "one", "two", "--for=condition=Ready").returncode == 0, "both are ready")
    planned = pair.run("plan")
    assert planned.returncode == 0 and planned.stdout.strip() == "No changes: 2 as they should be.", planned
    listed = pair.run("get", "hosts")
    assert [line.split()[:3] for line in listed.stdout.splitlines()] == [
        ["NAME", "READY", "MACHINES"],
        ["a", "True", "1"],
        ["b", "True", "1"],
    ]

    # One host is away: its machine is unknown, the other's is looked after, and a new one goes to that.
    pair.other.kill9()
    pair.wait_condition("two", "Ready", "HostUnreachable", status="Unknown")
    pair.wait_for(lambda: pair.ready("b") == "False", "b says that it cannot be reached")
    pair.write("three", idle())
    pair.wait_ready("three")
    assert pair.on("a") == {"one": "running", "three": "running"}

    # The index is lost meanwhile: nothing is placed anew before b was asked.
    pair.kill9()
    pair.lose_index()
    pair.up()
    pair.wait_for(lambda: "it may be on host b" in pair.run("get", "vm", "two", "-o", "wide").stdout, "it says what it waits for")
    assert pair.on("a") == {"one": "running", "three": "running"}
    pair.other.start()
    pair.wait_ready("one", "two", "three")
    assert (pair.on("a"), pair.on("b")) == ({"one": "running", "three": "running"}, {"two": "running"})
    assert {name: pair.status(name).run for name in runs} == runs, "no guest was restarted"

    # Deletion, and down.
    pair.remove("three")
    pair.wait_gone("three")
    assert pair.stop() == 0
    down = pair.run("down", "--yes")
    assert down.returncode == 0, down
    assert (pair.on("a"), pair.on("b")) == ({}, {})


def test_one_of_them_is_elsewhere_and_opens_the_files_by_the_same_path(pair: Pair) -> None:
    with over_the_network(pair.other.socket) as port:
        pair.uris["b"] = f"qemu+tcp://127.0.0.1:{port}/system"
        pair.write("far", bound("b"))
        pair.up("a", "b")
        pair.wait_ready("far")
        assert (pair.on("a"), pair.on("b")) == ({}, {"far": "running"})
        pair.kill9()
        pair.up()
        pair.wait_for(lambda: pair.run("wait", "vm", "far", "--for=condition=Ready").returncode == 0, "it is ready")
        pair.write("near", bound("a"))
        pair.wait_ready("near")
        pair.remove("far")
        pair.wait_gone("far")
        assert (pair.on("a"), pair.on("b")) == ({"near": "running"}, {})
        assert pair.stop() == 0


def test_a_disk_is_on_one_host_and_machines_follow_it(pair: Pair) -> None:
    letters: Spec = {"disks": [{"name": "letters", "diskRef": {"name": "letters"}}]}
    write_disk(pair, "letters", size="1Mi", hostSelector={"kubernetes.io/hostname": "b"})
    pair.write("one", idle(**letters))
    pair.up("a", "b")
    pair.wait_ready("one")
    assert (pair.on("a"), pair.on("b")) == ({}, {"one": "running"})
    assert (disk_status(pair, "letters").host, pair.status("one").run) == ("b", pair.status("one").run)
    run, number = pair.status("one").run, disk_file(pair, "letters").stat().st_ino
    shown = pair.run("get", "disks").stdout.splitlines()
    assert [line.split()[-2] for line in shown] == ["HOST", "b"]

    # A second machine that names it goes to the same host, and does not start; one that must be elsewhere is placed nowhere.
    pair.write("two", idle(**letters))
    pair.wait_condition("two", "Ready", "DiskTaken", status="False")
    pair.write("far", idle(**letters, hostSelector={"kubernetes.io/hostname": "a"}))
    pair.wait_condition("far", "Stalled", "HostSelectorContradicts")
    pair.remove("far")
    pair.wait_gone("far")

    # Its host is away, and the operator is killed and has lost its index: nothing of it is made on the other host.
    pair.other.kill9()
    wait_disk(pair, "letters", status="Unknown", reason="HostUnreachable")
    pair.kill9()
    pair.lose_index()
    pair.up()
    wait_disk(pair, "letters", status="False", reason="HostsNotAsked")
    pair.other.start()
    pair.wait_ready("one")
    wait_disk(pair, "letters")
    assert (pair.on("a"), pair.on("b")["one"]) == ({}, "running")
    assert (pair.status("one").run, disk_file(pair, "letters").stat().st_ino) == (run, number), "neither was made again"

    pair.remove("one")
    pair.wait_gone("one")
    pair.wait_ready("two")
    assert (pair.on("a"), pair.on("b")) == ({}, {"two": "running"})
    assert pair.stop() == 0
    planned = pair.run("plan")
    assert planned.returncode == 0, planned

    # All is taken down, and goes on with the other host alone.
    assert pair.run("down", "--yes").returncode == 0
    write_disk(pair, "letters", size="1Mi")
    pair.up("a")
    pair.wait_ready("two")
    assert (pair.on("a"), pair.on("b")) == ({"two": "running"}, {})
    assert disk_file(pair, "letters").stat().st_ino == number
    assert pair.stop() == 0
