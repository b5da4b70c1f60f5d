"""Which devices a host can give machines: TPMs that it emulates, and its own that it passes through."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import libvirt

from homeostat.planner.domain import DomainType
from homeostat.planner.observed import HostFacts, PassedDevice

from ..connection.connection import LibvirtConnection
from ..connection.translate import is_lost
from ..xml import parse_xml
from ..xml.elements import Element, attribute, text_of

CHIPSETS = ("q35", "pc")  # spec.machine.type
VSOCK = Path("/dev/vhost-vsock")
KINDS = (
    libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV
    | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV
    | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
)


def survey_devices(connection: LibvirtConnection, facts: HostFacts, here: bool) -> HostFacts:
    """Reads what may come while the host is up, with a few calls: a package is installed, a card is plugged in. ``here``: its
    files are this machine's."""
    asked = (capabilities_of(connection, CHIPSETS[0], kind) for kind in sorted(facts.domain_types))
    known = next((capabilities for capabilities in asked if capabilities is not None), None)
    return replace(
        facts,
        tpms=None if known is None else _tpms(known),
        virtiofs=None if known is None else _virtiofs(known),
        vsock=VSOCK.exists() if here else None,
        devices=_devices(connection) if facts.allowed.host_devices else None,
    )


def absent_folders(paths: Collection[str]) -> frozenset[str]:
    """Returns those of the paths at which there is no folder of this machine's. Waits for file systems, as of the network."""
    return frozenset(path for path in paths if not Path(path).is_dir())


def _devices(connection: LibvirtConnection) -> frozenset[PassedDevice] | None:
    """Lists the devices of the kinds that can be passed through; None where libvirt does not know them."""
    try:
        found = connection.request(connection.handle.listAllDevices, KINDS)
    except libvirt.libvirtError as error:
        if is_lost(error):
            raise
        return None
    described = []
    for device in found:
        try:
            described.append(passed_device(parse_xml(connection.request(device.XMLDesc))))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_NODE_DEVICE:  # it was unplugged since
                raise
    return frozenset(filter(None, described))


def passed_device(root: Element) -> PassedDevice | None:
    """Reads one device; None: it is of another kind."""
    told = root.find("capability")
    if told is None:
        return None
    ids = [attribute(told, name, "id") or "" for name in ("vendor", "product")]
    model = ":".join(part.removeprefix("0x") for part in ids) if all(ids) else ""
    number = {name: int(text_of(told, name) or 0) for name in ("domain", "bus", "slot", "function", "device")}
    match told.get("type"):
        case "pci":
            address = f"{number['domain']:04x}:{number['bus']:02x}:{number['slot']:02x}.{number['function']}"
            return PassedDevice("pci", address, model, text_of(root, "driver/name") or "")
        case "usb_device":
            return PassedDevice("usb", f"{number['bus']}.{number['device']}", model)
        case "mdev":
            return PassedDevice("mdev", text_of(told, "uuid") or "", attribute(told, "type", "id") or "")
    return None


def capabilities_of(connection: LibvirtConnection, chipset: str, kind: DomainType) -> Element | None:
    """Returns what a machine can have; None where the driver does not say it, or QEMU does not know the chipset."""
    try:
        told = connection.request(connection.handle.getDomainCapabilities, None, "x86_64", chipset, kind.value)
    except libvirt.libvirtError as error:
        if is_lost(error):
            raise
        return None
    return parse_xml(told)


def _virtiofs(capabilities: Element) -> bool | None:
    """Tells whether QEMU can have virtiofs; None where libvirt does not say it."""
    folders = capabilities.find("devices/filesystem")
    return None if folders is None else "virtiofs" in {value.text for value in folders.iterfind("enum/value")}


def _tpms(capabilities: Element) -> frozenset[str] | None:
    """Returns the versions of TPMs that swtpm can emulate there now; None where libvirt does not say it."""
    tpm = capabilities.find("devices/tpm")
    if tpm is None:
        return None
    backends, versions = ({v.text or "" for v in tpm.iterfind(f"enum[@name='{name}']/value")} for name in _TPM)
    return frozenset(versions) if "emulator" in backends else frozenset()


_TPM = ("backendModel", "backendVersion")
