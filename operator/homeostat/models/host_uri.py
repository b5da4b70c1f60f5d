"""The address of a Host, judged by an allow list. Who may write Hosts chooses where to connect, never what is run or read there.

libvirt takes the names of parameters in any case, decodes them, and uses the last of several. Some of them make it run a program
(``command``, ``netcat``, ``proxy``), read a file or open a socket, all with the operator's rights. So we accept only one
spelling, which means the same to us as to libvirt: see https://libvirt.org/uri.html, and virURIParse and doRemoteOpen in its
code.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote

EXAMPLES = "qemu:///system, qemu+ssh://root@host/system or qemu+tls://host/system"

_SSH = frozenset({"ssh", "libssh", "libssh2"})
_TRANSPORTS = ("unix", "ssh", "tls", "tcp", "libssh", "libssh2")
_FILE = r"(/[A-Za-z0-9_.@+:-]+)+"
# For each parameter: what its value may be, and the transports that take it. All others are refused.
_PARAMETERS: Mapping[str, tuple[str, frozenset[str]]] = {
    "keyfile": (_FILE, _SSH),
    "known_hosts": (_FILE, _SSH),
    "known_hosts_verify": ("normal|auto", _SSH),
    "sshauth": ("(privkey|agent)(,(privkey|agent))*", _SSH),
    "no_tty": ("[01]", _SSH),
    "pkipath": (_FILE, frozenset({"", "tls"})),
    "socket": (_FILE, _SSH | {"unix"}),
    "mode": ("auto|direct|legacy", frozenset({"", *_TRANSPORTS})),
}
_FILES = ("keyfile", "known_hosts", "pkipath", "socket")
_PROGRAMS = frozenset({"command", "netcat", "proxy"})

_PARAMETER = f"({'|'.join(f'{name}=({value})' for name, (value, _) in _PARAMETERS.items())})"
URI_PATTERN = (
    f"^(qemu|test)([+]({'|'.join(_TRANSPORTS)}))?://"
    r"(([A-Za-z0-9_][A-Za-z0-9_.-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?"
    rf"({_FILE})([?]{_PARAMETER}(&{_PARAMETER})*)?$"
)
"""The schema of the kind in Kubernetes uses it too, so it is written for RE2."""


@dataclass(frozen=True, slots=True)
class HostUri:
    """The parts of an address. ``transport`` is empty where none is named; ``host`` is empty where it is this machine."""

    driver: str
    transport: str
    host: str
    path: str
    parameters: Mapping[str, str]

    def files(self) -> Iterator[str]:
        """Yields the files that libvirt's client opens for this address, with the operator's rights."""
        yield from (self.parameters[name] for name in _FILES if name in self.parameters)
        if self.driver == "test" and self.path != "/default":
            yield self.path


def read_uri(uri: str) -> HostUri:
    """Reads the address of a host.

    Raises:
        ValueError: it has none of the forms that are known to run nothing. Says what is wrong.
    """
    found = re.fullmatch(URI_PATTERN, uri)
    address, _, query = uri.partition("?")
    if found is None:
        _explain(address, query)
    names = [part.partition("=")[0] for part in query.split("&")] if query else []
    read = HostUri(
        found[1], found[3] or "", found[6] or "", found[8], dict(part.split("=", 1) for part in query.split("&") if part)
    )
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"names {min(twice)}= twice")
    for name in names:
        if read.transport not in _PARAMETERS[name][1]:
            raise ValueError(f"names {name}=, which means nothing with {_via(read.transport)}")
    if read.transport == "unix" and read.host:
        raise ValueError("names a host, which is not reached by transport unix")
    if read.driver == "qemu" and read.path not in ("/system", "/session"):
        raise ValueError(f"ends in {read.path}: libvirt's QEMU has /system and /session")
    if any(part in (".", "..") for file in (read.path, *read.files()) for part in file.split("/")):
        raise ValueError("must not have '.' or '..' in its paths")
    if read.host.startswith("["):
        ipaddress.IPv6Address(read.host[1:-1])
    if found[7] and not 1 <= int(found[7][1:]) <= 65535:
        raise ValueError(f"names port {found[7][1:]}: ports are numbers from 1 to 65535")
    return read


def unallowed(uri: str, allowed: Collection[str]) -> str:
    """Says why the operator must not connect there; empty: it may. ``allowed``: files, and folders of files, that its
    administrator lets Hosts name."""
    read = read_uri(uri)
    if not read.host and read.path == "/session":
        return "is the session of the operator's own user, whose guests have that user's rights: only --connect may name it"
    for file in read.files():
        if not any(file == place or file.startswith(f"{place.rstrip('/')}/") for place in allowed):
            return f"names the file {file}, which the operator's administrator did not allow: --host-file {file}, or its folder"
    return ""


def _explain(address: str, query: str) -> NoReturn:
    """Says what is wrong with an address that does not have the known form."""
    if not re.fullmatch(URI_PATTERN, address):
        raise ValueError(f"must be a libvirt URI, such as {EXAMPLES}, in plain letters and without '%', ';' and '#'")
    parts = re.split("[&;]", query)  # as libvirt does
    names = {unquote(part.partition("=")[0]).lower() for part in parts}
    if programs := names & _PROGRAMS:
        raise ValueError(f"must not name a program to run ({min(programs)}=)")
    wrong = next((part for part in parts if not re.fullmatch(_PARAMETER, part)), query)
    raise ValueError(
        f"has {wrong!r}: known are {', '.join(_PARAMETERS)}, each once, in lower case, with plain values, joined by '&'"
    )


def _via(transport: str) -> str:
    return f"transport {transport}" if transport else "no transport named"
