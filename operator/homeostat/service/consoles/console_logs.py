"""What guests wrote on their serial consoles."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from homeostat.driver.guests.console_log import LogPart, read_log
from homeostat.models.machine import VirtualMachine
from homeostat.store.files.state import StateFolder

from ..files.host_reach import HostReach, OnAnotherApi
from ..kinds.machines import Machines
from ..limits import ServerLimits
from ..refusals import ExportRefused, LogUnavailable, NotAllowed


class ConsoleLogs:
    """The logs of the machines of one namespace, as far as they are in the state folder of this server."""

    def __init__(self, machines: Machines, limits: ServerLimits) -> None:
        self._machines = machines
        self._limits = limits

    async def read(self, name: str, tail: int, after: str) -> LogPart:
        """Returns a part of a machine's log, see ``read_log``.

        Raises:
            NoSuchResource: there is no such machine.
            LogUnavailable: its log is not there yet, or not here.
            NotAllowed: ``after`` is of no part.
        """
        machine = await self._machines.get(name)
        path = await self.place(machine)
        try:
            return await asyncio.to_thread(read_log, path, tail, after)
        except FileNotFoundError as error:
            raise LogUnavailable(name, "it is not there (yet): the machine has not been started") from error
        except OSError as error:
            raise LogUnavailable(name, f"it cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise NotAllowed(f"after: {error}") from error

    async def place(self, machine: VirtualMachine) -> Path:
        """Returns the file. All hosts of a folder write into its state folder.

        Raises:
            LogUnavailable: there is none yet, or it is not here.
        """
        name, status = machine.metadata.name, machine.status
        if status is None or status.console_log is None:
            raise LogUnavailable(name, "there is none yet: the machine was never defined")
        state = StateFolder.named(self._limits.state)
        if self._limits.clustered:
            try:
                await HostReach(state, self._machines.store, clustered=True).libvirt_of(status.host, name)
            except (ExportRefused, OnAnotherApi) as error:
                raise LogUnavailable(name, str(error)) from error
        found = await asyncio.to_thread(_within, status.console_log, state.root)
        if found is None:
            raise LogUnavailable(name, "it is not in the state folder of this server: run `homeostat logs` on its host")
        return found


def _within(path: str, root: Path) -> Path | None:
    """Returns the file that a path leads to. None: it leads out of ``root``."""
    real = Path(os.path.realpath(path))
    return real if real.is_relative_to(os.path.realpath(root)) else None
