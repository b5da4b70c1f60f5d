"""A sound card and a watchdog of ours go with the spec; those that others added stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import (
    FilesystemConfig,
    HostDeviceConfig,
    RngConfig,
    ScsiConfig,
    SharedMemoryConfig,
    SmbiosConfig,
    TpmConfig,
    VsockConfig,
    WatchdogConfig,
)
from tests.unit.configs import PLAIN

OURS = replace(PLAIN, sound="ac97", watchdog=WatchdogConfig("ib700", "poweroff"))


@pytest.mark.parametrize("tag", ["sound", "watchdog"])
def test_ours_goes_with_the_spec_and_that_of_others_stays(tag: str) -> None:
    theirs = build_domain(OURS).replace("</devices>", f"<{tag} model='es1370'/></devices>")
    assert parse_domain(theirs) == OURS
    both, none = (etree.fromstring(build_domain(config, theirs)) for config in (OURS, PLAIN))
    assert sorted(device.get("model", "") for device in both.iterfind(f"devices/{tag}"))[1:] == (
        ["es1370"] if tag == "sound" else ["ib700"]
    )
    assert [device.get("model") for device in none.iterfind(f"devices/{tag}")] == ["es1370"]
    assert parse_domain(etree.tostring(none, encoding="unicode")) == PLAIN


def test_hda_is_the_chip_of_its_chipset() -> None:
    for machine, chip in (("q35", "ich9"), ("pc-q35-7.2", "ich9"), ("pc", "ich6")):
        config = replace(PLAIN, machine=machine, sound="hda")
        assert f'<sound model="{chip}">' in build_domain(config) and parse_domain(build_domain(config)).sound == "hda"


def test_a_source_of_random_numbers_that_others_added_stays_and_ours_goes() -> None:
    theirs = "<rng model='virtio'><rate bytes='1'/><backend model='random'>/dev/hwrng</backend></rng>"
    before = build_domain(replace(PLAIN, rng=RngConfig(rate=1024))).replace("</devices>", f"{theirs}</devices>")
    assert parse_domain(before).rng == RngConfig(rate=1024)
    for wanted in (None, RngConfig(rate=9), RngConfig(enabled=False)):
        again = build_domain(replace(PLAIN, rng=wanted), before)
        assert again.count("/dev/hwrng") == 1 and again.count("/dev/urandom") == (wanted is None or wanted.enabled)
        assert parse_domain(again).rng == wanted


def test_a_rate_is_of_one_second() -> None:
    text = build_domain(replace(PLAIN, rng=RngConfig(rate=1024))).replace('period="1000"', 'period="500"')
    assert parse_domain(text).rng == RngConfig(rate=2048)


def test_a_tpm_that_others_added_stays_unless_the_spec_has_one() -> None:
    theirs = "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"
    before = build_domain(PLAIN).replace("</devices>", f"{theirs}</devices>")
    assert parse_domain(before).tpm is None and "/dev/tpm0" in build_domain(PLAIN, before)
    ours = build_domain(replace(PLAIN, tpm=TpmConfig("tpm-crb", "2.0")), before)  # a machine has one at most
    assert ours.count("<tpm ") == 1 and "emulator" in ours
    assert "<tpm" not in build_domain(PLAIN, ours)


def test_what_the_guest_reads_of_its_mainboard_is_the_specs_alone() -> None:
    before = build_domain(replace(PLAIN, smbios=SmbiosConfig(serial="S-1")))
    assert "sysinfo" not in build_domain(PLAIN, before)
    other = before.replace("</devices>", "</devices><sysinfo type='fwcfg'><entry name='opt/x'>y</entry></sysinfo>")
    assert "opt/x" in build_domain(PLAIN, other)


def test_what_others_said_of_a_nics_driver_stays_beside_its_name_and_queues() -> None:
    nic = replace(PLAIN.nics[0], queues=2)
    before = build_domain(replace(PLAIN, nics=(nic,))).replace("<driver queues=", "<driver rx_queue_size='512' queues=")
    for queues in (None, 4):
        wanted = replace(PLAIN, nics=(replace(nic, queues=queues),))
        again = build_domain(wanted, before)
        assert "rx_queue_size" in again and parse_domain(again) == wanted
    assert "<driver q" not in build_domain(PLAIN, build_domain(replace(PLAIN, nics=(nic,))))


def test_ours_of_the_host_go_with_the_spec_and_those_of_others_stay() -> None:
    ours = replace(
        PLAIN,
        shared_memory=(SharedMemoryConfig("agent", 2**22),),
        filesystems=(FilesystemConfig("share", "/srv/share"),),
        host_devices=(HostDeviceConfig("key", "usb", "1.4"),),
        vsock=VsockConfig(7),
    )
    theirs = (
        "<hostdev mode='subsystem' type='usb'><source><address bus='2' device='2'/></source></hostdev><hostdev mode='subsystem' "
        "type='usb'><source><address bus='2' device='3'/></source></hostdev><shmem name='x'/><filesystem type='mount'/>"
    )
    before = build_domain(ours).replace("</devices>", f"{theirs}</devices>")
    assert parse_domain(before) == ours and parse_domain(build_domain(ours, before)) == ours
    none = etree.fromstring(build_domain(PLAIN, before))
    assert parse_domain(etree.tostring(none, encoding="unicode")) == PLAIN
    tags = [device.tag for device in none.iterfind("devices/*") if device.tag in ("hostdev", "shmem", "filesystem", "vsock")]
    assert sorted(tags) == ["filesystem", "hostdev", "hostdev", "shmem"] and none.find("memoryBacking") is None


def test_a_memory_backing_that_others_chose_stays() -> None:
    before = build_domain(PLAIN).replace("<devices>", "<memoryBacking><hugepages/></memoryBacking><devices>")
    assert "hugepages" in build_domain(PLAIN, before)


def test_what_libvirt_adds_to_a_usb_device_that_runs_is_no_difference() -> None:
    config = replace(PLAIN, host_devices=(HostDeviceConfig("key", "usb", "046d:c31c"),))
    live = build_domain(config).replace(
        '</source><alias name="ua-host', "<address bus='1' device='4'/></source><alias name=\"ua-host"
    )
    assert "device='4'" in live and parse_domain(live) == config


def test_a_free_cid_that_libvirt_chose_is_no_difference() -> None:
    config = replace(PLAIN, vsock=VsockConfig(None))
    assert parse_domain(build_domain(config).replace('auto="yes"', 'auto="yes" address="3"')) == config


def test_cards_of_the_old_bus_need_one_port_together() -> None:
    root = lambda config: build_domain(replace(config, spare_pci_ports=1)).count("pcie-root-port")  # noqa: E731
    plain = root(PLAIN)
    for more in ({"sound": "ac97"}, {"shared_memory": (SharedMemoryConfig("a", 2**20),)}, {"scsi": ScsiConfig("lsilogic")}):
        assert root(replace(PLAIN, **more)) == plain + 1  # type: ignore[arg-type]
    assert root(replace(PLAIN, sound="ac97", watchdog=WatchdogConfig("i6300esb", "reset"))) == plain + 1
    assert root(replace(PLAIN, sound="hda", watchdog=WatchdogConfig("ib700", "reset"))) == plain
