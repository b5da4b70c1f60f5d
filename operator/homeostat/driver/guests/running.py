"""A running domain, on a connection of its own: what somebody looks at is not to wait for what the operator does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import libvirt

from ..connection import eventloop
from ..errors import DomainGone, HostUnreachable, Refused


@contextmanager
def running_domain(uri: str, uuid: str) -> Iterator[Any]:
    """Yields libvirt's handle of a domain, and closes the connection after that. Blocks.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        Refused: it does not run.
    """
    eventloop.ensure_running()
    try:
        connection = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise HostUnreachable(f"cannot connect to {uri}: {error.get_error_message()}") from error
    try:
        try:
            domain = connection.lookupByUUIDString(uuid)
            active = domain.isActive()
        except libvirt.libvirtError as error:
            raise DomainGone(f"the domain {uuid} is not there: {error.get_error_message()}") from error
        if not active:
            raise Refused(f"{domain.name()} is not running: its console opens once it is started")
        yield domain
    finally:
        connection.close()
