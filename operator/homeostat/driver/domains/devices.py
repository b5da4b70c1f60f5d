"""What changes a guest while it runs: its devices, its CPUs and its memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import libvirt
from pydantic import SecretStr

from homeostat.planner import actions as act
from homeostat.planner.domain import DiskConfig, NicConfig
from homeostat.planner.observed import ObservedDomain, Tap

from .. import faults
from ..connection.connection import LibvirtConnection
from ..connection.events import Aspect
from ..errors import DriverError, Refused
from ..networks import links
from ..survey.survey import is_local
from ..xml import build_disk, build_nic, parse_xml, to_text
from ..xml.devices.disks import block_io_tune
from ..xml.devices.display import with_password
from .cpus import set_vcpus
from .last_look import check_headers
from .step import LIVE, Domain, DomainStep


@dataclass(frozen=True, slots=True)
class PlugIntoBridge:
    """The first step of two to plug a nic of a network in again, for tests that are killed after it: see faults."""

    nic: str


LiveAction = act.DeviceChange | act.SetMemory | act.GrowDisk


class DeviceSteps:
    """Returns what each change of a running guest is to libvirt."""

    def __init__(self, connection: LibvirtConnection) -> None:
        self._connection = connection

    def step(self, action: LiveAction) -> DomainStep:
        request, live = self._connection.request, Aspect.STATE | Aspect.LIVE
        match action:
            case act.AttachDisk(uuid, disk):
                return self._attach(uuid, f"disk {disk.name}", to_text(build_disk(disk)), (disk,))
            case act.AttachNic(uuid, nic):
                return self._attach(uuid, f"nic {nic.name}", _nic_text(nic))
            case act.DetachDisk(uuid, disk):
                return self._part(action, f"disk {disk.name}", to_text(build_disk(disk)))
            case act.DetachNic(uuid, nic):
                return self._part(action, f"nic {nic.name}", _nic_text(nic))
            case act.ReplugNic(uuid):
                return DomainStep(uuid, f"plug {action.nic.name} in again in", lambda d: self._replug(d, action), live)
            case act.SetLink(uuid, nic):
                doing = f"set the link of {nic.name} in"
                return DomainStep(uuid, doing, lambda d: request(d.updateDeviceFlags, _nic_text(nic), LIVE), live)
            case act.SetMemory(uuid, memory):
                return DomainStep(uuid, "give memory to", lambda d: request(d.setMemoryFlags, memory // 1024, LIVE), live)
            case act.SetVcpus(uuid, vcpus):
                return DomainStep(uuid, "set the CPUs of", lambda d: set_vcpus(request, d, vcpus), live)
            case act.ChangeMedium(uuid, disk):
                # A guest that mounted the medium locks the tray; the new medium goes in anyway.
                flags = LIVE | libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE
                change = lambda d: request(d.updateDeviceFlags, to_text(build_disk(disk)), flags)  # noqa: E731
                return DomainStep(uuid, f"change the medium of {disk.name} in", change, live)
            case act.LimitDisk(uuid, disk):
                limit = lambda d: request(d.setBlockIoTune, disk.target, block_io_tune(disk), LIVE)  # noqa: E731
                return DomainStep(uuid, f"limit disk {disk.name} of", limit, live)
            case act.ChangePassword(uuid, password):
                return DomainStep(uuid, "change the VNC password of", lambda d: self._change_password(d, password), live)
            case act.GrowDisk(uuid, path, size, target):
                flags = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES
                return DomainStep(uuid, f"grow {path} of", lambda d: request(d.blockResize, target or path, size, flags))

    def _attach(self, uuid: str, device: str, text: str, disks: Sequence[DiskConfig] = ()) -> DomainStep:
        def call(domain: Domain) -> object:
            check_headers(self._connection.uri, disks)
            return self._connection.request(domain.attachDeviceFlags, text, LIVE)

        return DomainStep(uuid, f"attach {device} to", call, Aspect.STATE | Aspect.LIVE)

    def _part(self, action: act.DetachDisk | act.DetachNic, device: str, text: str) -> DomainStep:
        def call(domain: Domain) -> object:
            return self._connection.request(domain.detachDeviceFlags, text, LIVE)

        return DomainStep(
            action.uuid,
            f"detach {device} from",
            call,
            Aspect.STATE | Aspect.LIVE,
            done=lambda seen: not has_device(seen, action),
        )

    def _replug(self, domain: Domain, action: act.ReplugNic) -> None:
        """Puts a nic's tap on its bridge again. libvirt does that only when the kind or source of the nic changes. So a nic of a
        network becomes one of that network's bridge for a moment. That also registers it with the network, which forgot its
        guests when it was stopped. If we are killed in between, the nic is connected, and bridged.py finds it. Later versions
        (11.3, not 9.0) move a tap only to a bridge of another name: there we put it back ourselves."""
        nic, request = action.nic, self._connection.request
        if nic.kind == "network":
            over = replace(nic, kind="bridge", source=action.bridge)
            with faults.around(PlugIntoBridge(nic.name)):
                request(domain.updateDeviceFlags, _nic_text(over), LIVE)
        request(domain.updateDeviceFlags, _nic_text(nic), LIVE)
        if is_local(self._connection.uri) and links.unplugged([Tap(nic.name, action.tap, action.bridge)]):
            try:
                links.plug(action.tap, action.bridge)
            except OSError as error:
                raise DriverError(f"{action.tap} cannot be put on bridge {action.bridge}: {error.strerror}") from error

    def _change_password(self, domain: Domain, password: SecretStr) -> None:
        root = parse_xml(self._connection.request(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_SECURE))
        self._connection.request(domain.updateDeviceFlags, to_text(with_password(root, password)), LIVE)


def _nic_text(nic: NicConfig) -> str:
    try:
        return to_text(build_nic(nic))
    except ValueError as error:
        raise Refused(str(error)) from error


def has_device(seen: ObservedDomain | None, action: act.DetachDisk | act.DetachNic) -> bool:
    if seen is None or seen.live is None:
        return False
    if isinstance(action, act.DetachDisk):
        return any(disk.target == action.disk.target for disk in seen.live.disks)
    return any(nic.mac == action.nic.mac for nic in seen.live.nics)
