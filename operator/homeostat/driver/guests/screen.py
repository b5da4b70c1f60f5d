"""The screen of a running domain: a socket to its QEMU that speaks RFB (RFC 6143), whether its VNC server listens or not; or one
picture."""

from __future__ import annotations

import socket

import libvirt

from ..errors import DriverError
from .running import check_runs, running_domain

SHOWN = "its screen shows something"
PICTURE_MAX = 64 * 1024 * 1024  # bytes


def open_screen(uri: str, uuid: str) -> socket.socket:
    """Opens a connection to the VNC server of a domain. It asks for no password: whoever looks was let in before. Blocks for 1 to
    50 ms.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        Refused: it does not run.
        DriverError: it has no VNC server, or its libvirt is not of this host.
    """
    with running_domain(uri, uuid, SHOWN) as domain:
        try:
            handle = domain.openGraphicsFD(0, libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH)
        except libvirt.libvirtError as error:
            check_runs(domain, error, SHOWN)
            said = f"the screen of {domain.name()} cannot be opened: {error.get_error_message()}"
            raise DriverError(f"{said}. It takes a VNC server, and a libvirt of this host, over its socket") from error
        return socket.socket(fileno=handle)


def take_picture(uri: str, uuid: str) -> bytes:
    """Takes one picture of a domain's screen, as PNG, or as PPM of a QEMU before 7.1. Blocks for 35 to 100 ms.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        Refused: it does not run.
        DriverError: it has no screen, or one that is too large.
    """
    with running_domain(uri, uuid, SHOWN) as domain:
        taken = bytearray()

        def take(_stream: object, part: bytes, _opaque: object) -> int:
            taken.extend(part)
            return -1 if len(taken) > PICTURE_MAX else 0

        try:
            stream = domain.connect().newStream()
            domain.screenshot(stream, 0)
            stream.recvAll(take, None)
            stream.finish()
        except libvirt.libvirtError as error:
            if len(taken) > PICTURE_MAX:
                raise DriverError(f"the picture of {domain.name()} has more than {PICTURE_MAX} bytes") from error
            check_runs(domain, error, SHOWN)
            raise DriverError(f"no picture of {domain.name()}: {error.get_error_message()}. It takes a graphics card") from error
        return bytes(taken)
