"""Whether a libvirt is the one that the machines of a Host are on. A name says little: two servers may be called alike, and the
address of a Host may be edited. On another libvirt every machine would be made a second time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from homeostat.driver.host import LibvirtHost
from homeostat.driver.survey.survey import is_local, same_libvirt
from homeostat.models.base import API_GROUP
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.placement import host_of

ACCEPTED = f"{API_GROUP}/accept-place"
"""An annotation of a Host: a person says that its machines are to be made where it is served now. The value is the mark of that
place, so that it accepts no other one later."""


def place_of(uri: str, folder: str) -> str:
    """Returns what tells a libvirt from others: its address; of a local one also ``folder``, the identity of the state folder, as
    each server has a local one."""
    return f"{uri} {folder}" if is_local(uri) else uri


def mark_of(place: str) -> str:
    """Returns a short name of a place, for an annotation."""
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def is_known(host: Host, place: str) -> bool:
    """Tells whether a Host says that it was served there last, or a person accepts the place. One may say nothing, as before its
    first operator, after one of an earlier version, or where the cluster's definition has no place for it."""
    before = host.status.place if host.status else ""
    if host.metadata.annotations.get(ACCEPTED) == mark_of(place):
        return True
    (uri, _, folder), (other, _, theirs) = place.partition(" "), before.partition(" ")
    return folder == theirs and same_libvirt(uri, other)


class LibvirtRecognition:
    """Judges libvirts. Remembers on which one a host is refused, as long as nothing changes."""

    def __init__(self, hosts: Callable[[], Iterable[Host]], machines: Callable[[], Iterable[VirtualMachine]]) -> None:
        self._hosts, self._machines = hosts, machines
        self._refused: dict[str, tuple[str, tuple[str, ...]]] = {}  # by host: the place, and the domains that were not there

    def is_refused(self, name: str, place: str) -> bool:
        """Tells whether a host was refused there, so that its lease is left to whoever serves it where its machines are."""
        return self._refused.get(name) == (place, self.in_doubt(name, place))

    def in_doubt(self, name: str, place: str) -> tuple[str, ...]:
        """Returns the domains that the machines of a host had, where that may have been served on another libvirt."""
        host = self._host(name)
        if host is None or is_known(host, place):
            return ()
        placed = (one.status for one in self._machines() if host_of(one.metadata.finalizers) == name)
        return tuple(sorted(status.domain_uuid for status in placed if status is not None and status.domain_uuid))

    def refusal(self, name: str, place: str, libvirt: LibvirtHost) -> str:
        """Says why a host is not served on a libvirt that was opened: what its machines had is not there. Empty: it is served."""
        missing, host = self.in_doubt(name, place), self._host(name)
        if not missing or host is None:
            return ""
        if not libvirt.facts.reachable:
            return f"host {name} is not served before it is known whether it has its machines: {libvirt.facts.error}"
        if any(libvirt.domain(uuid) is not None for uuid in missing):
            return ""
        self._refused[name] = (place, missing)
        return _refusal(host, place, len(missing))

    def _host(self, name: str) -> Host | None:
        return next((host for host in self._hosts() if host.metadata.name == name), None)


def _refusal(host: Host, place: str, machines: int) -> str:
    """Says why a Host is not served there, and what to do."""
    name, before = host.metadata.name, host.status.place if host.status else ""
    return (
        f"host {name} is not served on {_words(place)}: its machines ({machines} with a domain) are on {_words(before)}, and "
        "none of their domains is here, so they would be made a second time. Give this operator another --host name, or the Host "
        "its former address. Only if those domains are gone for good, and they are to be made here: "
        f"kubectl annotate --overwrite vmhost {name} {ACCEPTED}={mark_of(place)}"
    )


def _words(place: str) -> str:
    if not place:
        return "a libvirt that its status does not name"
    uri, _, folder = place.partition(" ")
    return f"{uri} (the operator with the state folder of instance-id {folder})" if folder else uri
