"""What libvirt says of a host's devices, as libvirt's documentation has it (formatnode)."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.domains.shared_memory import forget
from homeostat.driver.survey.devices import passed_device
from homeostat.driver.survey.survey import local_cpu_features, local_links, local_routes, local_taps
from homeostat.driver.xml import parse_xml
from homeostat.planner.observed import PassedDevice

PCI = """<device><name>pci_0000_0a_10_1</name><driver><name>ixgbe</name></driver><capability type='pci'><class>0x020000</class>
<domain>0</domain><bus>10</bus><slot>16</slot><function>1</function><product id='0x10fb'>82599ES</product>
<vendor id='0x8086'>Intel</vendor><capability type='virt_functions' maxCount='63'/></capability></device>"""
USB = """<device><name>usb_1_4</name><capability type='usb_device'><bus>1</bus><device>14</device>
<product id='0xc31c'>Keyboard</product><vendor id='0x046d'>Logitech</vendor></capability></device>"""
MDEV = """<device><name>mdev_1</name><capability type='mdev'><type id='nvidia-11'/>
<uuid>4b20d080-1b54-4048-85b3-a6a62d165c01</uuid><iommuGroup number='12'/></capability></device>"""


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (PCI, PassedDevice("pci", "0000:0a:10.1", "8086:10fb", "ixgbe")),
        (PCI.replace("<driver><name>ixgbe</name></driver>", ""), PassedDevice("pci", "0000:0a:10.1", "8086:10fb")),
        (USB, PassedDevice("usb", "1.14", "046d:c31c")),
        (MDEV, PassedDevice("mdev", "4b20d080-1b54-4048-85b3-a6a62d165c01", "nvidia-11")),
        ("<device><capability type='net'/></device>", None),
        ("<device/>", None),
    ],
)
def test_a_device_is_read(text: str, device: PassedDevice | None) -> None:
    assert passed_device(parse_xml(text)) == device


def test_memory_of_a_domain_that_is_gone_is_removed_and_no_other(tmp_path: Path) -> None:
    uuid = "11111111-2222-4333-8444-555555555555"
    for name in (f"homeostat-{uuid}-agent", f"homeostat-{uuid}-b", f"homeostat-{uuid[:-1]}6-agent", "other"):
        (tmp_path / name).touch()
    forget(uuid, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"homeostat-{uuid[:-1]}6-agent", "other"]
    forget(uuid, tmp_path / "none")


def test_taps_but_those_of_libvirts_names(tmp_path: Path) -> None:
    for name, file in (("tap0", "tun_flags"), ("vnet3", "tun_flags"), ("vnets", "tun_flags"), ("eth0", "mtu")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    assert local_taps(tmp_path) == {"tap0", "vnets"}


def test_devices_of_the_host_but_those_of_guests(tmp_path: Path) -> None:
    for name in ("lo", "eth0", "virbr0", "vnet3", "veth1a2b", "macvtap0"):
        (tmp_path / name).mkdir()
    assert local_links(tmp_path) == {"lo", "eth0", "virbr0"}
    assert local_links(tmp_path / "none") == frozenset()


def test_subnets_of_devices_are_read_from_the_kernels_routes(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "virbr0\t007AA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "tun0\t0000080A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert local_routes(table) == {"192.0.2.0/24": "eth0", "192.168.122.0/24": "virbr0", "10.8.0.0/16": "tun0"}
    assert local_routes(tmp_path / "none") == {}


def test_cpu_features_are_those_of_libvirts_map(tmp_path: Path) -> None:
    file = tmp_path / "x86_features.xml"
    assert local_cpu_features(file) == frozenset()
    file.write_text(
        "<cpus><!-- all --><feature name='avx2'/><feature name='pni'><alias name='sse3' source='qemu'/></feature></cpus>"
    )
    assert local_cpu_features(file) == {"avx2", "pni", "sse3"}
    file.write_text("<cpus><feature name='avx2'/>")
    assert local_cpu_features(file) == frozenset()
