"""What is changed of a guest while it runs, and what its definition is until that is done."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from ...actions import (
    Action,
    AttachDisk,
    AttachNic,
    ChangeMedium,
    ChangePassword,
    DetachDisk,
    DetachNic,
    LimitDisk,
    SetLink,
    SetVcpus,
)
from ...changes.changes import VNC_PASSWORD
from ...changes.hotplug import HELD
from ...domain import DomainConfig, NicConfig
from ...plan import Change, Disruption

TRIES = 3  # after which a change that the guest refused waits for a restart


def asked_of_guest(action: Action) -> str:
    """Returns the field that an action changes, where the guest has to do its part; empty: it has none."""
    match action:
        case DetachDisk(disk=disk):
            return f"disks[{disk.name}]"
        case DetachNic(nic=nic):
            return f"nics[{nic.name}]"
        case SetVcpus():
            return "resources.vcpu"
    return ""


def given_up(changes: Sequence[Change], refused: Mapping[str, int]) -> tuple[Change, ...]:
    """Returns the differences to what runs. What the guest has refused to do often enough waits for a restart."""
    return tuple(
        replace(change, new=f"{change.new} ({HELD})", disruption=Disruption.NEEDS_RESTART)
        if change.disruption is Disruption.LIVE and refused.get(change.field, 0) >= TRIES
        else change
        for change in changes
    )


def without_live(want: DomainConfig, defined: DomainConfig) -> DomainConfig:
    """Returns the wanted definition with the devices, the CPUs and the memory that it has now. A device is defined once the
    running guest has it, and stays defined until the guest has let go of it."""
    left = defined.vcpus_left if want.vcpus == defined.vcpus else want.vcpus_left
    balloon = defined.balloon if want.memory == defined.memory else want.balloon
    return replace(want, disks=defined.disks, nics=defined.nics, vnc=defined.vnc, vcpus_left=left, balloon=balloon)


def live_actions(uuid: str, running: DomainConfig, want: DomainConfig, pending: Sequence[Change]) -> tuple[Action, ...]:
    """Returns the action for every live change of the running guest."""
    names = {c.field for c in pending if c.disruption is Disruption.LIVE}
    drives = {disk.name: disk for disk in running.disks}
    actions: list[Action] = []
    if "resources.vcpu" in names:
        count = want.vcpus_left or want.vcpus
        actions.append(SetVcpus(uuid, count, f"resources.vcpu is {count}"))
    if VNC_PASSWORD in names and want.vnc and want.vnc.password:
        actions.append(ChangePassword(uuid, want.vnc.password, f"{VNC_PASSWORD} changed"))
    for disk in want.disks:
        if f"disks[{disk.name}]" in names:
            # Without its place in the boot order, which a device of the running guest may still have.
            actions.append(AttachDisk(uuid, replace(disk, boot_order=None), f"disks[{disk.name}] was added"))
        elif f"disks[{disk.name}].image" in names:
            # The drive stays as it runs, since nothing else of it can be changed now.
            drive = replace(drives[disk.name], source=disk.source, format=disk.format, chain=None, shared=disk.shared)
            actions.append(ChangeMedium(uuid, drive, f"disks[{disk.name}].image changed"))
        if f"disks[{disk.name}].limits" in names:
            limited = replace(drives[disk.name], limits=disk.limits)
            actions.append(LimitDisk(uuid, limited, f"disks[{disk.name}].limits changed"))
    actions += _detached_disks(uuid, running, want, names)
    wanted = {nic.name for nic in want.nics}
    for nic in running.nics:
        if nic.name not in wanted and f"nics[{nic.name}]" in names:
            actions.append(DetachNic(uuid, nic, f"nics[{nic.name}] was removed"))
    for nic in want.nics:
        if f"nics[{nic.name}]" in names:
            actions.append(AttachNic(uuid, replace(nic, boot_order=None), f"nics[{nic.name}] was added"))
        elif f"nics[{nic.name}].linkState" in names:
            have = next(other for other in running.nics if other.name == nic.name)  # nothing else of it can be changed now
            actions.append(SetLink(uuid, replace(have, down=nic.down), f"nics[{nic.name}]: its link is to be {_up_or_down(nic)}"))
    return tuple(actions)


def _detached_disks(uuid: str, running: DomainConfig, want: DomainConfig, names: Container[str]) -> Iterator[DetachDisk]:
    wanted = {disk.name for disk in want.disks}
    for disk in running.disks:
        if disk.name not in wanted and f"disks[{disk.name}]" in names:
            yield DetachDisk(uuid, disk, f"disks[{disk.name}] was removed")


def _up_or_down(nic: NicConfig) -> str:
    return "down" if nic.down else "up"
