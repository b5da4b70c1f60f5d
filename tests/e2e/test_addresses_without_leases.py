"""On a network without DHCP addresses come from the guest's agent, IPv4 and IPv6, or from the host's ARP table; the status says
which, and probes go there."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, Spec, guest
from tests.rig.guest import BOOT_TIMEOUT
from tests.rig.network import bridge_name, free_subnet

NETWORK = """<network>
  <name>still</name><bridge name='{bridge}' stp='off' delay='0'/>
  <ip address='{gateway}' netmask='255.255.255.0'/><ip family='ipv6' address='{prefix}::1' prefix='64'/>
</network>
"""
READY = {"readiness": {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 3}}


class Still:
    """The network: a bridge of the host with addresses of its own, and nobody who leases any."""

    def __init__(self, town: Homeostat) -> None:
        seed = zlib.crc32(str(town.root).encode())
        self.subnet: ipaddress.IPv4Network = free_subnet(seed)
        self.prefix = f"fd{seed >> 24:02x}:{seed >> 8 & 0xFFFF:x}:{seed & 0xFF:x}"
        xml = NETWORK.format(bridge=bridge_name(town.root), gateway=self.subnet[1], prefix=self.prefix)
        (town.root / "still.xml").write_text(xml)
        town.virsh("net-create", str(town.root / "still.xml"))

    def script(self, *commands: str) -> Spec:
        """What the guest does each second: its DHCP client, which waits in vain, takes addresses away whenever it begins."""
        again = ("while :; do", *(f"  {command} >/dev/null 2>&1" for command in commands), "  sleep 1", "done &")
        return {"userData": "\n".join(("#!/bin/sh", "killall udhcpc", *again, ""))}


@pytest.fixture
def still(town: Homeostat) -> Iterator[Still]:
    made = Still(town)
    yield made
    town.virsh("net-destroy", "still")


def test_by_the_agent_and_by_arp(town: Homeostat, still: Still) -> None:
    assert town.image is not None
    told, quiet, ipv6 = str(still.subnet[10]), str(still.subnet[11]), f"{still.prefix}::10"
    both = still.script(f"ip addr add {told}/24 dev eth0", f"ip -6 addr add {ipv6}/64 dev eth0")
    heard = still.script(f"ip addr add {quiet}/24 dev eth0", f"ping -c 1 {still.subnet[1]}")
    nics = [{"name": "lan", "network": "still"}]
    town.write("told", guest(town.image, nics=nics, cloudInit=both, probes=READY))
    town.write("quiet", guest(town.image, nics=nics, cloudInit=heard, probes=READY, guestAgent={"enabled": False}))
    town.start()
    town.wait_ready("told", "quiet", timeout=BOOT_TIMEOUT)
    # libvirt's router advertisements may have brought it another one.
    assert {(a.ip, a.source) for a in town.status("told").addresses} >= {(told, "Agent"), (ipv6, "Agent")}
    assert [(a.ip, a.source) for a in town.status("quiet").addresses] == [(quiet, "Arp")]

    assert town.stop() == 0
    for name in ("told", "quiet"):
        town.edit(name, lambda spec: spec.update(shutdown={"gracePeriodSeconds": 7}))
    town.start()
    for name in ("told", "quiet"):
        town.wait_for(lambda name=name: looked_at(town, name), f"{name} is looked at by the next operator")  # type: ignore[misc]


def looked_at(town: Homeostat, name: str) -> bool:
    """By an operator that knows the present spec. Its address is not lost on the way (BR-06)."""
    status = town.status(name)
    if not status.addresses:
        pytest.fail(f"{name} has no address: {status}")
    return status.observed_generation == 2
