"""kill -9 of the operator between the steps of making, changing, restarting and removing a Network: the next one ends in the same
state. Every step is tried on plain values in tests/unit/planner/network; these are those where libvirt has something half-way."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.homeostat import SOON, Homeostat
from tests.rig.network import free_subnet


class Subject:
    """One Network, and what libvirt has of it."""

    def __init__(self, town: Homeostat) -> None:
        self.town = town
        self.subnet = free_subnet(zlib.crc32(str(town.folder).encode()) + 31)

    def write(self, *leases: int, **spec: Any) -> None:
        listed = [{"mac": f"52:54:00:00:01:{host:02x}", "ip": str(self.subnet[host])} for host in leases]
        addresses = [{"cidr": f"{self.subnet[1]}/24", "dhcp": {"leases": listed}}]
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Network", "metadata": {"name": "subject"}}
        aside = self.town.folder / ".subject.tmp"
        aside.write_text(yaml.safe_dump({**document, "spec": {"addresses": addresses, **spec}}))
        aside.replace(self.path)

    @property
    def path(self) -> Path:
        return self.town.path("subject")

    def there(self) -> bool:
        return "subject" in self.town.rig.virsh("net-list", "--all", "--name").split()

    def state(self) -> str:
        """Its definition, what is up, and how it starts."""
        virsh = self.town.rig.virsh
        if not self.there():
            return ""
        texts = [virsh("net-dumpxml", "subject", *flags, check=False) for flags in (("--inactive",), ())]
        return "".join(texts) + virsh("net-info", "subject", check=False)

    def until_up(self, *leases: int, mtu: int = 0) -> None:
        wanted = [f"'{self.subnet[host]}'" for host in leases] + ([f"'{mtu}'"] if mtu else [])
        self.town.wait_for(lambda: self._is_up(wanted), f"it is up with {wanted}", SOON)

    def _is_up(self, wanted: list[str]) -> bool:
        state = self.state()
        started = "Autostart:      yes" in state and "Active:         yes" in state
        return started and all(state.count(one) == 2 for one in wanted)  # in its definition, and in what is up


def killed(subject: Subject, fault: str) -> None:
    """An operator that is killed at that step, and another one after it."""
    subject.town.start(prefix=("env", f"HOMEOSTAT_FAULT={fault}"))
    subject.town.wait_killed()
    subject.town.start()


@pytest.fixture
def subject(town: Homeostat) -> Iterator[Subject]:
    town.write("rest", {"runStrategy": "Halted"})  # a folder that holds nothing at all is held
    yield Subject(town)
    with contextlib.suppress(AssertionError):  # it does not run any more
        town.kill9()  # else it would bring the network up again
    town.rig.virsh("net-destroy", "subject", check=False)  # the rig outlives this town
    town.rig.virsh("net-undefine", "subject", check=False)


def reach(subject: Subject, *leases: int) -> None:
    subject.write(*leases)
    subject.town.start()
    subject.until_up(*leases)
    subject.town.stop()


@pytest.mark.parametrize("fault", ["after:DefineNetwork:1", "before:StartNetwork:1"])
def test_it_is_made(subject: Subject, fault: str) -> None:
    subject.write(10)
    killed(subject, fault)
    subject.until_up(10)


@pytest.mark.parametrize("fault", ["after:DefineNetwork:1", "after:UpdateNetwork:1"])
def test_it_is_changed_while_it_is_up(subject: Subject, fault: str) -> None:
    reach(subject, 10)
    subject.write(11, 12)
    killed(subject, fault)
    subject.until_up(11, 12)
    assert f"'{subject.subnet[10]}'" not in subject.state()


@pytest.mark.parametrize("fault", ["after:DestroyNetwork:1", "before:StartNetwork:1"])
def test_it_is_restarted(subject: Subject, fault: str) -> None:
    reach(subject, 10)
    subject.write(10, mtu=1400)
    killed(subject, fault)
    subject.until_up(10, mtu=1400)


@pytest.mark.parametrize("fault", ["after:DestroyNetwork:1", "after:UndefineNetwork:1", "before:ReleaseNetwork:1"])
def test_it_is_removed(subject: Subject, fault: str) -> None:
    reach(subject, 10)
    subject.path.unlink()
    killed(subject, fault)
    town = subject.town
    town.wait_for(lambda: not subject.there() and "subject" not in town.run("get", "networks").stdout, "it is gone", SOON)
