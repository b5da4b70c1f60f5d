"""Tells whether a file is still being written. Then what changed in it must not come into force yet.

Nothing in a file says that it is whole, and inotify's event that it was closed may have been missed. The kernel knows for sure:
it gives a read lease only on a file that nobody has open for writing.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import signal
from pathlib import Path
from typing import Any

from ..text import jsontext
from .folder import FoundFile, read_file, signature

QUIET = 2.0
"""Seconds without a write that a file needs where the kernel cannot tell whether it is whole. That is where it ends in the middle
of a line, or is on another host, whose writers the kernel does not know."""
_DANGLING = re.compile(rb":[ \t]*(#[^\n]*)?\s*\Z")
REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs"})


def unfinished(found: FoundFile, now: int, quiet: float) -> str:
    """Says why the file may not be whole; empty: it is. ``now``: nanoseconds since the epoch. ``quiet``: seconds, see QUIET."""
    try:
        handle = os.open(found.real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "cannot be opened any more"
    try:
        known = os.fstat(handle)
        if found.signature and signature(known) != found.signature:
            return "is being written"
        young = abs(now - found.changed_at) < quiet * 1e9
        match _open_for_writing(handle, known.st_dev):
            case True:
                return "is open for writing by another program"
            case None if young:
                return "was written a moment ago"
        if young and known.st_size and os.pread(handle, 1, known.st_size - 1) != b"\n" and not _whole_json(found.real):
            return "was written a moment ago and ends without a newline"
        return ""
    except OSError:
        return "cannot be read any more"
    finally:
        os.close(handle)


def ends_whole(path: str) -> bool:
    """Tells whether its last line has an end and is not a key that waits for its value (``disks:``). Returns False for a file
    that cannot be read."""
    try:
        content = read_file(path)
    except (OSError, ValueError):
        return False
    return _is_json(content) or (content.endswith(b"\n") and not _DANGLING.search(content))


def _whole_json(path: str) -> bool:
    try:
        return _is_json(read_file(path))
    except (OSError, ValueError):
        return False


def _is_json(content: bytes) -> bool:
    """Tells whether it is JSON, which needs no newline: its last brace ends it."""
    return content.lstrip()[:1] == b"{" and bool(jsontext.parts(content.decode(errors="replace")))


def _open_for_writing(handle: int, device: int) -> bool | None:
    """Tells whether somebody has it open for writing. None: the kernel cannot tell."""
    if _remote(device):
        return None
    try:
        # If somebody opens it for writing while we hold the lease, the kernel sends us a signal. The default one would end us.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # the file is not ours and we lack CAP_LEASE, or the file system has no leases
        return None
    return False


@functools.lru_cache(maxsize=256)
def _remote(device: int) -> bool:
    """Tells whether others write there too, or a program is in between, so that leases say nothing."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return False
    for fields in (mount.split() for mount in mounts):
        if fields[2] == wanted:
            kind = fields[fields.index("-") + 1]
            return kind in REMOTE or kind.startswith("fuse")
    return False


def is_beginning(new: Any, old: Any) -> bool:
    """Tells whether ``new`` is what a reader gets from the text of ``old``, cut off somewhere: ``network: defau``."""
    if isinstance(new, dict) and isinstance(old, dict):
        changed = [name for name, value in new.items() if name not in old or old[name] != value]
        return len(changed) <= 1 and all(name in old and is_beginning(new[name], old[name]) for name in changed)
    if isinstance(new, list) and isinstance(old, list):
        cut = new[:-1] == old[: len(new) - 1] and len(new) <= len(old)
        return cut and (not new or new[-1] == old[len(new) - 1] or is_beginning(new[-1], old[len(new) - 1]))
    if isinstance(new, str | int | float) and isinstance(old, str | int | float):
        return str(old).startswith(str(new))
    return new is None
