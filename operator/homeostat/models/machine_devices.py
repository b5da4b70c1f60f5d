"""The devices of a VirtualMachine's spec: disks, nics, display, and where their contents come from."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from .base import Flag, Model, Name
from .bounds import NAMED_MAX, SEED_MAX, WORKLOAD_MAX, XML_PATTERN, XML_SCHEMA, check_free
from .image_url import URL_PATTERN, check_image_url
from .quantity import Quantity, format_quantity
from .seed_text import load

INSTANCE_ID = "instance-id"  # a key of the meta-data
WORKLOAD_PREFIX = "homeostat_"
SIZE_MAX = 2 * 2**50
"""Bytes of the largest qcow2 image with clusters of 64 KiB (QEMU's QCOW_MAX_L1_SIZE)."""


def check_size(size: int | None) -> int | None:
    if size is not None and not 0 < size <= SIZE_MAX:
        raise ValueError("must be larger than 0" if size == 0 else f"is too large: the most is {format_quantity(SIZE_MAX)}")
    return size


class ReclaimPolicy(StrEnum):
    DELETE = "Delete"
    RETAIN = "Retain"


class ImageFormat(StrEnum):
    RAW = "raw"
    QCOW2 = "qcow2"
    VMDK = "vmdk"
    ISO = "iso"


class FileSource(Model):
    """Where a file comes from, and what it must hash to."""

    url: str | None = Field(
        default=None,
        description="http://, https:// or file:// address of the image, percent-encoded where a URL has to be.",
        json_schema_extra={"pattern": URL_PATTERN},
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        description="A local file, absolute or relative to the YAML file's folder.",
    )
    sha256: str | None = Field(
        default=None,
        description="What the file must hash to; another hash is never booted.",
        json_schema_extra={"pattern": r"^([Ss][Hh][Aa]256:)?[0-9A-Fa-f]{64}$"},
    )

    @field_validator("url")
    @classmethod
    def _scheme(cls, url: str | None) -> str | None:
        return None if url is None else check_image_url(url)

    @field_validator("sha256")
    @classmethod
    def _hash(cls, value: str | None) -> str | None:
        if value is None:
            return None
        digest = value.lower().removeprefix("sha256:")
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ValueError("must be a SHA-256 in hexadecimal: 64 digits 0-9a-f")
        return digest


class NamedImage(Model):
    """An Image of the same namespace."""

    name: Name = Field(description="Its name.")


class ImageSource(FileSource):
    """A file that is fetched once into the host's read-only cache and shared by all machines that name it."""

    format: ImageFormat | None = Field(default=None, description="Detected where not given. raw: the file as it is.")
    image_ref: NamedImage | None = Field(
        default=None, description="An Image instead of url or path; sha256 and format stand there."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.url, self.path, self.image_ref)) != 1:
            raise ValueError("give exactly one of url, path and imageRef")
        if self.image_ref is not None and (self.sha256 or self.format):
            raise ValueError("sha256 and format of an imageRef stand in the Image: remove them here")
        return self

    @property
    def is_open(self) -> bool:
        """Tells whether it only names an Image, and not yet the file that this stands for."""
        return self.url is None and self.path is None


class DiskBus(StrEnum):
    VIRTIO = "virtio"
    SCSI = "scsi"
    SATA = "sata"
    IDE = "ide"
    USB = "usb"


RATE_MAX = 10**15
"""What QEMU's throttling takes at the most (its THROTTLE_VALUE_MAX)."""


def _check_rate(rate: int | None) -> int | None:
    if rate is not None and not 0 < rate <= RATE_MAX:
        raise ValueError("must be from 1 to 1000T")
    return rate


Rate = Annotated[Quantity | None, AfterValidator(_check_rate)]
RequestRate = Annotated[int, Field(ge=1, le=RATE_MAX, strict=True)]


class DiskLimits(Model):
    """What a guest may read and write of a disk in a second, both together. A change of it reaches the running guest."""

    bytes_per_second: Rate = Field(default=None, description="Bytes in a second, such as 15Mi.")
    bytes_per_second_burst: Rate = Field(default=None, description="Bytes in a second for a moment. Needs bytesPerSecond.")
    iops: RequestRate | None = Field(default=None, description="Requests in a second.")
    iops_burst: RequestRate | None = Field(default=None, description="Requests in a second for a moment. Needs iops.")

    @model_validator(mode="after")
    def _burst_is_more(self) -> Self:
        pairs = (
            ("bytesPerSecondBurst", self.bytes_per_second_burst, "bytesPerSecond", self.bytes_per_second),
            ("iopsBurst", self.iops_burst, "iops", self.iops),
        )
        for burst, most, name, usual in pairs:
            if most is not None and usual is None:
                raise ValueError(f"{burst} needs {name}")
            if most is not None and usual is not None and most < usual:
                raise ValueError(f"{burst} must not be less than {name}")
        if not any((self.bytes_per_second, self.iops)):
            raise ValueError("give bytesPerSecond, iops, or both")
        return self


class DiskRef(Model):
    """Names a Disk."""

    name: Name = Field(description="Name of the Disk, in the same namespace.")


class DiskDevice(Model):
    """An overlay on an image, a blank disk of a size, a Disk by its name, or a cdrom."""

    name: Name = Field(description="Identity of the disk within its machine; its file carries this name.")
    type: Literal["disk", "cdrom"] = Field(default="disk", description="A cdrom is read-only and may be empty.")
    image: ImageSource | None = Field(default=None, description="What the disk starts as (never written to).")
    size: Annotated[Quantity | None, AfterValidator(check_size)] = Field(
        default=None, description="Size the guest sees. Default: the image's. It can grow, never shrink."
    )
    disk_ref: DiskRef | None = Field(
        default=None,
        description="A Disk, which is kept by itself: image, size and reclaimPolicy stand there. One machine at a time has it.",
    )
    bus: DiskBus | None = Field(default=None, description="Default: virtio; sata for a cdrom (ide on machine type pc).")
    cache: Literal["none", "writeback", "writethrough", "directsync", "unsafe"] | None = Field(
        default=None, description="Host page cache use. Default: the hypervisor's."
    )
    io: Literal["native", "threads", "io_uring"] | None = Field(
        default=None, description="How QEMU submits I/O; native needs cache none or directsync."
    )
    serial: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.+-]{1,20}$", description="Serial the guest sees.")
    rotation_rate: Annotated[int, Field(ge=1, le=65534, strict=True)] | None = Field(
        default=None, description="1: the guest takes it for an SSD; from 1025: turns in a minute. On bus sata, scsi or ide."
    )
    discard: Literal["unmap", "ignore"] | None = Field(
        default=None, description="What a guest trims is given back to the host (unmap, the default) or kept (ignore)."
    )
    io_thread: Flag = Field(
        default=False, description="On bus virtio: a thread of its own serves the disk, beside those of the vCPUs."
    )
    limits: DiskLimits | None = Field(default=None, description="How much the guest may read and write in a second.")
    reclaim_policy: ReclaimPolicy | None = Field(
        default=None, description="What becomes of the disk's file when its machine is deleted. Default: the machine's."
    )

    @model_validator(mode="after")
    def _is_a_disk_of_its_own(self) -> Self:
        if self.disk_ref is None:
            return self
        if self.type == "cdrom":
            raise ValueError("a cdrom cannot be a Disk: remove diskRef, or say type: disk")
        for field, value in (("image", self.image), ("size", self.size), ("reclaimPolicy", self.reclaim_policy)):
            if value is not None:
                raise ValueError(f"diskRef: {field} stands in the spec of Disk {self.disk_ref.name!r}: remove it here")
        return self

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.type == "disk" and self.image is None and self.size is None and self.disk_ref is None:
            raise ValueError("a disk needs an image, a size, or both; or a diskRef")
        if self.type == "cdrom" and self.size is not None:
            raise ValueError("a cdrom has no size of its own: remove size")
        if self.type == "cdrom" and self.bus == DiskBus.VIRTIO:
            raise ValueError("a cdrom cannot be on bus virtio: use sata, scsi, ide or usb")
        if self.io == "native" and self.cache not in ("none", "directsync"):
            raise ValueError("io: native needs cache: none or cache: directsync")
        if self.rotation_rate is not None and (self.type == "cdrom" or self.bus not in (DiskBus.SATA, DiskBus.SCSI, DiskBus.IDE)):
            raise ValueError("rotationRate needs a disk on bus: sata, bus: scsi or bus: ide")
        if self.rotation_rate is not None and 1 < self.rotation_rate < 1025:
            raise ValueError("rotationRate is 1 (an SSD) or from 1025 to 65534 (turns in a minute)")
        if self.io_thread and (self.type == "cdrom" or self.bus not in (None, DiskBus.VIRTIO)):
            raise ValueError("ioThread needs a disk on bus: virtio; for those on bus: scsi set spec.scsi.ioThread")
        if self.type == "cdrom" and self.discard is not None:
            raise ValueError("a cdrom has nothing to discard: remove discard")
        return self


def _check_address(value: str) -> str:
    """Refuses a zone: any text may follow the '%', and no address for QEMU needs one."""
    if "%" in value:
        raise ValueError("must be an IPv4 or IPv6 address without a zone (%)")
    found = ipaddress.ip_address(value)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _check_ipv4(value: str) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError(
            "must be an IPv4 address, such as 127.0.0.1, or 0.0.0.0 for all of the host's: QEMU's user mode knows no others"
        ) from None


Address = Annotated[
    str,
    AfterValidator(_check_address),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]
IPv4 = Annotated[str, AfterValidator(_check_ipv4), WithJsonSchema({"type": "string", "format": "ipv4"})]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


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


def check_mac(value: str) -> str:
    mac = value.lower()
    if not re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac):
        raise ValueError("must be six pairs of hexadecimal digits, such as 52:54:00:12:34:56")
    if int(mac[:2], 16) & 1:
        raise ValueError("is a multicast address (its first byte is odd); a nic needs a unicast one")
    return mac


NETWORK_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,63}$"
"""Matches a name of a libvirt network."""
BRIDGE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$"
"""Matches a name of a network device of the host: the kernel takes 15 characters."""


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


class Vnc(Model):
    """A VNC server on the host."""

    enabled: Flag = Field(default=True, description="Whether there is one.")
    listen: Address = Field(default="127.0.0.1", description="Anything but loopback needs a passwordFile.")
    port: Annotated[int, Field(ge=5900, le=65535, strict=True)] | None = Field(
        default=None, description="Default: the next free one from 5900."
    )
    password_file: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        description="A file (mode 0600) that holds the VNC password.",
    )

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.enabled and not ipaddress.ip_address(self.listen).is_loopback and not self.password_file:
            raise ValueError(f"listen: {self.listen} can be reached from outside and needs a passwordFile")
        return self


def _check_video_memory(size: int) -> int:
    if size not in {2**power for power in range(20, 29)}:
        raise ValueError("must be a power of two from 1Mi to 256Mi")
    return size


class Display(Model):
    """What a person would look at."""

    video: Literal["virtio", "vga", "qxl", "cirrus", "bochs", "none"] = Field(default="virtio", description="The graphics card.")
    video_memory: Annotated[Quantity, AfterValidator(_check_video_memory)] | None = Field(
        default=None, description="Of a vga, qxl or cirrus card: a power of two from 1Mi to 256Mi. Default: the card's."
    )
    vnc: Vnc = Field(default_factory=cache(Vnc))

    @model_validator(mode="after")
    def _has_memory(self) -> Self:
        if self.video_memory is not None and self.video not in ("vga", "qxl", "cirrus"):
            raise ValueError("videoMemory needs video: vga, qxl or cirrus")
        return self


class InstanceId(StrEnum):
    """What cloud-init tells one life of a machine from the next by."""

    MACHINE = "Machine"
    SEED = "Seed"


def _check_told(variables: dict[str, Any]) -> dict[str, Any]:
    """Checks the variables together with what a plugin tells its workload, which is added to them and has bounds of its own."""
    check_free({name: value for name, value in variables.items() if not name.startswith(WORKLOAD_PREFIX)}, WORKLOAD_MAX)
    check_free({name: value for name, value in variables.items() if name.startswith(WORKLOAD_PREFIX)}, WORKLOAD_MAX)
    return variables


class CloudInit(Model):
    """A NoCloud seed: a small read-only disk labelled CIDATA.

    The fields are the files of https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
    """

    enabled: Flag = Field(default=True, description="false: the machine has no seed, and does not get its plugin's either.")
    user_data: str | None = Field(default=None, description="#cloud-config, a script, or any form cloud-init knows.")
    meta_data: str | None = Field(
        default=None,
        max_length=SEED_MAX,
        description="YAML. Default: instance-id (the machine's uid) and local-hostname (its name).",
    )
    network_config: str | None = Field(
        default=None,
        max_length=SEED_MAX,
        description="YAML: cloud-init's network configuration of version 1 or 2 (netplan), with or without `network:` around it.",
    )
    variables: Annotated[dict[str, Any], AfterValidator(_check_told)] = Field(
        default_factory=dict, description="Further keys of the meta-data: templates in userData know them as ds.meta_data.KEY."
    )
    instance_id: InstanceId = Field(
        default=InstanceId.MACHINE,
        description="Machine: the instance-id stays, and of a changed seed cloud-init does only what it does at every boot. "
        "Seed: it changes with the seed, so that cloud-init does everything again, as in a new machine.",
    )

    @field_validator("meta_data", "network_config")
    @classmethod
    def _is_a_mapping(cls, text: str | None, field: ValidationInfo) -> str | None:
        """Checks what cloud-init requires. Otherwise it ignores the whole seed (meta-data), or the network (network-config)."""
        try:
            found = load(text or "")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"is not YAML: {' '.join(str(error).split())[:200]}") from error
        if found is not None and not isinstance(found, dict):
            example = "instance-id: i-1" if field.field_name == "meta_data" else "version: 2"
            raise ValueError(f"must be a YAML mapping, such as {example}")
        if field.field_name == "network_config" and found and not isinstance(found.get("network", {}), dict):
            raise ValueError("network: must be a YAML mapping, such as {version: 2, ethernets: …}")
        return text

    @model_validator(mode="after")
    def _one_instance_id(self) -> Self:
        if self.instance_id is InstanceId.SEED and self.names_instance_id:
            raise ValueError("instanceId: Seed makes the instance-id that metaData or variables give: leave one of them out")
        return self

    @property
    def names_instance_id(self) -> bool:
        return INSTANCE_ID in self.variables or INSTANCE_ID in (load(self.meta_data or "") or {})
