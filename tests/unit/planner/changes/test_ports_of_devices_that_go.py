"""A nic that is unplugged frees the PCI port that it had, if it had one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.changes.hotplug import unplugged_nic
from tests.unit.planner.changes.test_compare_definitions import BASE, NIC


@pytest.mark.parametrize(("model", "ports"), [("virtio", 3), ("e1000e", 3), ("e1000", 2)])
def test_a_port_is_free_again(model: str, ports: int) -> None:
    live = replace(BASE, nics=(replace(NIC, model=model), replace(NIC, name="other")), spare_pci_ports=2)
    left = unplugged_nic("lan", live)
    assert (left.spare_pci_ports, [nic.name for nic in left.nics]) == (ports, ["other"])
    assert unplugged_nic("none-such", live) == live
