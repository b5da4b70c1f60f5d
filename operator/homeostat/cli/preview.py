"""What `up` would do now: the folder read into a copy of the index, and each machine planned. Writes nothing that stays."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from homeostat.models.base import Resource
from homeostat.models.machine import VirtualMachine
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import Memory
from homeostat.planner.plan import Plan
from homeostat.runtime.observe import Claims, observe
from homeostat.store.files.index import Index
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore

from .errors import CliError
from .standalone import open_host, require_folder


@dataclass(frozen=True, slots=True)
class Preview:
    """``errors`` are the folder's, as file:line:column: field: message; a machine whose document is broken is planned as
    its last good spec says."""

    plans: Sequence[tuple[Resource, Plan]]
    errors: Sequence[str]


async def preview(folder: Path, state: Path, uri: str) -> Preview:
    """Raises:
    CliError: the folder is not there, or libvirt cannot be reached.
    """
    require_folder(folder)
    async with AsyncExitStack() as stack:
        copy = StateFolder(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homeostat-plan-"))))
        _copy_state(StateFolder(state), copy)
        store = FilesStore(folder, copy, Index.open(copy.index, repair=True))
        stack.callback(store.close)
        report = store.sync()
        host = await stack.enter_async_context(open_host(state, uri))
        if not host.facts.reachable:
            raise CliError(f"nothing can be planned: {host.facts.error}", "`homeostat doctor` says more")
        claims, plans = Claims(), list[tuple[Resource, Plan]]()
        machines = [m for m in await store.list(VirtualMachine.KIND) if isinstance(m, VirtualMachine)]
        for machine in machines:
            claims.update(machine)
        for machine in machines:
            observed = await observe(machine, host, Memory(), claims.update(machine))
            plans.append((machine, plan_machine(machine, observed, time.monotonic())))
        errors = [str(error) for error in report.errors]
    return Preview(plans, errors)


def _copy_state(state: StateFolder, copy: StateFolder) -> None:
    """The index through SQLite's own backup, since the operator may be writing; nothing where there is no state yet."""
    identity = state.root / "instance-id"
    if identity.exists():
        shutil.copy(identity, copy.root / "instance-id")
    if state.index.exists():
        with (
            closing(sqlite3.connect(f"{state.index.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy.index)) as target,
        ):
            source.backup(target)
