"""The network that a spec asks for."""

from __future__ import annotations

from ipaddress import ip_interface

from homeostat.models.network import DnsRecord, Network, NetworkAddress, NetworkMode, NetworkSpec

from .config import AddressConfig, DnsConfig, LeaseConfig, NetworkConfig, NetworkRecord
from .identity import bridge_device, network_name, network_uuid

_MODES = {
    NetworkMode.NAT: "nat",
    NetworkMode.ROUTED: "route",
    NetworkMode.ISOLATED: "isolated",
    NetworkMode.BRIDGE: "bridge",
}


def desired_network(network: Network, instance: str) -> NetworkConfig:
    """Returns everything of a network of our own; of an adopted one what the spec says, and None for the rest."""
    return _adopted(network) if network.spec.adopt else _owned(network, instance)


def _adopted(network: Network) -> NetworkConfig:
    spec, dns = network.spec, network.spec.dns
    return NetworkConfig(
        name=network_name(network),
        uuid="",
        mode=_MODES[spec.mode] if spec.mode else None,
        bridge=spec.bridge,
        forward_device=spec.forward_device,
        nat_ipv6=_nats_ipv6(spec) if spec.mode and spec.addresses is not None else None,
        mtu=spec.mtu,
        domain=dns.domain if dns else None,
        local_only=dns.local_only if dns else None,
        dns=dns.enabled if dns else None,
        forwarders=dns.forwarders if dns else None,
        hosts=_hosts(dns.hosts) if dns and dns.hosts is not None else None,
        addresses=tuple(_address(a, None) for a in spec.addresses) if spec.addresses is not None else None,
        whole=False,
    )


def _owned(network: Network, instance: str) -> NetworkConfig:
    spec, dns, meta, mode = network.spec, network.spec.dns, network.metadata, network.mode
    name, uuid = network_name(network), network_uuid(network.identity)
    record = NetworkRecord(network.identity, meta.namespace, meta.name, instance)
    if mode is NetworkMode.BRIDGE:
        return NetworkConfig(name, uuid, _MODES[mode], spec.bridge, addresses=(), record=record)
    domain = (dns.domain if dns else None) or ""
    return NetworkConfig(
        name=name,
        uuid=uuid,
        mode=_MODES[mode or NetworkMode.NAT],
        bridge=spec.bridge or bridge_device(network.identity),
        forward_device=spec.forward_device or "",
        nat_ipv6=_nats_ipv6(spec),
        mtu=spec.mtu or 0,
        domain=domain,
        local_only=bool(domain) and (dns is None or dns.local_only is not False),
        dns=dns is None or dns.enabled is not False,
        forwarders=(dns.forwarders if dns else None) or (),
        hosts=_hosts((dns.hosts if dns else None) or ()),
        addresses=tuple(_address(a, ()) for a in spec.addresses or ()),
        record=record,
    )


def _nats_ipv6(spec: NetworkSpec) -> bool:
    """Tells whether IPv6 is translated, too: without it libvirt only routes it."""
    nat = spec.mode in (None, NetworkMode.NAT)
    return nat and any(ip_interface(address.cidr).version == 6 for address in spec.addresses or ())


def _address(address: NetworkAddress, unset: tuple[()] | None) -> AddressConfig:
    """Returns an address. ``unset`` stands for ranges and leases that the spec does not mention."""
    dhcp = address.dhcp
    if dhcp is None:
        return AddressConfig(address.cidr, unset, unset)
    ranges = ((dhcp.start, dhcp.end),) if dhcp.start and dhcp.end else unset
    if dhcp.leases is None:
        return AddressConfig(address.cidr, ranges, unset)
    leases = (LeaseConfig(lease.ip, lease.mac or "", (lease.duid or "").lower(), lease.hostname or "") for lease in dhcp.leases)
    return AddressConfig(address.cidr, ranges, tuple(leases))


def _hosts(records: tuple[DnsRecord, ...]) -> tuple[DnsConfig, ...]:
    return tuple(DnsConfig(record.ip, record.names) for record in records)
