"""A network's definition: as recorded, read back as written, edited without losing what others said, and judged where it is
hostile. After a wanted change: pytest --regenerate-golden, and read the diff."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from homeostat.driver.xml.devices.nics import parse_nic
from homeostat.driver.xml.elements import parse_xml
from homeostat.driver.xml.network import build_network, connections, guest_of, parse_network
from homeostat.driver.xml.network.lease import LEASE_SECONDS, lease_seconds
from homeostat.models.network import Network
from homeostat.planner.network.config import AddressConfig, DnsConfig, NetworkConfig
from homeostat.planner.network.desired import desired_network
from homeostat.planner.network.differences import compare
from tests.unit.network_specs import specs
from tests.unit.network_world import INSTANCE, network

FOLDER = Path(__file__).parents[2] / "golden" / "networks"
FULL = {
    "bridge": "lan0",
    "mtu": 1400,
    "forwardDevice": "eth0",
    "addresses": [
        {
            "cidr": "192.168.100.1/24",
            "dhcp": {
                "start": "192.168.100.100",
                "end": "192.168.100.200",
                "leases": [{"mac": "52:54:00:12:34:56", "ip": "192.168.100.10", "hostname": "web"}],
            },
        },
        {"cidr": "fd00:100::1/64", "dhcp": {"leases": [{"duid": "00:03:00:01:52:54:00:12:34:56", "ip": "fd00:100::10"}]}},
    ],
    "dns": {"domain": "lan.test", "forwarders": ["9.9.9.9"], "hosts": [{"ip": "192.168.100.1", "names": ["gateway", "gw"]}]},
}
GOLDEN: dict[str, Network] = {
    "plain": network(),
    "full": network(**FULL),
    "isolated": network(mode="Isolated", dns={"enabled": False}),
    "routed": network(mode="Routed", addresses=[{"cidr": "10.0.0.1/24"}]),
    "bridge": network(mode="Bridge", bridge="br0", namespace="shop"),
}
# What `virsh net-edit` may say, and no spec of ours does.
THEIRS = """<network ipv6='yes' trustGuestRxFilters='yes' xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>lan</name><uuid>0b7c8c33-43a7-4c0f-9b8e-0f5a1d0a6c57</uuid>
  <metadata><other:thing xmlns:other='https://example.org'/></metadata>
  <forward mode='nat'><nat><port start='1024' end='2000'/></nat></forward>
  <bridge name='virbr7' stp='on' delay='0' zone='trusted'/><mac address='52:54:00:00:00:99'/>
  <domain name='others.test'/>
  <dns><txt name='a' value='b'/><host ip='10.0.0.9'><hostname>nine</hostname></host></dns>
  <bandwidth><inbound average='1000'/></bandwidth>
  <portgroup name='fast' default='yes'/>
  <ip address='192.168.100.1' netmask='255.255.255.0'>
    <tftp root='/srv/tftp'/>
    <dhcp><range start='192.168.100.100' end='192.168.100.200'><lease expiry='2' unit='hours'/></range><bootp file='pxe'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options>
</network>"""


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_definition_is_as_recorded(name: str, request: pytest.FixtureRequest) -> None:
    root = etree.fromstring(build_network(desired_network(GOLDEN[name], INSTANCE)))
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode") + "\n"
    golden = FOLDER / f"{name}.xml"
    if request.config.getoption("--regenerate-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@given(specs(), specs())
def test_it_is_read_back_as_it_was_written_and_edited_to_anything_else(
    first: dict[str, object], second: dict[str, object]
) -> None:
    one, other = (desired_network(network(**spec), INSTANCE) for spec in (first, second))
    text = build_network(one)
    assert compare(parse_network(text), one) == () and parse_network(text).record == one.record
    edited = build_network(other, text)
    assert compare(parse_network(edited), other) == () and build_network(other, edited) == edited


def test_what_others_said_stays() -> None:
    full = desired_network(network(**FULL), INSTANCE)
    root = parse_xml(build_network(full, THEIRS))
    for path in ("metadata/{https://example.org}thing", "bandwidth", "portgroup", "ip/tftp", "ip/dhcp/bootp", "dns/txt", "mac"):
        assert root.find(path) is not None, path
    assert root.get("ipv6") == "yes" and b"no-ping" in etree.tostring(root)
    assert root.find("bridge").attrib == {"name": "lan0", "stp": "on", "delay": "0", "zone": "trusted"}  # type: ignore[union-attr]
    assert root.find("ip/dhcp/range/lease").get("expiry") == "2"  # type: ignore[union-attr]
    assert root.find("forward/nat/port") is not None
    assert [host.get("ip") for host in root.iterfind("dns/host")] == ["192.168.100.1"]
    assert build_network(NetworkConfig("lan", "", whole=False), THEIRS) == etree.tostring(
        etree.fromstring(THEIRS), encoding="unicode"
    )


def test_a_bridge_of_the_host_has_nothing_that_libvirt_refuses_there() -> None:
    bridge = desired_network(network(mode="Bridge", bridge="br0"), INSTANCE)
    root = parse_xml(build_network(bridge, THEIRS))
    assert root.find("bridge").attrib == {"name": "br0"}  # type: ignore[union-attr]
    assert all(root.find(path) is None for path in ("mac", "mtu", "domain", "dns", "ip", "forward/nat"))


def test_forms_that_libvirt_takes_too() -> None:
    text = """<network><name>n</name><forward><interface dev='eth0'/></forward><ip address='10.0.0.1'/>
    <ip address='172.16.0.1'/><ip address='192.168.1.1'/><ip family='ipv6' address='fd00::1'/>
    <dns enable='no'><forwarder domain='a.test' addr='1.2.3.4'/><forwarder domain='b.test'/></dns></network>"""
    found = parse_network(text)
    assert (found.mode, found.forward_device, found.dns) == ("nat", "eth0", False)
    assert [a.cidr for a in found.addresses or ()] == ["10.0.0.1/8", "172.16.0.1/16", "192.168.1.1/24", "fd00::1/64"]
    assert found.forwarders == ("a.test=1.2.3.4", "b.test=")
    empty = parse_network("<network><name>n</name></network>")
    assert (empty.mode, empty.dns, empty.addresses, empty.record) == ("isolated", True, (), None)


@pytest.mark.parametrize(
    "text",
    [
        "", "no XML", "<domain/>", "<network><ip address='x'/></network>", "<network><mtu size='many'/></network>",
        """<!DOCTYPE network [<!ENTITY x SYSTEM "file:///etc/passwd">]><network><name>&x;</name></network>""",
    ],
)  # fmt: skip
def test_what_libvirt_would_not_give_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_network(text)


def test_names_cannot_break_out_of_their_element() -> None:
    evil = "'/><ip address='10.0.0.1'/>&amp;<!-- "
    config = NetworkConfig("n", "u", "nat", "b", domain=evil, hosts=(DnsConfig("10.0.0.2", (evil,)),), addresses=())
    assert (parse_network(build_network(config)).domain, parse_network(build_network(config)).hosts) == (evil, config.hosts)


def test_guests_are_counted_and_named() -> None:
    assert [connections(text) for text in ("<network connections='2'/>", "<network/>", "<network connections='x'/>")] == [2, 0, 0]
    assert guest_of("<networkport><owner><name>web</name><uuid>u</uuid></owner></networkport>") == "web"
    assert guest_of("<networkport/>") == ""


def test_an_address_without_dhcp_gets_no_empty_element() -> None:
    config = NetworkConfig("n", "u", "nat", "b", addresses=(AddressConfig("10.0.0.1/24"),))
    assert parse_xml(build_network(config)).find("ip/dhcp") is None
    assert lease_seconds(parse_xml(build_network(config))) == LEASE_SECONDS


def test_a_nic_on_a_network_that_leads_to_a_bridge_of_the_host_is_on_that_network() -> None:
    """So libvirt tells of what runs."""
    text = "<interface type='bridge'><source network='lan' portid='p' bridge='br0'/><target dev='vnet4'/></interface>"
    assert (parse_nic(parse_xml(text)).kind, parse_nic(parse_xml(text)).source) == ("network", "lan")
    plain = "<interface type='bridge'><source bridge='br0'/></interface>"
    assert (parse_nic(parse_xml(plain)).kind, parse_nic(parse_xml(plain)).source) == ("bridge", "br0")
