"""Redefining a domain: what the spec does not own stays as it is.

The spec owns the set of disks, nics, video cards and VNC servers, and whatever the families write. Libvirt's own choices (PCI
addresses, machine version, firmware paths, emulator) are carried over, and so are elements, attributes and devices that others
added.
"""

from __future__ import annotations

from copy import deepcopy

from homeostat.planner.domain import DomainConfig

from . import arguments, forwards, io_threads, memory_backing, record, smbios
from .devices import agent, controllers, disks, filesystems, host_devices, rng, shared_memory, sound, tpm, vsock, watchdog
from .elements import Element, alias_name, attribute, element, text_of

# Devices of these families that the spec does not name are removed; those of any other family stay.
_OWNED_SETS = frozenset({"disk", "interface", "video"})
_OWNED = frozenset({"vcpus", io_threads.TAG})  # which of its vCPUs are plugged in: all
# Of these families ours are known by their aliases; others' may stay beside them.
_BY_ALIAS = {
    **{family: family for family in (sound.FAMILY, watchdog.FAMILY, tpm.FAMILY)},
    **{family.TAG: family.FAMILY for family in (filesystems, host_devices, shared_memory, vsock)},
}
_LIBVIRT_CHOICES = frozenset({"os", "devices", "metadata", "features", forwards.COMMANDLINE})
# Never carried from a matched device: we say what it is (its source, its alias).
_OWN_PARTS = frozenset({"source", "target", "readonly", "serial", "boot", "alias", "log", "address", "link", "mtu", "rate"})


def carry_over(config: DomainConfig, built: Element, observed: Element) -> None:
    """Completes ``built`` in place.

    Raises:
        ValueError: ``observed`` is another domain.
    """
    uuid = text_of(observed, "uuid") or ""
    if uuid.lower() != config.uuid.lower():
        raise ValueError(f"the domain {config.name!r} on the host has uuid {uuid}, not {config.uuid}: it is another machine")
    same_machine = _carry_machine(built, observed)
    _carry_firmware(config, built, observed)
    _carry_children(_child(built, "features"), observed.find("features"))
    _carry_metadata(built, observed)
    _carry_devices(config, _child(built, "devices"), _child(observed, "devices"), same_machine)
    if same_machine and built.get("type") == observed.get("type"):
        _carry_children(_child(built, "devices"), observed.find("devices"), only=frozenset({"emulator"}))
    _carry_arguments(built, observed)
    known = {child.tag for child in built} | _LIBVIRT_CHOICES | _OWNED | ({"cpu"} if config.cpu is not None else set())
    for child in observed:
        if child.tag not in known and not smbios.is_ours(child) and not memory_backing.is_ours(child):
            built.append(deepcopy(child))
    io_threads.carry(built)


def _carry_machine(built: Element, observed: Element) -> bool:
    """Keeps the version that libvirt resolved an alias to, so that the guest's hardware does not change with an upgrade of QEMU.

    Returns whether both have one chipset, so that addresses mean the same.
    """
    wanted, had = built.find("os/type"), observed.find("os/type")
    if wanted is None or had is None:
        return False
    new, old = wanted.get("machine", ""), had.get("machine", "")
    if new in ("q35", "pc") and old.startswith({"q35": "pc-q35-", "pc": "pc-i440fx-"}[new]):
        wanted.set("machine", old)
    return controllers.is_q35(new) == controllers.is_q35(old)


def _carry_firmware(config: DomainConfig, built: Element, observed: Element) -> None:
    """Carries the variables file over, and the image that it belongs to. With another kind of firmware they would be useless."""
    had = observed.find("os")
    if not config.uefi or had is None or had.get("firmware") != "efi":
        return
    if (attribute(had, "firmware/feature[@name='secure-boot']", "enabled") == "yes") != config.secure_boot:
        return
    wanted = _child(built, "os")
    for tag in ("loader", "nvram"):
        found = had.find(tag)
        if found is None:
            continue
        own = wanted.find(tag)
        if own is not None:
            wanted.remove(own)
        firmware = wanted.find("firmware")
        place = 1 if firmware is None else wanted.index(firmware) + 1
        wanted.insert(place + (tag == "nvram" and wanted.find("loader") is not None), deepcopy(found))


def _carry_metadata(built: Element, observed: Element) -> None:
    own = {record.TAG, arguments.TAG, f"{{{forwards.TEST_NAMESPACE}}}forwards"}
    others = [child for child in observed.iterfind("metadata/*") if child.tag not in own]
    metadata = built.find("metadata")
    if metadata is None and others:
        metadata = element("metadata")
        built.insert(2, metadata)
    for child in others:
        _child(built, "metadata").append(deepcopy(child))


def _carry_arguments(built: Element, observed: Element) -> None:
    """Carries the QEMU arguments over that others added, without ours."""
    had = observed.find(forwards.COMMANDLINE)
    if had is None:
        return
    pairs = set(forwards.own_arguments(observed))
    values: list[str] = []
    for value in (child.get("value", "") for child in had.iterfind(forwards.ARGUMENT)):
        if value in pairs:
            values.pop()  # the flag before it
        else:
            values.append(value)
    carried = [element(forwards.ARGUMENT, value=value) for value in arguments.without_ours(values, observed)]
    carried += [deepcopy(child) for child in had if child.tag != forwards.ARGUMENT]
    if not carried:
        return
    commandline = built.find(forwards.COMMANDLINE)
    if commandline is None:
        commandline = deepcopy(had)
        del commandline[:]
        built.append(commandline)
    commandline.extend(carried)


def _carry_devices(config: DomainConfig, built: Element, observed: Element, same_machine: bool) -> None:
    _carry_controllers(config, built, observed, same_machine)
    ours = {_identity(device): device for device in built}
    for device in observed:
        if device.tag in ("controller", "emulator"):
            continue
        match = ours.get(_identity(device))
        if match is not None:
            _carry_device(match, device, same_machine)
        elif not _is_owned(device):
            other = deepcopy(device)
            address = other.find("address")
            if not same_machine and address is not None:
                other.remove(address)
            built.append(other)


def _carry_controllers(config: DomainConfig, built: Element, observed: Element, same_machine: bool) -> None:
    """Carries the controllers over. They are libvirt's own, except for the model of those we name. Root ports are only added,
    never removed."""
    if not same_machine:
        return
    named = {_kind(c): c for c in built.iterfind("controller") if c.get("type") != "pci"}
    models = {c.get("type"): c.get("model") for c in named.values()}
    carried = [
        deepcopy(controller)
        for controller in observed.iterfind("controller")
        if models.get(controller.get("type"), controller.get("model")) == controller.get("model")
    ]
    for controller in carried:
        _carry_driver(named.get(_kind(controller)), controller)
    had = {_kind(controller) for controller in carried}
    ports = sum(controller.get("model") == "pcie-root-port" for controller in carried)
    for controller in built.findall("controller"):
        if controller.get("model") == "pcie-root-port":
            ports -= 1
            if ports < 0:
                continue
        elif _kind(controller) not in had:
            continue
        built.remove(controller)
    for place, controller in enumerate(carried):
        built.insert(place, controller)


def _kind(controller: Element) -> tuple[str | None, str | None]:
    """Returns what makes two controllers one. There may be several of SCSI, and of PCI."""
    kind = controller.get("type")
    return kind, controller.get("index", "0") if kind == "scsi" else None


def _carry_driver(ours: Element | None, carried: Element) -> None:
    """Gives a SCSI controller of ours that is carried the I/O thread and the queues of the spec."""
    if carried.get("type") != "scsi" or ours is None:
        return
    for driver in carried.findall("driver"):
        carried.remove(driver)
    carried.extend(deepcopy(driver) for driver in ours.iterfind("driver"))


def _carry_device(ours: Element, theirs: Element, same_machine: bool) -> None:
    address = theirs.find("address")
    same_bus = attribute(ours, "target", "bus") == attribute(theirs, "target", "bus")
    if address is not None and same_machine and same_bus:
        ours.append(deepcopy(address))
    if ours.tag == "interface":
        _carry_driver_of_nic(ours, theirs)
    if ours.tag not in ("graphics", "video"):
        _carry_children(ours, theirs, without=_OWN_PARTS | {"iotune"} if disks.is_limited(theirs) else _OWN_PARTS)


def _carry_driver_of_nic(ours: Element, theirs: Element) -> None:
    """Carries over what others said of its driver beside what the spec says: its name and its queues."""
    had = theirs.find("driver")
    if had is None:
        return
    kept = deepcopy(had)
    for name in ("name", "queues"):
        kept.attrib.pop(name, "")
    own = ours.find("driver")
    if own is not None:
        kept.attrib.update({str(name): str(value) for name, value in own.attrib.items()})
        ours.remove(own)
    # A driver without anything to say is left out: children of ``theirs`` whose tag is there already are not carried.
    theirs.remove(had)
    if len(kept) or kept.attrib:
        ours.append(kept)


def _carry_children(
    ours: Element, theirs: Element | None, only: frozenset[str] | None = None, without: frozenset[str] = frozenset()
) -> None:
    if theirs is None:
        return
    known = {child.tag for child in ours} | without
    ours.extend(deepcopy(child) for child in theirs if child.tag not in known and (only is None or child.tag in only))


def _is_owned(device: Element) -> bool:
    if device.tag in _OWNED_SETS:
        return True
    if device.tag == "graphics":
        return device.get("type") == "vnc"
    if device.tag == "channel":
        return device.find(f"target[@name='{agent.CHANNEL}']") is not None
    if device.tag == "input":
        return device.get("type") == "tablet"
    if device.tag == "rng":
        return rng.is_ours(device)
    family = _BY_ALIAS.get(str(device.tag))
    return family is not None and alias_name(device, family) is not None


def _identity(device: Element) -> tuple[str, ...]:
    """Returns what makes two descriptions one device."""
    tag = str(device.tag)
    match tag:
        case "disk":
            source = attribute(device, "source", "file")
            is_drive = device.get("device") == "cdrom" or source is None
            return (tag, attribute(device, "target", "dev") or "") if is_drive else (tag, "file", source or "")
        case "interface":
            return tag, (attribute(device, "mac", "address") or "").lower()
        case "channel":
            return tag, attribute(device, "target", "name") or ""
        case "serial" | "console":
            return tag, attribute(device, "target", "type") or "", attribute(device, "target", "port") or ""
        case "graphics" | "input":
            return tag, device.get("type", ""), device.get("bus", "")
        case "rng":
            return tag, text_of(device, "backend") or ""
        case "sound" | "watchdog":
            return tag, alias_name(device, tag) or "", device.get("model", "")
        case filesystems.TAG | host_devices.TAG | shared_memory.TAG:
            return tag, alias_name(device, _BY_ALIAS[tag]) or f"not ours {id(device)}"
    return (tag,)


def _child(parent: Element, tag: str) -> Element:
    """Returns the child, and makes it where it is missing."""
    found = parent.find(tag)
    if found is None:
        found = element(tag)
        parent.append(found)
    return found
