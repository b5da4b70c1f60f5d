"""SCSI controllers: one for every seven disks, all of the spec's model; and the threads that serve them and other disks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import DiskConfig, DomainConfig, ScsiConfig
from tests.unit.configs import PLAIN


def disk(target: str, bus: str = "scsi", **more: Any) -> DiskConfig:
    return DiskConfig(target, "disk", f"/srv/{target}", "raw", bus, target, **more)


def root_of(config: DomainConfig, observed: str | None = None) -> Any:
    return etree.fromstring(build_domain(config, observed))


@pytest.mark.parametrize(
    ("target", "count"), [("sda", 1), ("sdg", 1), ("sdh", 2), ("sdn", 2), ("sdo", 3), ("sdaa", 4), ("sdab", 4), ("sdac", 5)]
)
def test_there_is_a_controller_wherever_libvirt_puts_a_disk(target: str, count: int) -> None:
    config = replace(PLAIN, disks=(disk(target),), scsi=ScsiConfig("lsilogic"))
    found = [dict(c.attrib) for c in root_of(config).iterfind("devices/controller[@type='scsi']")]
    assert found == [{"type": "scsi", "index": str(number), "model": "lsilogic"} for number in range(count)]


def test_one_that_the_spec_asks_for_is_there_without_a_disk() -> None:
    config = replace(PLAIN, scsi=ScsiConfig())
    assert len(root_of(config).findall("devices/controller[@type='scsi']")) == 1
    assert parse_domain(build_domain(config)) == config


def test_the_controllers_share_a_thread_and_each_other_disk_has_its_own() -> None:
    disks = (disk("vda", "virtio", io_thread=True), disk("vdb", "virtio"), disk("sda"), disk("vdc", "virtio", io_thread=True))
    root = root_of(replace(PLAIN, disks=disks, scsi=ScsiConfig(io_thread=True)))
    assert root.findtext("iothreads") == "3"
    assert [driver.get("iothread") for driver in root.iterfind("devices/disk/driver")] == ["2", None, None, "3"]
    assert root.find("devices/controller[@type='scsi']/driver").get("iothread") == "1"


def test_redefined_a_controller_keeps_its_address_and_takes_the_threads_and_queues_of_the_spec() -> None:
    before = root_of(replace(PLAIN, disks=(disk("sda"),), scsi=ScsiConfig(io_thread=True, queues=2)))
    etree.SubElement(before.find("devices/controller[@type='scsi']"), "address", type="pci", bus="0x07")
    for wanted in (ScsiConfig(io_thread=True, queues=4), ScsiConfig(queues=1), ScsiConfig()):
        config = replace(PLAIN, disks=(disk("sda"), disk("sdh")), scsi=wanted)
        again = root_of(config, etree.tostring(before, encoding="unicode"))
        first, second = again.findall("devices/controller[@type='scsi']")
        assert first.find("address").get("bus") == "0x07" and second.find("address") is None
        assert [parse_domain(etree.tostring(again, encoding="unicode")).scsi] == [None if wanted == ScsiConfig() else wanted]
        assert again.findtext("iothreads") == ("1" if wanted.io_thread else None)


def test_another_model_brings_another_controller() -> None:
    before = build_domain(replace(PLAIN, disks=(disk("sda"),), scsi=ScsiConfig(io_thread=True)))
    again = root_of(replace(PLAIN, disks=(disk("sda"),), scsi=ScsiConfig("lsilogic")), before)
    assert [c.get("model") for c in again.iterfind("devices/controller[@type='scsi']")] == ["lsilogic"]


def test_threads_of_devices_that_others_added_stay() -> None:
    before = build_domain(replace(PLAIN, disks=(disk("vda", "virtio", io_thread=True),)))
    theirs = before.replace("</devices>", "<controller type='sas' model='x'><driver iothread='3'/></controller></devices>")
    assert root_of(replace(PLAIN, disks=(disk("vda", "virtio"),)), theirs).findtext("iothreads") == "3"
