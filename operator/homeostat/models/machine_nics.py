"""The network cards of a VirtualMachine's spec, and what each is plugged into."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .addresses import IPv4, Port, check_mac
from .base import Flag, Model, Name
from .bounds import NAMED_MAX

NETWORK_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,63}$"
"""Matches a name of a libvirt network."""
BRIDGE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$"
"""Matches a name of a network device of the host: the kernel takes 15 characters."""


class PortForward(Model):
    """A port of the host that leads to a port of the guest (user-mode networking)."""

    host_port: Port = Field(description="Port to connect to, on the host.")
    guest_port: Port = Field(description="Port it leads to, in the guest.")
    protocol: Literal["TCP", "UDP"] = Field(default="TCP", description="What is forwarded.")
    host_address: IPv4 = Field(default="127.0.0.1", description="Where the host listens (IPv4). Default: loopback only.")


class UserNetwork(Model):
    """Networking inside QEMU: outgoing connections, and port forwards for incoming ones. Needs no privileges."""

    forwards: tuple[PortForward, ...] = Field(
        default=(), max_length=NAMED_MAX, description="Ports of the host that lead into the guest."
    )


def _check_tap(name: str) -> str:
    if re.match(r"(vnet|vif|macvtap|macvlan)[0-9]", name):
        raise ValueError(
            "is a name that libvirt gives by itself: choose one that begins otherwise than vnet, vif, macvtap or macvlan"
        )
    return name


class TapDevice(Model):
    """A tap of the host: what programs put into it reaches the guest, and back. To route or bridge it is the host's part."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$"), AfterValidator(_check_tap)] = Field(
        description="Its name on the host, of one machine at a time."
    )
    existing: Flag = Field(
        default=False,
        description="true: it is on the host already, and stays as it is. false: libvirt makes it at each start, and removes it.",
    )


class NetworkRef(Model):
    """Names a Network."""

    name: Name = Field(description="The Network, in the same namespace.")


class Nic(Model):
    """A network card: on a Network, on a libvirt network, on a bridge of the host, on a tap, or in user mode."""

    name: Name = Field(description="Identity of the nic within its machine.")
    network: str | None = Field(default=None, pattern=NETWORK_PATTERN, description="A libvirt network, such as default (NAT).")
    network_ref: NetworkRef | None = Field(
        default=None, description="A Network of the machine's namespace. The machine waits until it is there."
    )
    bridge: str | None = Field(default=None, pattern=BRIDGE_PATTERN, description="A bridge that exists on the host.")
    user: UserNetwork | None = Field(default=None, description="User-mode networking with port forwards.")
    tap: TapDevice | None = Field(default=None, description="A tap of the host, by its name.")
    mac: Annotated[str, AfterValidator(check_mac)] | None = Field(
        default=None,
        description="Default: derived from the machine's uid and the nic's name, so it never changes.",
        json_schema_extra={"pattern": r"^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$"},
    )
    model: Literal["virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci"] = Field(
        default="virtio", description="The card the guest sees; the others are for guests without virtio drivers."
    )
    queues: Annotated[int, Field(ge=1, le=256, strict=True)] | None = Field(
        default=None, description="Of a virtio card: pairs of queues, by custom one for each vCPU. Default: one."
    )
    vhost: Flag | None = Field(
        default=None,
        description="Of a virtio card: whether the host's kernel moves frames (vhost-net). Default: where it can.",
    )
    mtu: Annotated[int, Field(ge=68, le=65535, strict=True)] | None = Field(
        default=None, description="The largest packet; a virtio card tells its guest. Default: the network's."
    )
    link_state: Literal["Up", "Down"] = Field(
        default="Up", description="Down: the guest sees its cable pulled. Changes while the machine runs."
    )

    @model_validator(mode="after")
    def _link_can_be_set(self) -> Self:
        if self.link_state == "Down" and self.user is not None and self.user.forwards:
            raise ValueError("linkState: Down is not possible with user.forwards: take the forwards away, or the nic")
        return self

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(x is not None for x in (self.network, self.network_ref, self.bridge, self.user, self.tap)) != 1:
            raise ValueError("give exactly one of network, networkRef, bridge, tap and user")
        return self

    @model_validator(mode="after")
    def _queues_are_virtio(self) -> Self:
        for name, value in (("queues", self.queues), ("vhost", self.vhost)):
            if value is not None and self.model != "virtio":
                raise ValueError(f"{name} needs model: virtio")
        for name, value in (("queues", self.queues), ("vhost", self.vhost), ("mtu", self.mtu)):
            if value is not None and self.user is not None:
                raise ValueError(f"{name} needs a network, bridge or tap: QEMU's user mode has none")
        return self
