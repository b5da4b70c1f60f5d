"""A nic on the bridge of its network alone counts as one that is not plugged in; one on any other bridge is what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import libvirt
import pytest

from homeostat.driver.domains.bridged import WHY, of_its_network
from homeostat.driver.host import LibvirtHost
from homeostat.planner.domain import NicConfig
from tests.libvirt.hosts import machine

DEFINED = NicConfig("lan", "network", "default", "52:54:00:00:00:01", "virtio")


@pytest.fixture
async def host() -> AsyncIterator[LibvirtHost]:
    async with LibvirtHost("test:///default") as host:
        yield host


@pytest.mark.parametrize(
    ("defined", "source", "told"),
    [
        (DEFINED, "its own", {"lan": WHY}),
        (DEFINED, "another", {}),
        (replace(DEFINED, source="gone"), "its own", {}),
        (replace(DEFINED, kind="bridge"), "its own", {}),
        (replace(DEFINED, name="other"), "its own", {}),
    ],
)
async def test_it_is_the_bridge_of_the_network_that_is_defined(
    host: LibvirtHost, defined: NicConfig, source: str, told: dict[str, str]
) -> None:
    other = libvirt.open("test:///default")
    bridge = other.networkLookupByName("default").bridgeName() if source == "its own" else "br-other"
    other.close()
    config, runs = replace(machine(), nics=(defined,)), replace(DEFINED, kind="bridge", source=bridge)
    live = replace(config, nics=(runs,))
    found, why = of_its_network(host._connection, config, live)
    assert why == told
    assert found.nics == ((defined,) if told else (runs,))
