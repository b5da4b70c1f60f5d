"""The screen of a running domain: a socket to its QEMU that speaks RFB (RFC 6143), whether its VNC server listens or not."""

from __future__ import annotations

import socket

import libvirt

from ..errors import DriverError, Refused
from .running import running_domain


def open_screen(uri: str, uuid: str) -> socket.socket:
    """Opens a connection to the VNC server of a domain. It asks for no password: whoever looks was let in before. Blocks for 1 to
    50 ms.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        Refused: it does not run.
        DriverError: it has no VNC server, or its libvirt is not of this host.
    """
    with running_domain(uri, uuid) as domain:
        try:
            handle = domain.openGraphicsFD(0, libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:  # it has ended meanwhile
                raise Refused(error.get_error_message()) from error
            said = f"the screen of {domain.name()} cannot be opened: {error.get_error_message()}"
            raise DriverError(f"{said}. It takes a VNC server, and a libvirt of this host, over its socket") from error
        return socket.socket(fileno=handle)
