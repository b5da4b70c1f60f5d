"""What a libvirt host of plain values does with actions. It normalizes as libvirt does (the machine type's version, memory in
KiB, in MiB once it runs), and refuses what libvirt refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.domain import DomainConfig, DomainType
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.planner.machine.storage.disk_source import foreign_sources, unnamed_disks
from homeostat.planner.observed import (
    DomainState,
    HostFacts,
    ImagePhase,
    MovedDisk,
    Observed,
    ObservedChain,
    ObservedDisk,
    ObservedDomain,
    ObservedImage,
    ObservedPort,
    ObservedStorage,
    RememberedActs,
    Restore,
    Secret,
    Tap,
)
from homeostat.planner.plan import Stalled
from tests.unit.domains import Domain, Refused, check_boot_order, check_free, sectors, take_port

ROOT = "/state"
SINCE, UNTIL = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"  # of whatever is set aside
GIB = 2**30
HOST = HostFacts(
    name="local",
    reachable=True,
    uri="qemu:///system",
    domain_types=frozenset({DomainType.QEMU, DomainType.KVM}),
    memory=8 * GIB,
    cpus=4,
    storage_root=ROOT,
    networks=frozenset({"default"}),
    bridges=frozenset({"br0"}),
)


@dataclass
class ActingHost:
    host: HostFacts = HOST
    domain: Domain | None = None
    clash: ObservedDomain | None = None
    disks: dict[str, ObservedDisk] = field(default_factory=dict)
    images: dict[str, ObservedImage] = field(default_factory=dict)
    image_size: int = GIB
    unreadable: set[str] = field(default_factory=set)  # files
    seeds: set[str] = field(default_factory=set)
    created: bool = False
    noted: str | None = None  # the resource whose deletion was noted down
    moved: tuple[MovedDisk, ...] = ()  # where others put disks, as noted down
    moved_problem: str = ""  # that note cannot be understood
    restored: str | None = None  # the token of a restore, as noted down
    restored_before: set[str] = field(default_factory=set)
    named: Restore | Stalled | None = None  # what restoreFrom names
    restores: list[act.RestoreSnapshot] = field(default_factory=list)
    reclaimable: tuple[str, ...] = ()  # disks that are to be deleted with the machine
    trash: dict[str, TrashEntry] = field(default_factory=dict)
    trashed: dict[tuple[str, str], ObservedDisk] = field(default_factory=dict)  # by entry and name
    obedient: bool = True  # whether the guest shuts down when it is asked to
    agent: bool = False  # the guest's listens
    deaf_to: frozenset[bool] = frozenset()  # ways to ask (by_agent) that it does not hear
    disk_full: bool = False
    starts: int = 0
    pid: str = ""  # names a run for certain, beside the number of starts
    released: bool = False
    kept: act.KeepDisks | None = None  # what is noted down in its folder
    secrets: dict[str, Secret] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)  # files of the machine's folder that another's domain has
    ports: dict[str, ObservedPort] = field(default_factory=dict)
    lost_folders: set[str] = field(default_factory=set)
    balloon: int = 0  # what the running guest was left with
    driver: bool = True  # its guest has the balloon's
    renameable: bool = True  # it has no snapshots
    unplugged: dict[str, str] = field(default_factory=dict)  # nics of what runs, and why
    wall: datetime | None = None  # what the host's clock shows
    quirks: dict[str, Any] = field(default_factory=dict)  # what the hypervisor makes of any definition once it runs

    def observe(self, machine: VirtualMachine, memory: RememberedActs) -> Observed:
        domain = self._observed_domain() if self.host.reachable else None
        root, created = self.host.storage_root, self.created
        chains = {source: self.chain(source) for source in foreign_sources(machine, domain, root, self.moved)}
        unnamed = {disk: self._overlays(disk) for disk in unnamed_disks(machine, domain, root)}
        return Observed(
            host=self.host,
            domain=domain,
            clash=self.clash,
            storage=ObservedStorage(
                dict(self.images),
                dict(self.disks),
                frozenset(self.seeds),
                created,
                chains,
                unnamed,
                deletion_noted=self.noted is not None,
                reclaimable=frozenset(self.reclaimable) if created else frozenset(),
                trash=tuple(self.trash.values()),
                moved=() if self.moved_problem else self.moved,
                moved_problem=self.moved_problem,
                restored=self.restored,
                restored_before=frozenset(self.restored_before),
            ),
            restore=self.named,
            memory=memory,
            secrets=self.secrets,
            others=self.others,
            strangers=self.strangers,
            lost_folders=self.lost_folders,
            ports=self.ports,
            wall=self.wall,
        )

    def chain(self, source: str) -> ObservedChain:
        """As the headers of the files tell it; every file but the images can be missing."""
        files: list[ObservedDisk] = []
        path: str | None = source
        while path is not None and not path.startswith(f"{ROOT}/images/"):
            if path not in self.disks:
                return ObservedChain(tuple(files), missing=path)
            if path in self.unreadable:
                return ObservedChain(tuple(files), problem=f"{path} cannot be read")
            files.append(self.disks[path])
            path = files[-1].backing
        return ObservedChain(tuple(files))

    def _overlays(self, disk: str) -> tuple[str, ...]:
        beside = disk.rpartition("/")[0]
        chains = {path: self.chain(path).files for path in self.disks if path != disk and path.rpartition("/")[0] == beside}
        return tuple(path for path, files in chains.items() if any(file.path == disk for file in files))

    def _observed_domain(self) -> ObservedDomain | None:
        domain = self.domain
        if domain is None:
            return None
        ours = domain.record is not None
        return ObservedDomain(
            name=domain.name,
            uuid=domain.uuid,
            state=domain.state,
            reason=domain.reason,
            persistent=domain.config is not None,
            autostart=domain.autostart,
            managed_save=domain.saved is not None,
            record=domain.record,
            # Asked for the definition of a transient domain, libvirt shows what runs.
            config=(domain.config or domain.live) if ours else None,
            live=domain.live if ours else None,
            run=f"{self.starts}-{self.pid}".removesuffix("-") if domain.active else "",
            agent=self.agent and domain.active,
            taps=tuple(Tap(nic.name, f"vnet-{nic.name}", "virbr0") for nic in domain.live.nics) if domain.live else (),
            balloon=self.balloon if domain.live else 0,
            unplugged=dict(self.unplugged) if domain.live else {},
        )

    # What actions do

    def apply(self, action: Action) -> None:
        """Raises:
        Refused: as libvirt would.
        """
        match action:
            case act.FetchImage(image):
                self.images[image.key] = ObservedImage(ImagePhase.FETCHING)
            case act.CreateDisk(path, size, backing):
                if path in self.disks:
                    raise Refused(f"{path} exists")
                self.disks[path] = ObservedDisk(path, sectors(size or self.image_size), backing)
            case act.GrowDisk(_, path, size, target):
                self._grow(path, size, target)
            case act.WriteSeed(path) | act.CopyBoot(path):
                self.seeds.add(path)
            case act.DefineDomain(config):
                self._define(config)
            case act.MarkCreated() | act.NoteDisks() | act.NoteMoved() | act.NoteDeletion() | act.ForgetDeletion():
                self._write_note(action)
            case act.WriteRecord(_, record):
                self._own().record = record
            case act.SetAutostart(_, enabled):
                self.set_autostart(enabled)
            case act.StartDomain(_, paused):
                self._start(paused)
            case act.ShutdownDomain(_, _, by_agent):
                if by_agent not in self.deaf_to:
                    self._ask_to_shut_down()
            case act.PowerOffDomain():
                self._end("destroyed")
            case act.PauseDomain():
                self.pause("user")
            case act.ResumeDomain():
                self.resume()
            case act.SaveDomain():
                self.save()
            case act.DiscardSave():
                self._own().saved = None
            case _ if isinstance(action, act.DeviceChange | act.SetMemory):
                self._change_live(action)
            case act.RenameDomain(_, name):
                self._rename(name)
            case act.UndefineDomain():
                if self._own().active:
                    raise Refused("it still runs")
                self.domain = None
            case act.DeleteFile() | act.KeepDisks() | act.DeleteDirectory() | act.SetAside() | act.TakeBack():
                self._change_folder(action)
            case act.NoteRestored() | act.RestoreSnapshot():
                self._restore(action)
            case act.ReleaseResource():
                self.released = True

    def _write_note(
        self, action: act.MarkCreated | act.NoteDisks | act.NoteMoved | act.NoteDeletion | act.ForgetDeletion
    ) -> None:
        match action:
            case act.MarkCreated(_, _, disks):
                self.created, self.reclaimable = True, disks
            case act.NoteMoved(_, moved):
                self.moved, self.moved_problem = moved, ""
            case act.NoteDisks(_, disks):
                self.reclaimable = disks
            case act.NoteDeletion(_, resource):
                self.noted = resource
            case act.ForgetDeletion():
                self.noted = None

    def _own(self) -> Domain:
        if self.domain is None:
            raise Refused("there is no such domain")
        return self.domain

    def _running(self) -> Domain:
        domain = self._own()
        if not domain.active:
            raise Refused("domain is not running")
        return domain

    def _define(self, config: DomainConfig) -> None:
        assert config.record is not None
        if self.clash is not None and self.clash.name == config.name:
            raise Refused("the name is taken")
        versions = {"q35": "pc-q35-7.2", "pc": "pc-i440fx-7.2"}
        kept = replace(config, machine=versions.get(config.machine, config.machine), memory=-(-config.memory // 1024) * 1024)
        kept = replace(kept, record=None)
        if self.domain is None:
            self.domain = Domain(config.uuid, config.name, kept, config.record)
            return
        if (self.domain.uuid, self.domain.name) != (config.uuid, config.name):
            raise Refused(f"domain {self.domain.name} is already defined with uuid {config.uuid}")
        self.domain.config, self.domain.record = kept, config.record

    def _start(self, paused: bool) -> None:
        domain = self._own()
        if domain.active or domain.config is None:
            raise Refused("domain is already running")
        for disk in domain.config.disks:
            if disk.device == "disk" and disk.source not in self.disks and disk.source not in self.seeds:
                domain.reason = "failed"
                raise Refused(f"cannot access {disk.source}")
        boot = domain.config.kernel
        for path in (boot.kernel, boot.initramfs) if boot is not None and boot.copies else ():
            if path is not None and boot is not None and boot.given(path) not in self.seeds:
                domain.reason = "failed"
                raise Refused(f"cannot access {boot.given(path)}")
        domain.live, was = domain.saved or (domain.config, DomainState.RUNNING)
        domain.live = replace(domain.live, memory=-(-domain.live.memory // 2**20) * 2**20, **self.quirks)
        domain.state = DomainState.PAUSED if paused else was
        # libvirt leaves a machine that was saved while paused as one that waits for its migration.
        domain.reason = "booted" if domain.state is DomainState.RUNNING else "user" if paused else "migration"
        domain.saved, domain.asked = None, False
        self.balloon = (domain.live.balloon or 0) if self.driver else 0
        self.starts += 1

    def _restore(self, action: act.RestoreSnapshot | act.NoteRestored) -> None:
        self.restored_before |= {self.restored} if self.restored is not None else set()
        self.restored = action.token
        if isinstance(action, act.NoteRestored):
            return
        domain = self._own()
        if not action.memory and (domain.active or domain.saved):
            raise Refused("its disks are in use")
        if action.memory and not domain.active:
            self._start(paused=False)
        self.restores.append(action)

    def _rename(self, name: str) -> None:
        domain = self._own()
        if domain.active or domain.config is None:
            raise Refused("cannot rename active domain")
        if self.renameable:
            domain.name, domain.config = name, replace(domain.config, name=name)

    def _ask_to_shut_down(self) -> None:
        domain = self._own()
        if domain.state is not DomainState.RUNNING:
            raise Refused("domain is not running")  # so says libvirt of a paused one too
        domain.asked = True

    def _end(self, reason: str) -> None:
        domain = self._running()
        domain.state, domain.reason, domain.live, domain.asked = DomainState.SHUTOFF, reason, None, False
        if domain.config is None:
            self.domain = None

    def _grow(self, path: str, size: int, target: str | None) -> None:
        disk, domain = self.disks[path], self.domain
        in_use = {d.source: d.target for d in domain.live.disks} if domain and domain.live else {}
        if in_use.get(path) != target:
            raise Refused(f"{path} is in use")
        if size < disk.virtual_size:
            raise Refused("a disk cannot shrink")
        self.disks[path] = replace(disk, virtual_size=sectors(size))

    def _change_folder(self, action: act.DeleteFile | act.KeepDisks | act.DeleteDirectory | act.SetAside | act.TakeBack) -> None:
        match action:
            case act.SetAside():
                self._set_aside(action)
            case act.TakeBack(entry, name, path, moved=moved):
                self.moved += (moved,) if moved else ()
                self._take_back(entry, name, path)
            case act.DeleteFile(path):
                del self.disks[path]
            case act.KeepDisks():
                self.kept = action
            case act.DeleteDirectory():
                self.seeds.clear()
                self.created, self.kept, self.noted, self.restored, self.restored_before = False, None, None, None, set()
                self.moved = tuple(m for m in self.moved if any(path.endswith(f"/{m.name}.qcow2") for path in self.disks))

    def _set_aside(self, action: act.SetAside) -> None:
        before = self.trash.get(action.entry)
        disks = {disk.name: disk for disk in before.disks} if before else {}
        for name, path in action.disks:
            if name in disks:
                raise Refused(f"{action.entry} holds another {name}")
            found = self.trashed[action.entry, name] = self.disks.pop(path)
            moved = next((m for m in action.moved if m.name == name), MovedDisk(name, "", ""))
            disks[name] = TrashedDisk(name, path, 1, found.virtual_size, found.backing, moved.source, moved.format)
        self.trash[action.entry] = TrashEntry(
            action.entry, action.namespace, action.name, action.uid, action.reason, SINCE, UNTIL, action.returns,
            disks=tuple(disks.values()),
        )  # fmt: skip

    def _take_back(self, entry: str, name: str, path: str) -> None:
        if path in self.disks:
            raise Refused(f"{path} exists")
        self.disks[path] = replace(self.trashed.pop((entry, name)), path=path)
        left = tuple(disk for disk in self.trash[entry].disks if disk.name != name)
        self.trash[entry] = replace(self.trash[entry], disks=left)
        if not left:
            del self.trash[entry]

    def _change_live(self, action: Action) -> None:
        domain = self._running()
        live = domain.live
        assert live is not None and (self.host.attach or isinstance(action, act.SetMemory))  # that is no device
        match action:
            case act.AttachDisk(_, disk):
                check_free(live, disk)
                if disk.source not in self.disks:
                    raise Refused(f"cannot access {disk.source}")
                domain.live = replace(take_port(live, disk.bus == "virtio"), disks=(*live.disks, disk))
            case act.DetachDisk(_, disk):
                freed = disk.bus == "virtio"
                kept_disks = tuple(d for d in live.disks if d.target != disk.target)
                domain.live = replace(live, disks=kept_disks, spare_pci_ports=live.spare_pci_ports + freed)
            case act.ChangeMedium(_, disk):
                new = tuple(replace(d, source=disk.source) if d.target == disk.target else d for d in live.disks)
                domain.live = replace(live, disks=new)
            case act.LimitDisk(_, disk):
                new = tuple(replace(d, limits=disk.limits) if d.target == disk.target else d for d in live.disks)
                domain.live = replace(live, disks=new)
            case act.AttachNic(_, nic):
                if any(n.mac == nic.mac for n in live.nics):
                    raise Refused("the MAC is in use")
                check_boot_order(live, nic)
                domain.live = replace(take_port(live, nic.model in ("virtio", "e1000e")), nics=(*live.nics, nic))
            case act.SetMemory(_, memory):
                left = memory if memory < live.memory else 0
                self.balloon = left if self.driver else self.balloon
            case act.SetVcpus(_, vcpus):
                if vcpus > live.vcpus:
                    raise Refused("requested vcpus is greater than max allowable vcpus for the live domain")
                domain.live = replace(live, vcpus_left=vcpus if vcpus < live.vcpus else None)
            case act.ReplugNic(_, nic):
                self.unplugged.pop(nic.name, None)
            case act.SetLink(_, nic):
                domain.live = with_link(live, nic.name, up=not nic.down)
            case act.ChangePassword(_, password):
                if live.vnc is None or live.vnc.password is None:
                    raise Refused("it was started without a password")
                domain.live = replace(live, vnc=replace(live.vnc, password=password))
            case act.DetachNic(_, nic):
                freed = nic.model in ("virtio", "e1000e")
                kept = tuple(n for n in live.nics if n.mac != nic.mac)
                domain.live = replace(live, nics=kept, spare_pci_ports=live.spare_pci_ports + freed)

    def change_password(self, password: str) -> None:
        """Somebody else does, with virsh."""
        self._change_live(act.ChangePassword("", SecretStr(password), ""))


def with_link(config: DomainConfig, nic: str, *, up: bool) -> DomainConfig:
    return replace(config, nics=tuple(replace(n, down=None if up else True) if n.name == nic else n for n in config.nics))
