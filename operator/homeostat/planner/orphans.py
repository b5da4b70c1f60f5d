"""Orphans: what is on a host because of us, and belongs to no resource any more. They are found and reported, never guessed
about."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from homeostat.models.base import IDENTITY

from .observed import ObservedDomain
from .placement import host_of

NO_DOMAIN = "no domain"
RETAINED = "retained"
"""Disks that stayed on purpose, or because nothing says that they belong to a machine that ran."""
ELSEWHERE = "machine elsewhere"
"""Disks that stayed, of a name that a machine on another host has now. Only files of that host are used by it."""
NETWORK = "network"
"""A libvirt network that we made."""


@dataclass(frozen=True, slots=True)
class MachineFolder:
    """One folder of the storage, as it is on disk."""

    namespace: str
    name: str
    path: str  # absolute
    disks: tuple[str, ...] = ()  # names of its disks: their files' without .qcow2
    created: bool = False  # its domain was defined, and was not torn down since
    kept_for: str = ""  # uid of the deployment whose next machine of the name gets the disks
    deletion: str = ""  # the resource as it was when its deletion began, as JSON

    @property
    def deleted_on(self) -> str:
        return _host_of_deletion(self.deletion)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A domain, its folder, or both; or a network. ``deletion`` is set where it was being deleted: that deletion may be
    completed."""

    namespace: str
    name: str
    state: str  # of the domain, in libvirt's words; NO_DOMAIN, RETAINED, ELSEWHERE
    domain: str = ""  # its name; empty: only files are left
    uuid: str = ""
    uid: str = ""  # identity of the machine that it was, by the record
    since: str = ""  # when the record was written last (RFC 3339); empty where it does not tell
    writer: str = ""  # which run of an operator wrote it
    directory: str = ""  # absolute; empty: there is none
    disks: tuple[str, ...] = ()
    deletion: str = ""
    network: str = ""  # its name on the host, of a network
    twin: bool = False  # its machine is placed on another host
    of_object: bool = False  # what it was was an object of a cluster, and only an object takes it up

    @property
    def alarming(self) -> bool:
        """Whether it is there although nobody decided that."""
        return self.state not in (RETAINED, ELSEWHERE)

    @property
    def deleted_on(self) -> str:
        """The host that it was being deleted on, where there are several. Only there its guest can be seen, and its deletion goes
        on. Empty: nothing names one."""
        return _host_of_deletion(self.deletion)


def find_orphans(
    instance: str,
    domains: Iterable[ObservedDomain],
    folders: Iterable[MachineFolder],
    machines: Mapping[str, tuple[str, str]],
    deployments: Collection[str],
    elsewhere: Collection[tuple[str, str]] = (),
    apart: Collection[tuple[str, str]] = (),
) -> tuple[Orphan, ...]:
    """Finds the orphans. ``machines``: namespace and name of all there are, on any host, by identity. ``deployments``: their
    uids. ``elsewhere``: namespaces and names of the machines that are on other hosts. ``apart``: those of them that are on hosts
    with folders of their own; a folder here that has the name of another one is that machine's."""
    by_place = {(folder.namespace, folder.name): folder for folder in folders}
    taken = set(machines.values()) - set(apart)
    of_twins = {place: folder for place, folder in by_place.items() if place in apart}
    found = list(_of_domains(instance, domains, by_place, of_twins, machines, elsewhere))
    told = {(orphan.namespace, orphan.name) for orphan in found}
    found += _of_folders(by_place, taken | told, deployments, apart)
    return tuple(sorted(found, key=lambda o: (o.namespace, o.name, o.uuid)))


@dataclass(frozen=True, slots=True)
class OrphansSeen:
    """What a host has that is not its own. ``unowned``: see the function. ``known``: whether it was looked for."""

    found: tuple[Orphan, ...] = ()
    unowned: tuple[str, ...] = ()
    known: bool = True


def unowned(
    domains: Iterable[ObservedDomain], machines: Mapping[str, tuple[str, str]], here: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """Returns the identities of machines whose domains are there, and that are not placed there: ``here`` are those that are.
    Unlike an orphan, such a domain may be of an earlier cluster, whose data were lost, and its machine may be declared again and
    wait for a host."""
    found = {domain.record.uid for domain in domains if domain.record is not None}
    return tuple(sorted(uid for uid in found if uid and machines.get(uid) not in here))


def _of_domains(
    instance: str,
    domains: Iterable[ObservedDomain],
    folders: Mapping[tuple[str, str], MachineFolder],
    of_twins: Mapping[tuple[str, str], MachineFolder],
    machines: Mapping[str, tuple[str, str]],
    elsewhere: Collection[tuple[str, str]],
) -> Iterator[Orphan]:
    """Yields the domains that no machine has, with their folders, and those whose machine is on another host, with
    ``of_twins``."""
    for domain in domains:
        if domain.record is None:
            continue
        place = machines.get(domain.record.uid)
        if place in elsewhere:  # whoever defined it here: it is a second one
            yield replace(_of_domain(domain, of_twins), twin=True)
        elif place is None and domain.record.instance == instance:
            yield _of_domain(domain, folders)


def _of_domain(domain: ObservedDomain, folders: Mapping[tuple[str, str], MachineFolder]) -> Orphan:
    record = domain.record
    assert record is not None
    folder = folders.get((record.namespace, record.name))
    return Orphan(
        record.namespace, record.name, domain.state.value, domain.name, domain.uuid, record.uid, record.written_at, record.writer,
        directory=folder.path if folder else "", disks=folder.disks if folder else (), deletion=folder.deletion if folder else "",
    )  # fmt: skip


def _of_folders(
    folders: Mapping[tuple[str, str], MachineFolder],
    known: Collection[tuple[str, str]],
    deployments: Collection[str],
    elsewhere: Collection[tuple[str, str]],
) -> Iterator[Orphan]:
    for place, folder in folders.items():
        if place in known or folder.kept_for in deployments or not (folder.disks or folder.deletion):
            continue
        state = ELSEWHERE if place in elsewhere else NO_DOMAIN if folder.created or folder.deletion else RETAINED
        yield Orphan(*place, state, directory=folder.path, disks=folder.disks, deletion=folder.deletion)


def why(orphan: Orphan) -> str:
    """Says why it is there, and stays."""
    if orphan.state == NETWORK:
        return "no Network declares it, and nothing is deleted by guess"
    if orphan.twin:
        return "its machine is placed on another host, where it is, or would be, a second one"
    if orphan.state == ELSEWHERE:
        return "the machine of its name is on another host, and its disks are there; these were kept"
    if host := orphan.deleted_on:
        return f"it was being deleted on host {host}; that goes on there, once it is served and nothing in the folder is in doubt"
    if orphan.deletion:
        return "it was being deleted; that goes on once nothing in the folder is in doubt"
    if not orphan.domain:
        return "its machine is gone, and its disks were kept" if orphan.state == RETAINED else "no resource declares its machine"
    return "no resource declares it, and nothing is deleted by guess"


def mend(orphan: Orphan) -> str:
    """Says what a person can do."""
    if orphan.state == NETWORK:
        name = orphan.network or orphan.name
        given = f"apply the Network again with the annotation `{_identity(orphan)}`"
        again = given if orphan.of_object else "write the Network again"
        return f"{again} (it finds it), or `virsh net-destroy {name}` and `virsh net-undefine {name}` on its host"
    if orphan.twin:
        return f"see on which host the machine shall be, shut the other guest down, and `virsh undefine {orphan.domain}` there"
    if orphan.state == ELSEWHERE:
        return f"move what you need out of {orphan.directory} on its host, and delete the rest by hand"
    where = "" if orphan.namespace == "default" else f" -n {orphan.namespace}"
    if host := orphan.deleted_on:
        lost = f"remove {orphan.directory}/deleting.json, then `homeostat delete orphan {orphan.name}{where}`"
        return f"give `homeostat up` --host {host}=URI among the others; if that host is no more, {lost}"
    if orphan.of_object:
        return f"{_declared_again(orphan)}; to be rid of it, delete that machine then"
    found = "it finds its domain and disks" if orphan.domain else "it finds its disks"
    return f"write the machine again ({found}), or `homeostat delete orphan {orphan.name}{where}`"


def _declared_again(orphan: Orphan) -> str:
    """Says how an object finds it. Each object has a uid of its own, so that a name alone finds no domain."""
    if not orphan.domain:
        return "apply the machine again, for that host (it finds its disks)"
    return f"apply the machine again with the annotation `{_identity(orphan)}` (it finds its domain and disks)"


def _identity(orphan: Orphan) -> str:
    return f"{IDENTITY}: {orphan.namespace}/{orphan.name}/{orphan.uid or 'IDENTITY'}"


def _host_of_deletion(note: str) -> str:
    try:
        return host_of(json.loads(note)["metadata"].get("finalizers") or ()) or ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
