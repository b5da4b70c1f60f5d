"""The host's ends of nics, as its kernel has them: whether each is up, and on its bridge. Only where the host is this machine."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from homeostat.planner.observed import Tap

from ..errors import PermissionDenied
from ..survey.ports import shares_network

LINKS = Path("/sys/class/net")
_IFF_UP = 0x1  # these three are the kernel's (linux/if.h, linux/sockios.h)
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCBRADDIF = 0x89A2
_REQUEST = struct.Struct("16sh14x")  # struct ifreq, as far as flags go


def unplugged(taps: Sequence[Tap], links: Path = LINKS) -> Mapping[str, str]:
    """Returns, by nic, why nothing passes it. A tap that is not seen here is in another network namespace: nothing is said about
    it."""
    return dict(_unplugged(taps, links))


def _unplugged(taps: Sequence[Tap], links: Path) -> Iterator[tuple[str, str]]:
    for tap in taps:
        try:
            flags = int((links / tap.device / "flags").read_text(), 16)
        except (OSError, ValueError):
            continue
        master = _master(links / tap.device)
        if master != tap.bridge:
            yield tap.nic, f"on bridge {master}" if master else "on no bridge"
        elif not flags & _IFF_UP:
            yield tap.nic, f"down ({tap.device})"


def _master(link: Path) -> str:
    try:
        return Path(os.readlink(link / "master")).name
    except OSError:
        return ""


def lacks(bridge: str, links: Path = LINKS) -> bool:
    """Tells whether there is no such bridge. libvirt's must be in our network namespace: else each would seem to have gone."""
    return not (links / bridge).exists() and shares_network()


def plug(tap: str, bridge: str) -> None:
    """Puts a tap on its bridge and sets it up. libvirt does the first only at a machine's start, and nobody does the second.

    Raises:
        PermissionDenied: we may not change links.
        OSError: the tap or bridge is not there any more.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            _, flags = _REQUEST.unpack(fcntl.ioctl(control, _SIOCGIFFLAGS, _REQUEST.pack(tap.encode(), 0)))
            fcntl.ioctl(control, _SIOCSIFFLAGS, _REQUEST.pack(tap.encode(), flags | _IFF_UP))
            if _master(LINKS / tap) != bridge:
                fcntl.ioctl(control, _SIOCBRADDIF, struct.pack("16si12x", bridge.encode(), socket.if_nametoindex(tap)))
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES):
            raise PermissionDenied(
                f"{tap} cannot be put on bridge {bridge}: the operator may not change links - "
                f"as root: ip link set {tap} master {bridge} up"
            ) from error
        raise
