"""The host's ARP table, where libvirt cannot read it."""

from __future__ import annotations

from pathlib import Path

from homeostat.driver.addresses import local_arp

TABLE = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.10     0x1         0x2         52:54:00:00:00:01     *        virbr0
192.168.1.11     0x1         0x0         52:54:00:00:00:02     *        virbr0
192.168.1.12     0x1         0x6         52:54:00:00:00:02     *        virbr0
192.168.1.13     0x1         0x2         52:54:00:00:00:03     *        eth0
"""


def test_complete_entries_of_those_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(TABLE)
    macs = {"52:54:00:00:00:01", "52:54:00:00:00:02"}
    assert local_arp(macs, table) == [("52:54:00:00:00:01", "192.168.1.10"), ("52:54:00:00:00:02", "192.168.1.12")]
