"""Which places an image may come from."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.driver.errors import DriverError, Refused
from homeostat.planner.actions import ImageRef

# Folders of the host that hold no images, but secrets and devices. Naming one in image_folders allows it.
_NEVER = tuple(Path(p) for p in ("/proc", "/sys", "/dev", "/run", "/etc"))

# Cloud metadata services hand out credentials to whoever asks from inside the host: AWS, GCE and Azure listen on
# 169.254.169.254, EC2 also on fd00:ec2::254, Alibaba on 100.100.100.200.
_METADATA = tuple(ipaddress.ip_network(n) for n in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32"))


def check_source(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None) -> None:
    """Whether ``ref`` may be fetched at all; opens nothing.

    Refs that come over the network (REST) must be checked with ``allowed`` set, so that a local file is read only from
    folders the administrator named. ``None`` means any file the operator can read but those in folders that never hold
    images (/proc, /sys, /dev, /run, /etc) and in ``own``, the operator's state folder. Symlinks are followed first:
    where they lead counts.

    Raises:
        Refused: it may not.
        DriverError: a local file is not there (yet).
    """
    if is_remote(ref.url):
        check_address(host_of(ref.url), shown(ref.url))
    else:
        local_file(ref, allowed, own)


def host_of(url: str) -> str:
    """The host of an http(s) address. Raises Refused where there is none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise Refused(f"image {url}: the address names no host")
    return host


def is_remote(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def local_file(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None) -> Path:
    """The regular file a file:// address or absolute path leads to. Raises as check_source."""
    named = unquote(ref.url.removeprefix("file://")) if ref.url.startswith("file://") else ref.url
    if not named.startswith("/") or "\0" in named:
        raise Refused(f"image {shown(ref.url)}: give an http(s):// or file:/// address, or an absolute path")
    path = Path(os.path.realpath(named))
    _check_folder(path, named, allowed, own)
    try:
        found = path.stat()
    except PermissionError as error:
        raise Refused(f"image {named}: permission denied; let uid {os.geteuid()}, the operator, read it") from error
    except OSError as error:
        raise DriverError(f"image {named}: {error.strerror}; put the file there, or correct the path") from error
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"image {named} is not a regular file")
    return path


def _check_folder(path: Path, named: str, allowed: Sequence[Path] | None, own: Path | None) -> None:
    leads = f" (leads to {path})" if str(path) != named else ""
    if own is not None and path.is_relative_to(os.path.realpath(own)):
        raise Refused(f"image {named}{leads} is the operator's own file and cannot be an image")
    if allowed is None:
        if any(path.is_relative_to(n) for n in _NEVER):
            raise Refused(f"image {named}{leads}: images are not read from there; copy it to another folder")
    elif not any(path.is_relative_to(os.path.realpath(a)) for a in allowed):
        folders = ", ".join(map(str, allowed)) or "none is allowed"
        raise Refused(f"image {named}{leads} is not in a folder that images may come from ({folders})")


def check_address(host: str, name: str) -> None:
    """``name`` is the image, for the message; ``host`` may be a name (then nothing is known yet) or an address.

    Raises:
        Refused: it is the address of a cloud's metadata service, or link-local.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if any(address in network for network in _METADATA):
        raise Refused(f"image {name}: nothing is fetched from {host}; link-local and cloud metadata addresses are refused")


def shown(url: str) -> str:
    """``url`` without what may be secret: user, password and query."""
    if not is_remote(url):
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"
