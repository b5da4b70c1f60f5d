"""A running domain, on a connection of its own: what somebody looks at is not to wait for what the operator does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import libvirt

from ..connection import eventloop
from ..errors import DomainGone, HostUnreachable, Refused

NO_QEMU = (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR)
"""Codes of what libvirt says of a monitor, the socket to a QEMU, while the domain counts as running and has no QEMU any more:
"monitor must not be NULL", "Unable to read from monitor", "End of file from qemu monitor"."""


@contextmanager
def running_domain(uri: str, uuid: str, once: str = "its console opens") -> Iterator[Any]:
    """Yields libvirt's handle of a domain, and closes the connection after that. Blocks. ``once``: what happens once it runs, for
    people.

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
            raise Refused(f"{domain.name()} is not running: {once} once it is started")
        yield domain
    finally:
        connection.close()


def check_runs(domain: Any, error: libvirt.libvirtError, once: str) -> None:
    """Checks that libvirt refused something for another reason than that the domain, which ran before, runs no more. ``once``: as
    for ``running_domain``.

    Raises:
        Refused: it went off.
    """
    if _went_off(domain, error):
        raise Refused(f"{domain.name()} went off: {once} once it is started") from error


def _went_off(domain: Any, error: libvirt.libvirtError) -> bool:
    code = error.get_error_code()
    if code == libvirt.VIR_ERR_OPERATION_INVALID or (code in NO_QEMU and "monitor" in error.get_error_message()):
        return True
    try:
        return not domain.isActive()
    except libvirt.libvirtError:  # it is defined no more
        return True
