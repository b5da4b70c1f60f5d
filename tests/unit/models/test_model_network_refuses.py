"""A Network that cannot work is refused, with the field and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.network import NetworkSpec

MAC = "52:54:00:00:00:01"


def lan(cidr: str = "192.168.1.1/24", **dhcp: Any) -> dict[str, Any]:
    return {"addresses": [{"cidr": cidr, "dhcp": dhcp}]}


def lease(ip: str = "192.168.1.5", **more: Any) -> dict[str, Any]:
    return {"leases": [{"ip": ip, **more}]}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "mode: NAT needs addresses"),
        ({"mode": "Routed"}, "mode: Routed needs addresses"),
        ({"mode": "Bridge"}, "needs bridge"),
        ({"mode": "Bridge", "bridge": "br0", "mtu": 1400}, "mtu: a bridge of the host is configured on the host"),
        ({"mode": "Bridge", "bridge": "br0", **lan()}, "addresses: a bridge of the host"),
        ({"mode": "Isolated", "forwardDevice": "eth0"}, "an isolated network leads nowhere"),
        ({"bridge": "more-than-fifteen", **lan()}, "bridge"),
        ({"bridge": "a b", **lan()}, "bridge"),
        ({"adopt": "../etc"}, "adopt"),
        ({**lan(), "mtu": 20}, "mtu"),
        ({"addresses": [{"cidr": "192.168.1.1"}]}, "prefix"),
        ({"addresses": [{"cidr": "192.168.1.0/24"}]}, "such as 192.168.1.1/24"),
        ({"addresses": [{"cidr": "192.168.1.255/24"}]}, "the host's own address"),
        ({"addresses": [{"cidr": "192.168.1.1/31"}]}, "/8 to /30"),
        ({"addresses": [{"cidr": "fd00::1/127"}]}, "/16 to /126"),
        ({"addresses": [{"cidr": "127.0.0.1/8"}]}, "cannot be the address of a network"),
        ({"addresses": [{"cidr": "fe80::1/64"}]}, "cannot be the address of a network"),
        ({"addresses": [{"cidr": "fd00::1%eth0/64"}]}, "zone"),
        ({"addresses": [{"cidr": "$(reboot)"}]}, "must be an address with its prefix"),
        ({"addresses": [{"cidr": "10.0.0.1/8"}, {"cidr": "10.1.0.1/16"}]}, "overlap"),
        ({"addresses": [{"cidr": "10.0.0.1/24", "dhcp": {}}, {"cidr": "10.1.0.1/24", "dhcp": {}}]}, "only one IPv4 address"),
        (lan("fd00::1/48", start="fd00::2", end="fd00::9"), "dhcp: IPv6 addresses are given in networks of /64 and smaller"),
        (lan(start="192.168.1.9"), "start and end together"),
        (lan(start="192.168.1.9", end="192.168.1.8"), "comes after dhcp.end"),
        (lan(start="192.168.1.9", end="192.168.2.8"), "dhcp.end: 192.168.2.8 is not in 192.168.1.0/24"),
        (lan(start="192.168.1.0", end="192.168.1.8"), "no address for a guest"),
        (lan(start="192.168.1.9", end="fd00::1"), "is not in"),
        (lan("10.0.0.1/8", start="10.0.0.2", end="10.9.0.0"), "too many"),
        (lan(**lease()), "needs a mac"),
        (lan(**lease(mac=MAC, duid="00:01:02")), "no duid"),
        (lan(**lease(mac="53:54:00:00:00:01")), "multicast"),
        (lan(**lease(ip="192.168.2.5", mac=MAC)), "dhcp.leases[0].ip: 192.168.2.5 is not in"),
        (lan(**lease(ip="192.168.1.1", mac=MAC)), "the host's own address"),
        (lan(**lease(mac=MAC, hostname="a b")), "DNS name"),
        (lan(**lease(mac=MAC, hostname="a\nb")), "DNS name"),
        (lan(**lease(mac=MAC, hostname="192.168.1.7")), "not an address"),
        (lan("fd00::1/64", **lease(ip="fd00::5", mac=MAC)), "needs a duid"),
        (lan(leases=[{"ip": "192.168.1.5", "mac": MAC}, {"ip": "192.168.1.5", "mac": "52:54:00:00:00:02"}]), "the ip"),
        (lan(leases=[{"ip": "192.168.1.5", "mac": MAC}, {"ip": "192.168.1.6", "mac": MAC.upper()}]), "the mac"),
        ({**lan(), "dns": {"hosts": [{"ip": "10.0.0.1", "names": ["a"]}] * 2}}, "given twice"),
        ({**lan(), "dns": {"hosts": [{"ip": "10.0.0.1", "names": []}]}}, "names"),
        ({**lan(), "dns": {"domain": "a..b"}}, "DNS name"),
        ({**lan(), "dns": {"forwarders": ["dns.example.org"]}}, "forwarders"),
    ],
)  # fmt: skip
def test_it_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NetworkSpec.model_validate(spec)
    told = " ".join(f"{'.'.join(map(str, error['loc']))} {error['msg']}" for error in refused.value.errors())
    assert said in told


@pytest.mark.parametrize(
    "spec",
    [
        {"mode": "Isolated"},
        {"adopt": "default"},
        {"adopt": "default", "mode": "Bridge"},
        {"mode": "Bridge", "bridge": "br0.17"},
        lan(start="192.168.1.1", end="192.168.1.254"),
        lan("fd00::1/64", start="fd00::2", end="fd00::ffff:ffff", **lease(ip="fd00::5", duid="00:03:00:01")),
        {"addresses": [{"cidr": "10.0.0.1/24", "dhcp": {}}, {"cidr": "fd00::1/64", "dhcp": {}}, {"cidr": "10.0.1.1/24"}]},
    ],
)  # fmt: skip
def test_it_is_taken(spec: dict[str, Any]) -> None:
    assert NetworkSpec.model_validate(spec).mode == spec.get("mode")
