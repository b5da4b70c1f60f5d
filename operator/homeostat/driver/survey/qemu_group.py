"""The group that QEMU runs with, so that it may read the files that are made for it."""

from __future__ import annotations

import grp
import os
from urllib.parse import urlsplit

from .hostview import read_host

# Groups that QEMU runs with under qemu:///system: Debian's, then Fedora's and openSUSE's.
QEMU_GROUPS = ("libvirt-qemu", "qemu")


async def qemu_group(uri: str) -> int | None:
    """Returns the group that QEMU runs with, where it is not ours and we can give files to it: libvirt is the system instance,
    and we are root or in that group. libvirt names it. Where libvirt does not answer (yet), the distribution's name for it is
    used."""
    if urlsplit(uri).path != "/system":
        return None
    host = await read_host(uri)
    gid = host.qemu_user[1] if host.qemu_user is not None else _known_group()
    return gid if os.geteuid() == 0 or gid in os.getgroups() else None


def _known_group() -> int | None:
    for name in QEMU_GROUPS:
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            continue
    return None
