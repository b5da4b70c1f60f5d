"""What can go wrong on a host.

    DriverError                 it failed; trying again later may help
     ├─ HostUnreachable         no connection to libvirt
     ├─ DomainGone              the domain is not there any more
     ├─ ResourceInUse           a port, file or address is taken by something else
     ├─ NoSpace                 the disk is full
     └─ Refused                 libvirt or QEMU will not do this until the spec or the host changes

``str(error)`` is for a person: what happened, and what to do next.
"""

from __future__ import annotations


class DriverError(Exception):
    """``reason`` is one CamelCase word for conditions and events."""

    reason = "HostError"


class HostUnreachable(DriverError):
    reason = "HostUnreachable"


class DomainGone(DriverError):
    reason = "DomainGone"


class ResourceInUse(DriverError):
    reason = "ResourceInUse"


class NoSpace(DriverError):
    reason = "NoSpace"


class Refused(DriverError):
    reason = "Refused"
