"""Redefining keeps what the spec does not own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import DiskConfig, DomainConfig, NicConfig
from tests.unit.configs import FORWARDED, FULL, PLAIN


def observed(config: DomainConfig) -> etree._Element:
    """As libvirt has it after defining: with a machine version, and addresses."""
    root = etree.fromstring(build_domain(config))
    kind = root.find("os/type")
    assert kind is not None
    kind.set("machine", "pc-q35-7.2")
    for number, device in enumerate(root.iterfind("devices/*")):
        if device.tag in ("disk", "interface", "video", "memballoon", "rng"):
            etree.SubElement(device, "address", type="pci", bus=f"0x{number:02x}")
    return root


def redefine(config: DomainConfig, root: etree._Element) -> etree._Element:
    return etree.fromstring(build_domain(config, etree.tostring(root, encoding="unicode")))


def test_the_machine_version_stays() -> None:
    assert redefine(PLAIN, observed(PLAIN)).find("os/type").get("machine") == "pc-q35-7.2"  # type: ignore[union-attr]


def test_a_pinned_version_wins() -> None:
    again = redefine(replace(PLAIN, machine="pc-q35-6.2"), observed(PLAIN))
    assert again.find("os/type").get("machine") == "pc-q35-6.2"  # type: ignore[union-attr]


def test_devices_keep_their_addresses() -> None:
    before = observed(PLAIN)
    again = redefine(replace(PLAIN, memory=2**30), before)
    for path in ("disk", "interface", "video", "memballoon", "rng"):
        old, new = before.find(f"devices/{path}/address"), again.find(f"devices/{path}/address")
        assert old is not None and new is not None and dict(old.attrib) == dict(new.attrib), path


def test_another_chipset_takes_no_address_along() -> None:
    again = redefine(replace(PLAIN, machine="pc"), observed(PLAIN))
    assert again.find(".//address") is None


def test_a_disk_that_is_not_wanted_goes_and_the_others_stay() -> None:
    extra = DiskConfig("extra", "disk", "/srv/extra.qcow2", "qcow2", "virtio", "vdb")
    again = redefine(PLAIN, observed(replace(PLAIN, disks=(*PLAIN.disks, extra))))
    assert parse_domain(etree.tostring(again, encoding="unicode")).disks == PLAIN.disks


def test_a_nic_that_is_not_wanted_goes() -> None:
    other = NicConfig("other", "bridge", "br0", "52:54:00:99:99:99", "virtio")
    again = redefine(PLAIN, observed(replace(PLAIN, nics=(*PLAIN.nics, other))))
    assert parse_domain(etree.tostring(again, encoding="unicode")).nics == PLAIN.nics


def test_what_others_added_stays() -> None:
    before = observed(PLAIN)
    devices = before.find("devices")
    assert devices is not None
    before.append(etree.fromstring("<cputune><shares>2048</shares></cputune>"))
    devices.append(etree.fromstring("<hostdev mode='subsystem' type='usb'/>"))
    devices.append(etree.fromstring("<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"))
    before.find("features").append(etree.Element("pae"))  # type: ignore[union-attr]
    before.find("metadata").append(etree.fromstring("<x:note xmlns:x='urn:other'>hi</x:note>"))  # type: ignore[union-attr]
    before.find("devices/disk").append(etree.fromstring("<iotune><total_iops_sec>9</total_iops_sec></iotune>"))  # type: ignore[union-attr]
    again = redefine(PLAIN, before)
    for path in (
        "cputune/shares",
        "devices/hostdev",
        "devices/channel/target[@name='com.redhat.spice.0']",
        "features/pae",
        "metadata/{urn:other}note",
        "devices/disk/iotune",
    ):
        assert len(again.findall(path)) == 1, path
    assert len(again.findall("devices/channel")) == 2


def test_foreign_qemu_arguments_stay_and_ours_are_replaced() -> None:
    before = observed(FORWARDED)
    commandline = before.find("{http://libvirt.org/schemas/domain/qemu/1.0}commandline")
    assert commandline is not None
    for value in ("-fw_cfg", "name=opt/x,string=y"):
        etree.SubElement(commandline, "{http://libvirt.org/schemas/domain/qemu/1.0}arg", value=value)
    again = redefine(PLAIN, before)
    values = [a.get("value") for a in again.iterfind("{*}commandline/{*}arg")]
    assert values == ["-fw_cfg", "name=opt/x,string=y"]


def test_nvram_stays_with_its_firmware() -> None:
    before = observed(FULL)
    os = before.find("os")
    assert os is not None
    etree.SubElement(os, "nvram", template="/usr/share/OVMF/VARS.fd").text = "/nvram/web_VARS.fd"
    kept = redefine(FULL, before).find("os/nvram")
    assert kept is not None and kept.text == "/nvram/web_VARS.fd"
    assert redefine(replace(FULL, secure_boot=False), before).find("os/nvram") is None


def test_free_ports_are_kept_when_a_device_takes_one() -> None:
    config = replace(PLAIN, spare_pci_ports=2)
    extra = DiskConfig("extra", "disk", "/srv/extra.qcow2", "qcow2", "virtio", "vdb")
    again = redefine(replace(config, disks=(*config.disks, extra)), observed(config))
    assert parse_domain(etree.tostring(again, encoding="unicode")).spare_pci_ports == 2


def test_another_uuid_is_another_machine() -> None:
    other = replace(PLAIN, uuid="11111111-2222-5333-8444-555555555555")
    with pytest.raises(ValueError, match="it is another machine"):
        build_domain(PLAIN, build_domain(other))
