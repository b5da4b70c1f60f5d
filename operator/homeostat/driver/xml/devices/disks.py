"""Disks and cdrom drives, each a file on the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import BackingFile, DiskConfig, DomainConfig, LimitsConfig

from .. import io_threads
from ..elements import Element, alias_element, alias_name, attribute, boot_element, boot_order, element, text_of

PARENT = "devices"
LIMITED = "homeostat-"
"""The throttling group of a disk of ours begins with it, and has that disk only. Limits in another group, or in none, are
others'."""


def build(config: DomainConfig) -> Iterator[Element]:
    for disk in config.disks:
        yield build_disk(disk, io_threads.of_disk(config, disk))


def build_disk(disk: DiskConfig, thread: str | None = None) -> Element:
    made = element("disk", type_="file", device=disk.device)
    # A guest that trims gives space back to the host; a cdrom has none to give.
    discard = disk.discard or "unmap" if disk.device == "disk" else None
    driver = element("driver", name="qemu", type_=disk.format, cache=disk.cache, io=disk.io, discard=discard, iothread=thread)
    made.append(driver)
    if disk.source is not None:
        made.append(_file(disk.source, disk.shared and disk.device == "cdrom"))
    if disk.chain is not None:
        _append_chain(made, disk.chain, disk.shared)
    rate = None if disk.rotation_rate is None else str(disk.rotation_rate)
    made.append(element("target", dev=disk.target, bus=disk.bus, rotation_rate=rate))
    if disk.limits is not None:
        told = [element(name, str(value)) for name, value in _iotune(disk.limits).items() if value is not None]
        made.append(element("iotune", None, *told, element("group_name", f"{LIMITED}{disk.name}")))
    if disk.read_only or disk.device == "cdrom":
        made.append(element("readonly"))
    if disk.serial is not None:
        made.append(element("serial", disk.serial))
    made.extend(boot_element(disk.boot_order))
    made.extend(alias_element("disk", disk.name))
    return made


def _iotune(limits: LimitsConfig) -> dict[str, int | None]:
    """Returns the limits in libvirt's words."""
    return {
        "total_bytes_sec": limits.bytes,
        "total_bytes_sec_max": limits.bytes_burst,
        "total_iops_sec": limits.iops,
        "total_iops_sec_max": limits.iops_burst,
    }


def block_io_tune(disk: DiskConfig) -> dict[str, int | str]:
    """Returns everything that ``virDomainSetBlockIoTune`` takes as a limit; 0 removes one."""
    kinds = [f"{which}_{what}_sec{burst}" for which in ("read", "write") for what in ("bytes", "iops") for burst in ("", "_max")]
    limits: dict[str, int | str] = dict.fromkeys(kinds, 0)
    limits |= {name: value or 0 for name, value in _iotune(disk.limits or LimitsConfig()).items()}
    return limits | ({"group_name": f"{LIMITED}{disk.name}"} if disk.limits else {})


def is_limited(disk: Element) -> bool:
    """Tells whether we limited it."""
    return (text_of(disk, "iotune/group_name") or "").startswith(LIMITED)


def _limits(disk: Element) -> LimitsConfig | None:
    if not is_limited(disk):
        return None
    found = {str(child.tag): int(child.text or 0) for child in disk.iterfind("iotune/*") if (child.text or "").isdigit()}
    ours = {name: found.pop(name, 0) or None for name in _iotune(LimitsConfig())}
    others = ", ".join(f"{name} {value}" for name, value in found.items() if value and not name.endswith("_length"))
    bytes_, bytes_burst, iops, iops_burst = ours.values()
    return LimitsConfig(bytes_, bytes_burst, iops, iops_burst, others)


def _file(path: str, shared: bool) -> Element:
    source = element("source", file=path)
    if shared:
        source.append(element("seclabel", model="dac", relabel="no"))
    return source


def _append_chain(parent: Element, chain: tuple[BackingFile, ...], shared: bool) -> None:
    """Appends the chain. An empty element ends it: without that libvirt reads the header of the last file for more."""
    for file in chain:
        store = element("backingStore", type_="file")
        store.append(element("format", type_=file.format))
        store.append(_file(file.path, shared))
        parent.append(store)
        parent = store
    parent.append(element("backingStore"))


def parse(root: Element) -> dict[str, Any]:
    return {"disks": tuple(parse_disk(disk) for disk in root.iterfind("devices/disk"))}


def parse_disk(disk: Element) -> DiskConfig:
    """Reads a disk. One without our alias is somebody else's: it is named by its path, which no disk of a spec can be."""
    source = _source(disk)
    target = attribute(disk, "target", "dev") or ""
    driver = disk.find("driver")
    driver_of: dict[str, str] = {} if driver is None else {str(key): str(value) for key, value in driver.attrib.items()}
    device = disk.get("device", "disk")
    return DiskConfig(
        name=alias_name(disk, "disk") or source or target,
        device=device,
        source=source,
        format=driver_of.get("type", "raw"),
        bus=attribute(disk, "target", "bus") or "",
        target=target,
        # libvirt marks every cdrom so; on a disk somebody set it on purpose.
        read_only=disk.find("readonly") is not None,
        cache=driver_of.get("cache"),
        io=driver_of.get("io"),
        serial=text_of(disk, "serial"),
        boot_order=boot_order(disk),
        rotation_rate=int(rate) if (rate := attribute(disk, "target", "rotation_rate")) else None,
        discard="ignore" if driver_of.get("discard") == "ignore" else None,
        limits=_limits(disk),
        io_thread=True if driver_of.get("iothread") else None,
        chain=_chain(disk),
        shared=any(label.get("model") == "dac" and label.get("relabel") == "no" for label in disk.iterfind(".//source/seclabel")),
    )


def _chain(disk: Element) -> tuple[BackingFile, ...] | None:
    store = disk.find("backingStore")
    if store is None:
        return None
    found: list[BackingFile] = []
    while store is not None and store.get("type"):
        found.append(BackingFile(_source(store) or "", attribute(store, "format", "type") or ""))
        store = store.find("backingStore")
    return tuple(found)


def _source(disk: Element) -> str | None:
    """Returns where the contents are. For what is no file it returns the text that names it, so that it never equals one of
    ours."""
    source = disk.find("source")
    if source is None:
        return None
    for key in ("file", "dev", "dir", "name", "volume"):
        if value := source.get(key):
            return value
    return None
