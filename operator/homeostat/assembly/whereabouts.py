"""Finds out which host has which machine where the index does not say. The hosts are asked, and nothing is guessed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from homeostat.driver.storage.folders import DELETION
from homeostat.driver.survey.survey import same_libvirt
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.disk_file import disk_folder, named_disk_path
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.observed import ObservedDomain
from homeostat.planner.plan import Waiting
from homeostat.runtime.disk.observe import has_disk
from homeostat.runtime.hypervisor import Domains
from homeostat.runtime.machine.placement import runs_twice
from homeostat.runtime.machine.status import ON_ANOTHER_HOST
from homeostat.store.errors import StateError
from homeostat.store.files.hosts import KnownHost, read_hosts, write_hosts
from homeostat.store.files.placing import PlacedFiles, noted_addresses
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore

CREATED = "created"  # the file that marks a machine's folder, see planner.actions.MarkCreated
POLL_SECONDS = 0.5  # seconds between checks whether every host can be asked
RETRY_SECONDS = 10.0  # seconds until a machine is reconciled again that another host seems to have


class Whereabouts:
    """Knows which host has a machine that is not placed. While an index is new, no machine is placed before every host that may
    have machines was asked."""

    def __init__(self, store: PlacedFiles, hosts: Mapping[str, Domains], instance: str, room: StateFolder | None = None) -> None:
        """Takes the hosts that are served, by name. ``room``: the state folder that the store's is a copy of."""
        self._store, self._hosts, self._instance = store, hosts, instance
        self._room = room or store.state
        self.settled = False  # whether the hosts have reported, so that machines can be spread over them
        self._may_be_used = is_marked(self._room)

    @property
    def known(self) -> bool:
        """Whether the hosts were asked: what is neither placed nor noted is nowhere."""
        return self._store.hosts_asked

    def located(self, machine: VirtualMachine) -> str | Waiting | None:
        """Returns the host that has a machine's domain, see runtime.machine.placement.Located."""
        if not (self.known and self.settled):
            return Waiting("HostsNotAsked", self.unasked or "the hosts are asked what they have", RETRY_SECONDS)
        uuid = domain_uuid(machine.identity)
        told = [(host, orphan.uuid) for host, orphans in self._store.all_orphans().items() for orphan in orphans]
        noted = {*self._store.whereabouts(machine.identity), *(host for host, known in told if known == uuid)}
        unseen = {name for name in noted & read_hosts(self._store.state).keys() if not self._reachable(name)}
        found = {name for name in self._hosts if self._has(name, uuid)} | unseen
        if len(found) > 1:
            where = " and ".join(sorted(found))
            why = (
                f"its domain is on hosts {where}. If these are two names of one libvirt, name it once; else undefine the domain "
                "that shall not be, with its guest shut down"
            )
            return Waiting("OnSeveralHosts", why, RETRY_SECONDS)
        return next(iter(found)) if found else self._unfound(machine)

    def located_disk(self, disk: Disk) -> str | Waiting | None:
        """Returns the host whose domain has the file of a Disk that is not placed; see runtime.disk.placement.DiskLocated. All
        hosts open the same file, so it matters only who has it open."""
        if not (self.known and self.settled):
            return Waiting("HostsNotAsked", self.unasked or "the hosts are asked what they have", RETRY_SECONDS)
        meta, root = disk.metadata, str(self._room.root)
        path, folder = (make(root, meta.namespace, meta.name) for make in (named_disk_path, disk_folder))
        asked = {name: host for name, host in self._hosts.items() if host.facts.reachable}
        having = [name for name, host in asked.items() if has_disk(host, path, folder)]
        if len(having) > 1:
            why = f"machines on hosts {' and '.join(having)} have its file: shut one of them down, and undefine its domain"
            return Waiting("OnSeveralHosts", why, RETRY_SECONDS)
        if having or not os.path.lexists(folder):
            return next(iter(having), None)
        if away := self.away:
            why = f"its file is there, and a machine on host {' or on host '.join(away)}, which cannot be asked, may have it"
            return Waiting("HostsNotAsked", why, RETRY_SECONDS)
        if lost := sorted(self._lost()) if disk.deleting else ():
            why = f"its file is there, and machine {' or machine '.join(lost)}, which no named host has, may have it"
            return Waiting("HostsNotAsked", f"{why}: name all hosts with --host", RETRY_SECONDS)
        return next(iter(asked), None) if disk.deleting else None

    def _lost(self) -> set[str]:
        """Returns the machines, as namespace/name, that were defined on a host that may not be named."""
        found = {
            f"{domain.record.namespace}/{domain.record.name}"
            for name, host in self._hosts.items()
            for domain in (host.domains() if self._reachable(name) else ())
            if domain.record is not None and domain.record.instance == self._instance
        }
        machines = self._room.root / "machines"
        return {place for place in self._store.lost if place not in found and (machines / place / CREATED).exists()}

    def _unfound(self, machine: VirtualMachine) -> Waiting | None:
        """Returns why a machine that no host has may be on a host that is not named, since neither an index nor hosts.json was
        there to say where it is. None: it is nowhere."""
        namespace, name = machine.metadata.namespace, machine.metadata.name
        folder = self._room.root / "machines" / namespace / name
        marker = folder / CREATED
        if f"{namespace}/{name}" not in self._store.lost or not marker.exists():
            return None
        if machine.deleting and (folder / DELETION).exists():
            return None  # a deletion goes on where its note says
        why = (
            f"its folder says that it was defined, and none of the hosts {', '.join(self._hosts)} has it. It may be on another: "
            f"name all hosts with --host, or, if its domain is gone for good, remove {marker}"
        )
        return Waiting("HostsNotAsked", why, RETRY_SECONDS)

    def elsewhere(self, machine: VirtualMachine, host: str) -> Waiting | None:
        """Returns why a machine without a domain must not be made on ``host``: another host has its domain."""
        uuid = domain_uuid(machine.identity)
        other = next((name for name in self._hosts if name != host and self._has(name, uuid)), None)
        if other is None:
            return None
        why = f"its domain is on host {other}, and it is placed on host {host}, where it would be a second one"
        return Waiting(ON_ANOTHER_HOST, f"{why}: undefine the one there, with its guest shut down", RETRY_SECONDS)

    def runs_elsewhere(self, machine: VirtualMachine, host: str) -> Waiting | None:
        """Returns why a machine must not be started on ``host``, where it has a domain: another host runs it."""
        uuid = domain_uuid(machine.identity)
        for name in self._hosts:
            if name != host and (twin := self._domain(name, uuid)) is not None and twin.state.active:
                return runs_twice(twin.name, name, host, RETRY_SECONDS)
        return None

    async def ask(self) -> None:
        """Asks the hosts what they have. Waits until all of them can be asked."""
        while not self.known:
            if self.unasked:
                await asyncio.sleep(POLL_SECONDS)
                continue
            found: dict[str, list[str]] = {}
            for name, host in self._hosts.items():
                for domain in host.domains() if host.facts.reachable else ():
                    if domain.record is not None and domain.record.instance == self._instance:
                        found.setdefault(domain.record.uid, []).append(name)
            use_hosts(self._store.state, {name for names in found.values() for name in names})
            self._store.note_whereabouts(found)

    def give_up(self, machine: VirtualMachine, host: str) -> None:
        """Notes that a machine is let go while its domain stays on a host. A machine of its name finds it again."""
        self._store.note_whereabouts({machine.identity: [host]})

    @property
    def unasked(self) -> str:
        """Which hosts must be asked and cannot be, in words. Empty: none."""
        if self.known:
            return ""
        missing = self.away
        if not missing:
            return ""
        said = [
            f"{name} ({self._hosts[name].facts.error})" if name in self._hosts else f"{name}, which no --host names"
            for name in missing
        ]
        return (
            f"the index is new, and it may be on host {' or on host '.join(said)}: nothing is placed before that is known. If a "
            f"host is no more, take it out of {self._room.hosts_file} and start anew"
        )

    @property
    def away(self) -> Sequence[str]:
        """The hosts that may have machines, and cannot be asked."""
        known = read_hosts(self._store.state)
        return [name for name, host in known.items() if (host.used or self._may_be_used) and not self._reachable(name)]

    def _reachable(self, name: str) -> bool:
        return name in self._hosts and self._hosts[name].facts.reachable

    def _has(self, name: str, uuid: str) -> bool:
        return self._domain(name, uuid) is not None

    def _domain(self, name: str, uuid: str) -> ObservedDomain | None:
        """Returns a domain of ours, as the host reported it last. None: there is none, or the host cannot be asked."""
        domain = self._hosts[name].domain(uuid) if self._reachable(name) else None
        ours = domain is not None and domain.record is not None and domain.record.instance == self._instance
        return domain if ours else None


def is_marked(room: StateFolder) -> bool:
    """Tells whether the folder of some machine says that it has a domain."""
    return any(room.root.glob(f"machines/*/*/{CREATED}"))


def take_hosts(store: PlacedFiles, served: Mapping[str, str], room: StateFolder | None = None) -> list[str]:
    """Remembers which hosts are served, and their libvirts. Hosts that had machines and are not named any more stay known.
    Returns what people should hear about them. ``room``: the state folder that the store's is a copy of.

    Raises:
        StateError: a machine may be on a libvirt that none of them is.
    """
    room, placed = room or store.state, {host for host in store.placed().values() if host is not None}
    known = _remembered(store, placed)
    here = any(same_libvirt(room.libvirt, uri) for uri in served.values())
    if not known and room.libvirt and not here and (is_marked(room) or _has_domains(store)):
        raise StateError(
            f"the machines of {room.root} are on {room.libvirt}, which no --host names: add --host NAME={room.libvirt}, or take "
            "them off it with `homeostat down` first"
        )
    for name, uri in served.items():
        former = next(
            (one for one, host in known.items() if same_libvirt(host.uri, uri) and host.used and one not in served), None
        )
        if former is not None:
            raise StateError(
                f"{uri} was host {former}, where machines are, and is to be host {name}: name it --host {former}={uri}"
            )
        before = known.get(name)
        if before is not None and before.used and not same_libvirt(before.uri, uri):
            raise StateError(
                f"host {name} was {before.uri}, where machines are, and is to be {uri}: give that another name, or, if it is the "
                f"same host under a new address, write it into {room.hosts_file}"
            )
    if not known and not room.libvirt and not store.hosts_asked:
        store.note_lost(f"{path.parts[-3]}/{path.parts[-2]}" for path in room.root.glob(f"machines/*/*/{CREATED}"))
    left = {name: replace(host, served=False) for name, host in known.items() if name not in served and host.used}
    taken = {name: KnownHost(uri, used=name in placed or (name in known and known[name].used)) for name, uri in served.items()}
    write_hosts(store.state, taken | left)
    store.note_addresses({name: host.uri for name, host in (taken | left).items()})
    store.state.forget_libvirt()  # else one that has some of the machines would pass for the one that has all
    told = left.items() if not store.hosts_asked else [(name, host) for name, host in left.items() if name in placed]
    return [f"no --host names {name} ({host.uri}), and machines are on it: nobody looks after them" for name, host in told]


def _remembered(store: PlacedFiles, placed: Collection[str]) -> dict[str, KnownHost]:
    """Returns the hosts that are known. A host that a machine is placed on is used. Where hosts.json is lost, the index has the
    addresses of these, and of all that were served while it was not known what they have."""
    known, addresses = read_hosts(store.state), store.addresses
    may_have = placed if store.hosts_asked else addresses.keys()
    found = {name: replace(host, used=host.used or name in placed) for name, host in known.items()}
    if not known:
        found |= {name: KnownHost(uri, used=True) for name, uri in addresses.items() if name in may_have}
    return found


def use_hosts(room: StateFolder, names: Collection[str]) -> None:
    """Notes that machines are on these hosts."""
    known = read_hosts(room)
    write_hosts(room, known | {name: replace(known[name], used=True) for name in names if name in known})


def take_libvirt(store: FilesStore, uri: str, *, remember: bool) -> None:
    """Remembers the one libvirt that the machines are on.

    Raises:
        StateError: machines were made, on another libvirt that is remembered, or nobody knows where: none is remembered, and the
            index is new, or of several hosts. They would be made a second time.
    """
    room, several = store.state, {} if store.state.libvirt else noted_addresses(store.index)
    elsewhere = room.libvirt or several or not store.index.rows(VirtualMachine.KIND)
    if not same_libvirt(room.libvirt, uri) and is_marked(room) and elsewhere:
        where = f"are on {room.libvirt}" if room.libvirt else "may be elsewhere: neither an index nor hosts.json says where"
        if several:
            where = (
                f"may be on the hosts that were served: {', '.join(f'{name} ({libvirt})' for name, libvirt in several.items())}"
            )
        raise StateError(
            f"the machines of {room.root} {where}, and would be made a second time on {uri}. Take them off there with "
            "`homeostat down` first. If they were on several hosts, name all of these with --host; if all of them are on "
            f"{uri}, as where it is the same libvirt, write that into {room.root}/libvirt"
        )
    if remember:
        room.remember_libvirt(uri)


def free_hosts(store: PlacedFiles, hosts: Mapping[str, Domains]) -> None:
    """Marks hosts as unused that have nothing of ours any more. The next `up` may leave them out."""
    instance, known = str(store.state.instance_id), read_hosts(store.state)
    free = [name for name, host in hosts.items() if host.facts.reachable and not _ours(host, instance)]
    write_hosts(store.state, known | {name: replace(known[name], used=False) for name in free if name in known})


def _ours(host: Domains, instance: str) -> bool:
    return any(domain.record is not None and domain.record.instance == instance for domain in host.domains())


def _has_domains(store: PlacedFiles) -> bool:
    return any(machine.status is not None and machine.status.domain_uuid for machine in store.readable(VirtualMachine))
