"""Specs of networks as hypothesis draws them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

MACS = [f"52:54:00:00:00:0{n}" for n in range(4)]


@st.composite
def dhcp(draw: st.DrawFn) -> dict[str, Any]:
    leases = draw(st.lists(st.tuples(st.sampled_from(MACS), st.integers(10, 14), st.sampled_from(["a", "b", ""])), max_size=3))
    found: list[dict[str, Any]] = []
    for mac, host, name in leases:
        lease = {"mac": mac, "ip": f"192.168.100.{host}", **({"hostname": name} if name else {})}
        if not any(lease[key] == other.get(key) for other in found for key in lease):
            found.append(lease)
    made: dict[str, Any] = {"leases": found} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        first = draw(st.integers(100, 150))
        made |= {"start": f"192.168.100.{first}", "end": f"192.168.100.{first + draw(st.integers(0, 50))}"}
    return made


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    hosts = draw(st.dictionaries(st.integers(10, 13), st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True)))
    dns = {
        "domain": draw(st.sampled_from([None, "a.test", "b.test"])),
        "enabled": draw(st.sampled_from([None, True, False])),
        "localOnly": draw(st.sampled_from([None, False])),
        "forwarders": draw(st.sampled_from([None, [], ["9.9.9.9"]])),
        "hosts": [{"ip": f"10.0.0.{host}", "names": names} for host, names in hosts.items()],
    }
    addresses = [{"cidr": "192.168.100.1/24", "dhcp": draw(dhcp())}]
    if draw(st.booleans()):
        addresses.append({"cidr": "fd00:100::1/64"})
    mode = draw(st.sampled_from(["NAT", "Isolated", "Routed", "Bridge"]))
    if mode == "Bridge":
        return {"mode": mode, "bridge": "br0"}
    device = draw(st.sampled_from([None, "eth0"])) if mode != "Isolated" else None
    return {
        "mode": mode, "addresses": addresses, "dns": draw(st.sampled_from([None, dns])), "forwardDevice": device,
        "mtu": draw(st.sampled_from([None, 1400])),
    }  # fmt: skip
