"""kill -9 of the operator before and after every step of making, changing, restarting and removing a Network: the next one ends
in the same state."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.homeostat import SOON, Homeostat
from tests.e2e.steps import boundaries
from tests.rig.network import free_subnet

MADE = ("DefineNetwork", "SetNetworkAutostart", "StartNetwork")
CHANGED = ("DefineNetwork", "UpdateNetwork", "UpdateNetwork")
RESTARTED = ("DestroyNetwork", "DefineNetwork", "StartNetwork")
REMOVED = ("DestroyNetwork", "UndefineNetwork", "ReleaseNetwork")


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
        """Its definition, what is up, and how it starts; without the MAC of its bridge, which libvirt chooses."""
        virsh = self.town.rig.virsh
        if not self.there():
            return ""
        texts = [virsh("net-dumpxml", "subject", *flags) for flags in (("--inactive",), ())]
        return re.sub(r"\s*<mac address='[^']*'/>", "", "".join(texts) + virsh("net-info", "subject"))

    def until(self, wanted: str, what: str) -> None:
        self.town.wait_for(lambda: self.state() == wanted, what, SOON)


def killed(subject: Subject, fault: str) -> None:
    """An operator that is killed at that step, and another one after it."""
    subject.town.start(prefix=("env", f"HOMEOSTAT_FAULT={fault}"))
    subject.town.wait_killed()
    subject.town.start()


@pytest.fixture
def subject(town: Homeostat) -> Subject:
    town.write("rest", {"runStrategy": "Halted"})  # a folder that holds nothing at all is held
    return Subject(town)


def reach(subject: Subject, *leases: int, **spec: Any) -> str:
    """The state of a Network that nobody killed an operator over."""
    subject.write(*leases, **spec)
    town = subject.town
    town.start()
    mtu, ips = spec.get("mtu"), [str(subject.subnet[host]) for host in leases]
    town.wait_for(
        lambda: all(subject.state().count(ip) == 2 for ip in ips) and (not mtu or subject.state().count(f"'{mtu}'") == 2)
        and "Autostart:      yes" in subject.state() and "Active:         yes" in subject.state(),
        "it is up",
        SOON,
    )  # fmt: skip
    town.stop()
    return subject.state()


def remove(subject: Subject, fault: str = "") -> None:
    subject.path.unlink()
    if fault:
        killed(subject, fault)
    else:
        subject.town.start()
    subject.town.wait_for(
        lambda: not subject.there() and "subject" not in subject.town.run("get", "networks").stdout, "it is gone", SOON
    )
    subject.town.stop()


def test_it_is_made(subject: Subject) -> None:
    unhurt = reach(subject, 10)
    remove(subject)
    for fault in boundaries(MADE):
        subject.write(10)
        killed(subject, fault)
        subject.until(unhurt, fault)
        subject.town.stop()
        remove(subject)


def test_it_is_changed_while_it_is_up(subject: Subject) -> None:
    after, before = reach(subject, 11, 12), reach(subject, 10)
    for fault in boundaries(CHANGED):
        subject.write(11, 12)
        killed(subject, fault)
        subject.until(after, fault)
        subject.town.stop()
        assert reach(subject, 10) == before


def test_it_is_restarted(subject: Subject) -> None:
    after, before = reach(subject, 10, mtu=1400), reach(subject, 10)
    for fault in boundaries(RESTARTED):
        subject.write(10, mtu=1400)
        killed(subject, fault)
        subject.until(after, fault)
        subject.town.stop()
        assert reach(subject, 10) == before


def test_it_is_removed(subject: Subject) -> None:
    unhurt = reach(subject, 10)
    for fault in boundaries(REMOVED):
        assert reach(subject, 10) == unhurt
        remove(subject, fault)
