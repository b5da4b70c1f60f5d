"""PlacedFiles: a folder whose machines are spread over several hosts. The index holds where each machine is placed.

Where the index is lost, the hosts are asked what they have before any machine is placed again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from homeostat.models.base import Key, Model
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.placement import host_finalizer, host_of, hosts_of
from homeostat.store.errors import Invalid

from ..index import orphans
from ..index.index import Index, next_version, set_setting
from ..index.removal import remove
from .hosts import read_hosts, write_hosts
from .store import FilesStore

log = logging.getLogger(__name__)

_WHEREABOUTS = "whereabouts"
_ADDRESSES = "hosts"
_LOST = "lost"


def noted_addresses(index: Index) -> Mapping[str, str]:
    """Returns the libvirts of the hosts that this index was served with, by name. Empty: it was always one host's."""
    found: Mapping[str, str] = json.loads(index.setting(_ADDRESSES) or "{}")
    return found


def forget_hosts(index: Index, but: str) -> None:
    """Drops what is known of hosts that machines were spread over, since there is only the one ``but`` now. Nobody would keep it
    true. A host that a document declares stays, without its status."""
    with index.transaction() as database:
        for row in index.rows(Host.KIND):
            if row.file is None:
                remove(database, row.key)
            elif row.status is not None:
                database.execute(
                    "UPDATE resources SET status=NULL, version=? WHERE kind=? AND namespace=? AND name=?",
                    (next_version(database), *row.key),
                )
        for host in orphans.read_orphans(index):
            if host != but:
                orphans.drop_orphans(database, host)


class PlacedFiles(FilesStore):
    """A PlacedStore. All hosts open one state folder, so each of them finds the disks of every machine."""

    def status_form(self, status: Model) -> Mapping[str, Any]:
        """Returns a status in the form that the index holds."""
        form: Mapping[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        return form

    async def refuse(self, key: Key, error: Invalid) -> None:
        """Reports a resource that an older version accepted. What people write now is refused where they wrote it."""
        log.warning("%s: %s", key, error)

    async def release(self, key: Key, uid: str, *, only: str = "") -> None:
        """Releases a resource. ``only``: removes just this one of our finalizers."""
        if only:
            self._change(key, uid, lambda found: [finalizer for finalizer in found if finalizer != only])
        else:
            await super().release(key, uid)

    async def hold(self, key: Key, uid: str, finalizers: Collection[str]) -> bool:
        """Adds finalizers. Returns whether the resource has them now."""
        held = self._change(key, uid, lambda found: [*found, *(finalizer for finalizer in finalizers if finalizer not in found)])
        return set(finalizers) <= set(held)

    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine on a host. That the host is used is noted first, where a lost index does not lose it."""
        hosts = read_hosts(self.state)
        if host in hosts and not hosts[host].used:
            write_hosts(self.state, {**hosts, host: replace(hosts[host], used=True)})
        wanted = host_finalizer(host)
        there = wanted in self._change(key, uid, lambda found: found if hosts_of(found) else [*found, wanted])
        if there:
            self._forget_whereabouts(key)
        return there

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Does nothing: no disk binds a machine to a host, since all hosts open the state folder."""

    def displace(self, key: Key) -> None:
        """Removes the placement of a machine that was taken off its host."""
        if (row := self.index.row(key)) is not None:
            self._change(key, row.uid, lambda found: [one for one in found if not hosts_of([one])])

    def take_up(self, machine: VirtualMachine) -> bool:
        """Goes on with a deletion as any folder does. The machine may be placed at once: then its placement says where it is."""
        taken = super().take_up(machine)
        if taken and hosts_of(machine.metadata.finalizers):
            self._forget_whereabouts(machine.key)
        return taken

    def placed(self) -> Mapping[Key, str | None]:
        """Returns the host of every machine."""
        return {row.key: host_of(json.loads(row.finalizers)) for row in self.index.rows(VirtualMachine.KIND)}

    def _change(self, key: Key, uid: str, change: Callable[[list[str]], list[str]]) -> list[str]:
        """Changes the finalizers of a resource, and returns them. Empty: it has gone."""
        with self.index.transaction() as database:
            row = self.index.row(key)
            if row is None or row.uid != uid:
                return []
            before: list[str] = json.loads(row.finalizers)
            after = change(before)
            if after != before:
                version = next_version(database)
                database.execute(
                    "UPDATE resources SET finalizers=?, version=?, changed=? WHERE kind=? AND namespace=? AND name=?",
                    (json.dumps(after), version, version, key.kind, key.namespace, key.name),
                )
        return after

    # What hosts have without a placement: domains from before the index was lost, and of machines that were given up

    @property
    def hosts_asked(self) -> bool:
        """Whether all hosts were asked what they have, since this index was made."""
        return self.index.setting(_WHEREABOUTS) is not None

    @property
    def addresses(self) -> Mapping[str, str]:
        """Returns the libvirts of the hosts that were served, by name, for when hosts.json is lost."""
        return noted_addresses(self.index)

    def note_addresses(self, libvirts: Mapping[str, str]) -> None:
        """Notes libvirts by the names of their hosts. Hosts that are not among them keep theirs."""
        noted = json.dumps({**self.addresses, **libvirts})
        if noted != self.index.setting(_ADDRESSES):
            with self.index.transaction() as database:
                set_setting(database, _ADDRESSES, noted)

    @property
    def lost(self) -> Collection[str]:
        """Returns machines as NAMESPACE/NAME that had a domain when neither an index nor hosts.json was there to say where."""
        found: Collection[str] = json.loads(self.index.setting(_LOST) or "[]")
        return found

    def note_lost(self, machines: Iterable[str]) -> None:
        if noted := sorted(machines):
            with self.index.transaction() as database:
                set_setting(database, _LOST, json.dumps(noted))

    def whereabouts(self, identity: str) -> Sequence[str]:
        """Returns the hosts that may have the domain of a machine that is not placed."""
        found: Sequence[str] = json.loads(self.index.setting(f"{_WHEREABOUTS}:{identity}") or "[]")
        return found

    def note_whereabouts(self, found: Mapping[str, Sequence[str]]) -> None:
        """Notes hosts by the identity of the machine. From then on the hosts count as asked."""
        with self.index.transaction() as database:
            set_setting(database, _WHEREABOUTS, "known")
            for identity, hosts in found.items():
                set_setting(database, f"{_WHEREABOUTS}:{identity}", json.dumps(hosts))

    def _forget_whereabouts(self, key: Key) -> None:
        """Forgets them: the machine is placed, and its placement says where it is."""
        row = self.index.row(key)
        machine = self.resource(row) if row is not None and row.kind == VirtualMachine.KIND else None
        if isinstance(machine, VirtualMachine) and self.whereabouts(machine.identity):
            with self.index.transaction() as database:
                set_setting(database, f"{_WHEREABOUTS}:{machine.identity}", None)
