"""What `up` will do to one machine, all of it: each plan is carried out in thought, and the next one is made from the result.

Pure. The plans are those of ``plan_machine``. Guests are assumed to do what they are asked to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from homeostat.models.machine import VirtualMachine

from ... import actions as act
from ...actions import Action
from ...changes.hotplug import plugged, unplugged_disk, unplugged_nic
from ...domain import DiskConfig, DomainConfig
from ...files.trash import TrashEntry
from ...observed import DomainState, ImagePhase, Observed, ObservedDisk, ObservedDomain, ObservedImage, ObservedStorage
from ...plan import Plan
from ..memory import keep_asking, note, recall
from ..plan import plan_machine
from ..storage.storage import SECTOR

ROUNDS = 12  # more than any machine takes
T = TypeVar("T")


def foresee(machine: VirtualMachine, observed: Observed, now: float, fetched: Mapping[str, ObservedImage]) -> Plan:
    """Returns all steps from what was observed to their end, as one plan. Its outcome and what waits are those at the end.

    ``fetched``: what each image will be once it is fetched, by ImageRef.key.
    """
    return foreseen(machine, observed, now, fetched)[0]


def foreseen(
    machine: VirtualMachine, observed: Observed, now: float, fetched: Mapping[str, ObservedImage]
) -> tuple[Plan, Observed]:
    """Returns the same as ``foresee``, and what will be observed then."""
    plans: list[Plan] = []
    while len(plans) < ROUNDS:
        observed = replace(observed, memory=recall(observed.memory, observed.domain, now))
        plan = plan_machine(machine, observed, now)
        if plan.actions and any(plan.actions == earlier.actions for earlier in plans):
            break  # it waits for something that is not known here
        plans.append(plan)
        if not plan.actions or any(isinstance(action, act.ReleaseResource) for action in plan.actions):
            break
        observed = replace(observed, memory=keep_asking(observed.memory, plan, now))
        for action in plan.actions:
            observed = after(action, observed, fetched)
            observed = replace(observed, memory=note(observed.memory, action, now))
    return joined(plans), observed


def joined(plans: Sequence[Plan]) -> Plan:
    """Returns plans that are carried out one after the other as one. Its outcome and what waits are those of the last."""
    return replace(
        plans[-1],
        actions=tuple(action for plan in plans for action in plan.actions),
        changes=_all_of(plan.changes for plan in plans),
        drift=_all_of(plan.drift for plan in plans),
        moved=_all_of(plan.moved for plan in plans),
        aside=_all_of(plan.aside for plan in plans),
        notes=_all_of(plan.notes for plan in plans),
    )


def _all_of(parts: object) -> tuple[T, ...]:
    return tuple(dict.fromkeys(one for part in parts for one in part))  # type: ignore[attr-defined]


def after(action: Action, observed: Observed, fetched: Mapping[str, ObservedImage]) -> Observed:
    """Returns what will be observed once the action is carried out."""
    storage = _stored(action, observed.storage, fetched)
    if storage is not observed.storage:
        return replace(observed, storage=storage)
    match action:
        case act.DefineDomain(config):
            return replace(observed, domain=_defined(config, observed.domain))
        case act.UndefineDomain():
            return replace(observed, domain=None)
    domain = observed.domain
    return observed if domain is None else replace(observed, domain=_domain(action, domain))


def _defined(config: DomainConfig, domain: ObservedDomain | None) -> ObservedDomain:
    if domain is not None:
        return replace(domain, name=config.name, config=config, record=config.record, persistent=True)
    return ObservedDomain(config.name, config.uuid, DomainState.SHUTOFF, "unknown", True, False, False, config.record, config)


def _domain(action: Action, domain: ObservedDomain) -> ObservedDomain | None:
    match action:
        case act.WriteRecord(record=record):
            return replace(domain, record=record)
        case act.SetAutostart(enabled=enabled):
            return replace(domain, autostart=enabled)
        case act.RenameDomain(name=name):
            return replace(domain, name=name)
        case act.StartDomain(paused=paused):
            state = DomainState.PAUSED if paused else DomainState.RUNNING
            run = f"{domain.run}+"
            balloon = domain.config.balloon or 0 if domain.config else 0
            live = domain.saved or domain.config
            went_on = replace(domain, state=state, reason="booted", live=live, managed_save=False, saved=None)
            return replace(went_on, run=run, balloon=balloon)
        case act.ShutdownDomain():
            return _off(domain, "shutdown")
        case act.PowerOffDomain():
            return _off(domain, "destroyed")
        case act.SaveDomain():
            return _off(replace(domain, managed_save=True, saved=domain.live), "saved")
        case act.DiscardSave():
            return replace(domain, managed_save=False, saved=None)
        case act.PauseDomain():
            return replace(domain, state=DomainState.PAUSED, reason="user")
        case act.ResumeDomain():
            return replace(domain, state=DomainState.RUNNING, reason="unpaused")
        case act.SetMemory(memory=memory):
            return replace(domain, balloon=memory if domain.live and memory < domain.live.memory else 0)
    return domain if domain.live is None else replace(_plugged(action, domain), live=_live(action, domain.live))


def _off(domain: ObservedDomain, reason: str) -> ObservedDomain | None:
    if not domain.persistent:
        return None
    return replace(domain, state=DomainState.SHUTOFF, reason=reason, live=None, taps=(), unplugged={}, balloon=0, pid=None)


def _plugged(action: Action, domain: ObservedDomain) -> ObservedDomain:
    if not isinstance(action, act.ReplugNic):
        return domain
    return replace(domain, unplugged={nic: why for nic, why in domain.unplugged.items() if nic != action.nic.name})


def _live(action: Action, live: DomainConfig) -> DomainConfig:
    """Returns what runs then."""
    match action:
        case act.SetVcpus(vcpus=vcpus):
            return replace(live, vcpus_left=vcpus if vcpus < live.vcpus else None)
        case act.AttachDisk(disk=disk):
            return plugged(disk, live)
        case act.ChangeMedium(disk=disk) | act.LimitDisk(disk=disk):
            return replace(live, disks=_put(live.disks, disk))
        case act.DetachDisk(disk=disk):
            return unplugged_disk(disk.target, live)
        case act.AttachNic(nic=nic):
            return plugged(nic, live)
        case act.DetachNic(nic=nic):
            return unplugged_nic(nic.name, live)
        case act.SetLink(nic=nic):
            return replace(live, nics=tuple(replace(n, down=nic.down) if n.name == nic.name else n for n in live.nics))
        case act.ChangePassword(password=password) if live.vnc is not None:
            return replace(live, vnc=replace(live.vnc, password=password))
    return live


def _put(disks: Sequence[DiskConfig], disk: DiskConfig) -> tuple[DiskConfig, ...]:
    if all(other.name != disk.name for other in disks):
        return (*disks, disk)
    return tuple(disk if other.name == disk.name else other for other in disks)


def _stored(action: Action, storage: ObservedStorage, fetched: Mapping[str, ObservedImage]) -> ObservedStorage:
    match action:
        case act.FetchImage(image):
            found = fetched.get(image.key, ObservedImage(ImagePhase.READY, "", "qcow2"))
            return replace(storage, images={**storage.images, image.key: found})
        case act.CreateDisk(path, size, backing):
            base = next((image.virtual_size for image in storage.images.values() if image.path == backing), 0)
            # The size of an image that was not fetched yet is not known; no size at all would mean that it is no qcow2 file.
            return replace(storage, disks={**storage.disks, path: ObservedDisk(path, _sectors(size or base or 1), backing)})
        case act.GrowDisk(path=path, size=size) if path in storage.disks:
            return replace(storage, disks={**storage.disks, path: replace(storage.disks[path], virtual_size=_sectors(size))})
        case act.WriteSeed(path) | act.CopyBoot(path):
            return replace(storage, seeds=storage.seeds | {path})
        case act.MarkCreated(disks=disks):
            return replace(storage, created=True, reclaimable=frozenset(disks))
        case act.NoteDisks(disks=disks):
            return replace(storage, reclaimable=frozenset(disks))
        case act.NoteMoved(disks=moved):
            return replace(storage, moved=moved, moved_problem="")
        case act.NoteRestored(token=token) | act.RestoreSnapshot(token=token):
            before = storage.restored_before | ({storage.restored} if storage.restored is not None else set())
            return replace(storage, restored=token, restored_before=before)
        case act.NoteDeletion() | act.ForgetDeletion():
            return replace(storage, deletion_noted=isinstance(action, act.NoteDeletion))
        case act.DeleteFile(path):
            return _without(storage, [path])
        case act.SetAside(disks=disks):
            return _without(storage, [path for _, path in disks])
        case act.TakeBack():
            return _taken_back(storage, action)
        case act.DeleteDirectory():
            return replace(storage, created=False, deletion_noted=False, reclaimable=frozenset(), seeds=frozenset())
    return storage


def _sectors(size: int) -> int:
    return -(-size // SECTOR) * SECTOR  # as qemu-img makes it


def _without(storage: ObservedStorage, paths: Sequence[str]) -> ObservedStorage:
    return replace(storage, disks={path: disk for path, disk in storage.disks.items() if path not in paths})


def _taken_back(storage: ObservedStorage, action: act.TakeBack) -> ObservedStorage:
    def left(entry: TrashEntry) -> TrashEntry:
        return replace(entry, disks=tuple(disk for disk in entry.disks if disk.name != action.disk))

    entry = next(entry for entry in storage.trash if entry.entry == action.entry)
    disk = next(disk for disk in entry.disks if disk.name == action.disk)
    back = ObservedDisk(action.path, disk.virtual_size, disk.backing)
    rest = tuple(left(known) if known is entry else known for known in storage.trash)
    return replace(storage, disks={**storage.disks, action.path: back}, trash=tuple(entry for entry in rest if entry.disks))
