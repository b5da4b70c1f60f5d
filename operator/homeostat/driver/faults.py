"""Dying on purpose, for the tests that kill the operator at every boundary between two actions.

    HOMEOSTAT_FAULT="before:DefineDomain:1"     killed (SIGKILL) just before the first DefineDomain
    HOMEOSTAT_FAULT="after:StartDomain:2"       killed just after the second StartDomain, before anything is read back

It is only set in those tests; otherwise it costs one comparison per action. Every action goes through ``around``, also those that
the runtime carries out itself (ReleaseResource, and all of a deployment's).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

VARIABLE = "HOMEOSTAT_FAULT"


@dataclass(slots=True)
class Fault:
    moment: str  # before | after
    action: str
    countdown: int

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Reads a fault.

        Raises:
            ValueError: not of the form before|after:Action:count.
        """
        moment, action, count = text.split(":")
        if moment not in ("before", "after") or not count.isdecimal() or int(count) < 1:
            raise ValueError(f"{VARIABLE}={text!r}: want before|after:Action:count, such as before:DefineDomain:1")
        return cls(moment, action, int(count))

    def cross(self, moment: str, action: object) -> None:
        if moment == self.moment and type(action).__name__ == self.action:
            self.countdown -= 1
            if not self.countdown:
                os.kill(os.getpid(), signal.SIGKILL)  # like a crash or the kernel: nothing is cleaned up


_NOTHING = nullcontext()
_fault = Fault.parse(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def around(action: object) -> AbstractContextManager[None]:
    """Wraps one action. ``after`` counts only actions that succeeded."""
    return _NOTHING if _fault is None else _crossing(_fault, action)


@contextmanager
def _crossing(fault: Fault, action: object) -> Iterator[None]:
    fault.cross("before", action)
    yield
    fault.cross("after", action)
