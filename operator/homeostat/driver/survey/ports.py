"""Ports of this machine, as its kernel has them: which of the ports for QEMU it cannot listen on, and who has them."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from homeostat.models.listening import Listener
from homeostat.planner.observed import ObservedPort

PROC = Path("/proc")
QEMU_CONF = Path("/etc/libvirt/qemu.conf")
UNKNOWN = "another program (`ss -lntup` as root names it)"
_TABLES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
_LIBVIRT = ("/libvirt-sock", "/virtqemud-sock")  # the sockets that it listens on
_LISTENS = "0A"  # the kernel's TCP_LISTEN (net/tcp_states.h); its tables begin with these


def blocked(wanted: Iterable[Listener], proc: Path = PROC, conf: Path = QEMU_CONF) -> Mapping[Listener, ObservedPort]:
    """Returns the ports that QEMU cannot listen on now. A port is only tried where somebody listens at its number, so that a free
    port stays free for others."""
    lowest = _lowest(proc, conf)
    found = {listener: port for listener in wanted if (port := _blocked(listener, proc, lowest)) is not None}
    return found if found and shares_network(proc) else {}


def _lowest(proc: Path, conf: Path) -> int:
    """Returns the first port that a program without capabilities may listen on (ip-sysctl). libvirt removes QEMU's capabilities,
    unless its configuration says otherwise."""
    with contextlib.suppress(OSError):
        if re.search(r"^\s*clear_emulator_capabilities\s*=\s*0", conf.read_text(errors="replace"), re.MULTILINE):
            return 0
    try:
        return int((proc / "sys" / "net" / "ipv4" / "ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 0


def shares_network(proc: Path = PROC) -> bool:
    """Tells whether libvirt listens in our network namespace. Another one, as around a container, has other ports and
    addresses."""
    try:
        lines = (proc / "net" / "unix").read_text(errors="replace").split("\n")
    except OSError:
        return False
    return any(line.endswith(_LIBVIRT) for line in lines)


def _blocked(listener: Listener, proc: Path, lowest: int) -> ObservedPort | None:
    if _refusal(listener, 0) in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return ObservedPort()
    if listener.port < lowest:
        return ObservedPort(lowest=lowest)
    inodes = set(_sockets(listener, proc))
    if not inodes or _refusal(listener, listener.port) != errno.EADDRINUSE:
        return None
    return ObservedPort(next(_owners(inodes, proc), UNKNOWN))


def _refusal(listener: Listener, port: int) -> int | None:
    """Returns what the kernel would answer QEMU, which takes IPv6 alone where another has the IPv4 port. Nothing listens here,
    ever."""
    tcp = listener.protocol == "tcp"
    try:
        six = ":" in listener.address
        with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as tried:
            if tcp:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if six:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind((listener.address, port))
    except OSError as error:
        return error.errno
    return None


def _sockets(listener: Listener, proc: Path) -> Iterator[str]:
    """Yields the inodes of the sockets at its number, at any address (proc(5), net/tcp)."""
    ending = f":{listener.port:04X}"
    for table in _TABLES[listener.protocol]:
        with contextlib.suppress(OSError), (proc / "net" / table).open(encoding="ascii") as lines:
            next(lines, None)
            for line in lines:
                words = line.split(maxsplit=10)
                if listener.protocol == "tcp" and words[3] != _LISTENS:
                    break
                if words[1].endswith(ending):
                    yield words[9]


def _owners(inodes: set[str], proc: Path) -> Iterator[str]:
    """Yields the programs that have one of them open, as far as we may see that."""
    for pid in sorted(int(folder.name) for folder in proc.iterdir() if folder.name.isdigit()):
        with contextlib.suppress(OSError):
            for entry in os.scandir(proc / str(pid) / "fd"):
                with contextlib.suppress(OSError):
                    if (found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry.path))) and found[1] in inodes:
                        yield f"{(proc / str(pid) / 'comm').read_text(errors='replace').strip()} (pid {pid})"
                        break
