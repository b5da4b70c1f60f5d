"""What can go wrong on a host.

    DriverError                 it failed; trying again later may help
     ├─ HostUnreachable         no connection to libvirt
     │   └─ PermissionDenied    libvirt is there, and refuses us
     ├─ DomainGone              the domain is not there any more
     ├─ DomainChanged           others changed it while we were about to
     ├─ ResourceInUse           something else has the port, file or address
     ├─ NoSpace                 the disk is full
     ├─ NoMemory                the host cannot give the machine its memory
     ├─ NetworkMissing          a network or bridge is not there, or not up
     ├─ NotAnswering            QEMU does not answer
     ├─ GuestHolds              the running guest does not do its part of a change
     └─ Refused                 libvirt or QEMU will not do this until the spec or the host changes
         ├─ NameTaken           another domain has the name or uuid
         ├─ SaveOutdated        its memory was saved with a disk on another file
         ├─ SaveDamaged         QEMU cannot go on with its saved memory
         └─ HeaderAltered       the header of a disk names a file that nobody put below it

``str(error)`` is for a person: what happened, and what to do next.
"""

from __future__ import annotations


class DriverError(Exception):
    """Something failed on a host. ``reason`` is one CamelCase word for conditions and events. ``told``: the status of what it was
    done for says so."""

    reason = "HostError"
    told = False


class HostUnreachable(DriverError):
    reason = "HostUnreachable"


class PermissionDenied(HostUnreachable):
    reason = "PermissionDenied"


class DomainGone(DriverError):
    reason = "DomainGone"


class DomainChanged(DriverError):
    reason = "DomainChanged"


class ResourceInUse(DriverError):
    reason = "ResourceInUse"


class NoSpace(DriverError):
    reason = "NoSpace"


class NoMemory(DriverError):
    reason = "NoMemory"


class NetworkMissing(DriverError):
    reason = "NetworkMissing"


class NotAnswering(DriverError):
    reason = "NotAnswering"


class GuestHolds(DriverError):
    reason = "GuestHolds"


class Refused(DriverError):
    reason = "Refused"


class EntryGone(Refused):
    """What was in the trash is there no more."""


class NameTaken(Refused):
    reason = "NameTaken"


class SaveOutdated(Refused):
    reason = "SaveOutdated"


class SaveDamaged(Refused):
    reason = "SaveDamaged"


class DiskReplaced(Refused):
    """Another file lies where a disk of a running machine was."""

    reason = "DiskReplaced"


class HeaderAltered(Refused):
    reason = "DiskHeaderAltered"
