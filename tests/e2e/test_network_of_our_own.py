"""Guests on a Network of their own: each gets its lease, a lease that is added reaches a guest without a restart of the network,
and what cannot be changed live waits until nobody is plugged in."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.network import Network
from tests.e2e.homeostat import SOON, Homeostat, guest, idle
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.network import free_subnet
from tests.rig.waiting import wait_until

MAC = {"db": "52:54:00:5e:00:01", "app": "52:54:00:5e:00:02"}


class Lan:
    """One Network in a file, and machines on it."""

    def __init__(self, town: Homeostat) -> None:
        self.town = town
        self.subnet = free_subnet(zlib.crc32(str(town.folder).encode()) + 7)
        self.leases: dict[str, int] = {}

    def write(self, **spec: Any) -> None:
        leases = [{"mac": MAC[name], "ip": self.ip(host), "hostname": name} for name, host in self.leases.items()]
        dhcp = {"start": self.ip(100), "end": self.ip(200), "leases": leases}
        document = {
            "apiVersion": "homeostat.dev/v1alpha1", "kind": "Network", "metadata": {"name": "lab"},
            "spec": {"addresses": [{"cidr": f"{self.ip(1)}/24", "dhcp": dhcp}], **spec},
        }  # fmt: skip
        self.town.path("lab").write_text(yaml.safe_dump(document))

    def ip(self, host: int) -> str:
        return str(self.subnet[host])

    def machine(self, name: str) -> None:
        assert self.town.image is not None
        nics = [{"name": "lan", "networkRef": {"name": "lab"}, "mac": MAC[name]}]
        self.town.write(name, guest(self.town.image, nics=nics))

    def says(self, kind: str) -> str:
        row = self.town.store.index.row(Key("Network", "default", "lab"))
        found = self.town.store.resource(row) if row is not None else None
        assert found is None or isinstance(found, Network)
        condition = find_condition(found.status.conditions, kind) if found and found.status else None
        return f"{condition.status} {condition.message}" if condition else ""

    def serves(self, host: int, what: str) -> None:
        wait_until(lambda: fetch(self.ip(host)), BOOT_TIMEOUT, what)


@pytest.fixture
def lan(town: Homeostat) -> Iterator[Lan]:
    yield Lan(town)
    with contextlib.suppress(AssertionError):  # it does not run any more
        town.kill9()  # else it would bring the network up again
    town.rig.virsh("net-destroy", "lab", check=False)  # the rig outlives this town
    town.rig.virsh("net-undefine", "lab", check=False)


def test_leases_are_given_and_change_under_the_guests(town: Homeostat, lan: Lan) -> None:
    lan.leases = {"db": 10}
    for name in MAC:
        lan.machine(name)
    lan.write()
    town.start()
    lan.serves(10, "db has its lease")
    town.wait_for(lambda: town.wait_address("app") not in ("", lan.ip(11)), "app has an address of the range", BOOT_TIMEOUT)
    bridge = town.rig.virsh("net-info", "lab")
    lan.leases["app"] = 11
    lan.write()
    town.wait_for(lambda: lan.ip(11) in town.rig.virsh("net-dumpxml", "lab"), "the lease is there", SOON)
    assert town.run("restart", "app").returncode == 0
    lan.serves(11, "app has its new lease")
    assert fetch(lan.ip(10))
    assert town.rig.virsh("net-info", "lab") == bridge and "Restarted" not in town.run("describe", "network", "lab").stdout


def test_what_waits_for_guests_is_done_without_them_and_it_goes_after_the_last(town: Homeostat, lan: Lan) -> None:
    town.write("rest", idle(runStrategy="Halted"))  # a folder that holds nothing at all is held
    for name, mac in MAC.items():
        town.write(name, idle(nics=[{"name": "lan", "networkRef": {"name": "lab"}, "mac": mac}]))
    lan.write()
    town.start()
    town.wait_for(lambda: town.rig.virsh("net-dumpxml", "lab", check=False).count("connections='2'"), "both are plugged in", SOON)
    lan.write(mtu=1400)
    town.wait_for(lambda: "mtu" in lan.says("RestartRequired"), "it waits for its guests", SOON)
    assert "app, db" in lan.says("RestartRequired") and "1400" not in town.rig.virsh("net-dumpxml", "lab")
    for name in MAC:
        town.edit(name, lambda spec: spec.update(runStrategy="Halted"))
    town.wait_for(lambda: "1400" in town.rig.virsh("net-dumpxml", "lab"), "it was restarted without them", SOON)

    town.path("lab").unlink()
    town.wait_for(lambda: "vm/app, vm/db" in lan.says("Ready"), "it stays while machines name it", SOON)
    for name in MAC:
        town.remove(name)
    town.wait_for(lambda: "lab" not in town.rig.virsh("net-list", "--all", "--name").split(), "it has gone", SOON)


def test_down_takes_it_off_the_host_after_its_guests_and_leaves_an_adopted_one(town: Homeostat, lan: Lan) -> None:
    adopted = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "Network",
        "metadata": {"name": "shared"},
        "spec": {"adopt": "default"},
    }
    town.path("shared").write_text(yaml.safe_dump(adopted))
    lan.write()
    town.write("db", idle(nics=[{"name": "lan", "networkRef": {"name": "lab"}, "mac": MAC["db"]}]))
    town.start()
    town.wait_ready("db")
    town.stop()
    done = town.run("down", "--yes")
    assert done.returncode == 0, done.stderr
    known = town.rig.virsh("net-list", "--all", "--name").split()
    assert "lab" not in known and "default" in known
    assert town.path("lab").exists() and lan.says("Ready") == ""
    again = town.run("down", "--yes")
    assert again.returncode == 0, again.stderr
    town.start()
    town.wait_ready("db")
    assert "lab" in town.rig.virsh("net-list", "--name").split()
