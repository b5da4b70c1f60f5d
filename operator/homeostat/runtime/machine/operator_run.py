"""One run of an operator, as records on domains and locks name it."""

from __future__ import annotations

import os
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

_FORM = re.compile(r"(\d+)\.(\d+)\.\w+@([^:]*):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OperatorRun:
    """One run of an operator, as records name it. ``started``: when its process started, in the kernel's ticks since boot. So a
    later process with the same pid does not count as this run."""

    pid: int
    started: int
    host: str
    folder: str

    @classmethod
    def parse(cls, text: str) -> OperatorRun | None:
        found = _FORM.fullmatch(text)
        return cls(int(found[1]), int(found[2]), found[3], found[4]) if found else None

    @property
    def alive(self) -> bool:
        """Tells whether it is known to run on this host, and is another process than this one."""
        return self.host == socket.gethostname() and self.pid != os.getpid() and self.started == started_at(self.pid) > 0

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, state folder {self.folder}"


def this_run(folder: str) -> str:
    """Returns what this run writes into its records."""
    pid = os.getpid()
    return f"{pid}.{started_at(pid)}.{secrets.token_hex(4)}@{socket.gethostname()}:{folder}"


def started_at(pid: int) -> int:
    """Returns when a process started, in the kernel's ticks since boot (proc(5), stat, field 22). 0: there is no such process, or
    it has ended and only its parent does not know yet."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return 0 if fields[0] in "ZX" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return 0
