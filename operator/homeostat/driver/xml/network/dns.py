"""What the network's DNS server says: ``<domain>`` and ``<dns>``."""

from __future__ import annotations

from typing import Any

from homeostat.planner.network.config import DnsConfig, NetworkConfig

from ..elements import Element, attribute, element
from .placing import clear, placed

_BEFORE = ("name", "uuid", "metadata", "forward", "bridge", "mtu", "mac")


def write(root: Element, config: NetworkConfig) -> None:
    if config.mode == "bridge":  # libvirt takes none for a bridge of the host
        for path in ("domain", "dns"):
            for found in root.findall(path):
                root.remove(found)
        return
    _write_domain(root, config)
    wanted = (config.dns, config.forwarders, config.hosts)
    dns = root.find("dns")
    if dns is None and any(value is not None and value not in (True, ()) for value in wanted):
        dns = placed(root, element("dns"), after=(*_BEFORE, "domain"))
    if dns is None:
        return
    if config.dns is not None:
        clear(dns, "enable")
        if not config.dns:
            dns.set("enable", "no")
    if config.forwarders is not None:
        _replace(dns, "forwarder", [element("forwarder", addr=address) for address in config.forwarders])
    if config.hosts is not None:
        _replace(dns, "host", [build_host(host) for host in config.hosts])
    if not dns.attrib and not len(dns):
        root.remove(dns)


def _write_domain(root: Element, config: NetworkConfig) -> None:
    domain = root.find("domain")
    if config.domain is not None:
        if domain is None and config.domain:
            domain = placed(root, element("domain"), after=_BEFORE)
        if domain is not None and config.domain:
            domain.set("name", config.domain)
        elif domain is not None:
            root.remove(domain)
            domain = None
    if domain is not None and config.local_only is not None:
        clear(domain, "localOnly")
        if config.local_only:
            domain.set("localOnly", "yes")


def _replace(dns: Element, tag: str, wanted: list[Element]) -> None:
    for old in dns.findall(tag):
        dns.remove(old)
    dns.extend(wanted)


def build_host(host: DnsConfig) -> Element:
    return element("host", None, *(element("hostname", name) for name in host.names), ip=host.ip)


def parse(root: Element) -> dict[str, Any]:
    domain, dns = root.find("domain"), root.find("dns")
    return {
        "domain": attribute(root, "domain", "name") or "",
        "local_only": domain is not None and domain.get("localOnly") == "yes",
        "dns": dns is None or dns.get("enable") != "no",
        "forwarders": tuple(_forwarder(one) for one in root.iterfind("dns/forwarder")),
        "hosts": tuple(
            DnsConfig(host.get("ip", ""), tuple(name.text or "" for name in host.iterfind("hostname")))
            for host in root.iterfind("dns/host")
        ),
    }


def _forwarder(found: Element) -> str:
    """Returns the server; with a domain that others sent to it, both. No spec has that."""
    domain, address = found.get("domain"), found.get("addr", "")
    return f"{domain}={address}" if domain else address
