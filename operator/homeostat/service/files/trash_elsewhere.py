"""What is set aside on the hosts of a cluster whose files are not in the state folder here, as their operators reported it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from homeostat.models.host import Host, HostTrashed
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.store.files.serving import libvirt_beside
from homeostat.store.files.state import StateFolder


@dataclass(frozen=True, slots=True)
class Trashed:
    """An entry of a trash. ``host``: where it is; empty: in the state folder here."""

    entry: TrashEntry
    kind: str
    host: str = ""
    api: str = ""  # address of the API beside the host; empty: none is known


@dataclass(frozen=True, slots=True)
class HostsAround:
    """The hosts of a cluster, as seen from a state folder. ``here``: those whose files are in it."""

    here: frozenset[str]
    elsewhere: Sequence[Host]

    @classmethod
    def seen_from(cls, state: StateFolder, hosts: Iterable[Host]) -> HostsAround:
        """Tells them apart by their operators, which say on their state folder whom they serve."""
        known = [(host, host.status.operator) for host in hosts if host.status is not None]
        here = {host.metadata.name for host, operator in known if libvirt_beside(state, host.metadata.name, operator) is not None}
        return cls(frozenset(here), [host for host, _ in known if host.metadata.name not in here])

    def trash(self) -> list[Trashed]:
        """Returns what is set aside elsewhere, oldest first. Hosts that one operator serves share a trash, which counts once, on
        the first of them."""
        found: dict[tuple[str, str], Trashed] = {}
        for host in sorted(self.elsewhere, key=lambda host: host.metadata.name):
            status = host.status
            assert status is not None
            for said in status.trash:
                one = Trashed(_entry(said), said.of, host.metadata.name, status.api)
                found.setdefault((status.operator or host.metadata.name, said.entry), one)
        return sorted(found.values(), key=lambda one: (one.entry.since, one.entry.entry, one.host))


def _entry(said: HostTrashed) -> TrashEntry:
    disks = tuple(TrashedDisk(disk.name, disk.path, disk.size, disk.virtual_size, disk.backing) for disk in said.disks)
    return TrashEntry(
        said.entry,
        said.namespace,
        said.name,
        said.uid,
        said.reason,
        said.since,
        said.until,
        said.returns,
        said.macs,
        disks,
        said.note,
    )
