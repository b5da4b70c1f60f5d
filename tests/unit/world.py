"""A libvirt host as plain values, with one machine on it: what it does with actions (``acting_host``), and what guests and other
people do. No I/O and no waiting: the clock is a number."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import file_name
from homeostat.planner.domain import Record
from homeostat.planner.machine.identity import domain_name, domain_uuid
from homeostat.planner.observed import REVERTED, DomainState, ImagePhase, ObservedDisk, ObservedDomain, ObservedImage
from tests.unit.acting_host import GIB, HOST, ROOT, SINCE, UNTIL, ActingHost, with_link
from tests.unit.domains import Refused, copied, nothing, on_file

__all__ = ["GIB", "HOST", "ROOT", "SINCE", "UNTIL", "World", "namesake", "uuid_of", "with_link"]


@dataclass
class World(ActingHost):
    # What passes by itself

    def tick(self) -> bool:
        """Fetches arrive, and an obedient guest that was asked to shut down does. Whether anything happened."""
        fetching = [key for key, image in self.images.items() if image.phase is ImagePhase.FETCHING]
        for key in fetching:
            self.images[key] = ObservedImage(ImagePhase.READY, f"{ROOT}/images/{file_name(key)}", "qcow2", self.image_size)
        domain = self.domain
        if domain and domain.active and domain.asked and self.obedient and domain.state is DomainState.RUNNING:
            self._end("shutdown")
            return True
        return bool(fetching)

    # What guests do

    def crash(self) -> None:
        """Also what libvirt says when QEMU was killed."""
        self._end("crashed")

    def shut_itself_down(self) -> None:
        self._end("shutdown")

    def fail_io(self) -> None:
        self.pause("ioerror")

    # What other people do

    def destroy(self) -> None:
        self._end("destroyed")

    def undefine(self) -> None:
        """virsh undefine --managed-save: what runs goes on."""
        domain = self._own()
        domain.config, domain.autostart, domain.saved = None, False, None
        if not domain.active:
            self.domain = None

    def pull_cable(self, nic: str) -> None:
        """virsh domif-setlink down, live and --config."""
        domain = self._running()
        assert domain.live and domain.config
        domain.live, domain.config = with_link(domain.live, nic, up=False), with_link(domain.config, nic, up=False)

    def pause(self, reason: str = "user") -> None:
        domain = self._running()
        domain.state, domain.reason = DomainState.PAUSED, reason

    def resume(self) -> None:
        domain = self._running()
        if self.disk_full and domain.reason == "ioerror":
            raise Refused("it cannot go on")
        domain.state, domain.reason = DomainState.RUNNING, "unpaused"

    def start(self) -> None:
        self._start(paused=False)

    def save(self) -> None:
        domain = self._running()
        assert domain.live is not None
        if domain.config is None:
            raise Refused("cannot do managed save for transient domain")
        kept = domain.live, domain.state
        self._end("saved")
        domain.saved = kept

    def snapshot(self, name: str, file: str, *, live: bool = True, config: bool = True) -> None:
        """virsh snapshot-create-as --disk-only --no-metadata of one disk: it goes on in an overlay."""
        self.put_on(name, file, live=live, config=config, leans=True)

    def put_on(self, name: str, file: str, *, live: bool = True, config: bool = True, leans: bool = False) -> None:
        """virsh blockcopy --pivot, or somebody's edit of the definition: the disk goes on in another file."""
        domain = self._own()
        now = next(disk for disk in (domain.live or domain.config or nothing()).disks if disk.name == name)
        assert now.source is not None
        self.disks[file] = ObservedDisk(file, self.disks[now.source].virtual_size, now.source if leans else None)
        self.point(name, file, live=live, config=config)

    def point(self, name: str, file: str, *, live: bool = True, config: bool = True) -> None:
        """The file is there already: `virsh blockcommit --active --pivot`, or an edit."""
        domain = self._own()
        if live and domain.live:
            domain.live = on_file(domain.live, name, file)
        if config and domain.config:
            domain.config = on_file(domain.config, name, file)

    def take_snapshot(self) -> None:
        """virsh snapshot-create: internal."""
        domain = self._own()
        domain.snapshot = replace(domain, snapshot=None)

    def revert(self) -> None:
        """virsh snapshot-revert: definition, record and power of that time."""
        now = self._own()
        if now.snapshot is None or now.snapshot.config is None or now.config is None:
            raise Refused("there is no snapshot")
        kept = now.snapshot
        self.domain = replace(kept, snapshot=kept, autostart=now.autostart, reason=REVERTED, saved=None, asked=False)
        if self.domain.active:
            self.domain.state = DomainState.RUNNING
            self.starts += 1

    def edit(self, **values: object) -> None:
        """virsh edit."""
        domain = self._own()
        if domain.config is None:
            raise Refused("it is transient")
        domain.config = replace(domain.config, **values)  # type: ignore[arg-type]

    def edit_live(self, **values: object) -> None:
        """virsh attach-device or detach-device --live."""
        domain = self._running()
        assert domain.live is not None
        domain.live = replace(domain.live, **values)  # type: ignore[arg-type]

    def set_autostart(self, enabled: bool) -> None:
        if self._own().config is None:
            raise Refused("it is transient")
        self._own().autostart = enabled

    def restart_libvirtd(self) -> None:
        """It forgets why domains are off."""
        if self.domain and not self.domain.active:
            self.domain.reason = "unknown"

    def copy(self) -> World:
        """What it is made of is frozen, but for the domain and the collections."""
        held = {f.name: value.copy() for f in fields(self) if isinstance(value := getattr(self, f.name), dict | list | set)}
        return replace(self, domain=copied(self.domain), **held)


def namesake(machine: VirtualMachine, record: Record | None = None) -> ObservedDomain:
    """Somebody else's domain of the machine's name."""
    uuid = "00000000-1111-2222-3333-444444444444"
    return ObservedDomain(domain_name(machine), uuid, DomainState.RUNNING, "booted", True, False, False, record, None)


def uuid_of(machine: VirtualMachine) -> str:
    return domain_uuid(machine.metadata.uid)
