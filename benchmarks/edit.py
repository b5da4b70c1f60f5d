"""From a saved YAML file to its plan being executed, beside a fleet of other machines on the test driver.

A machine's memory is changed, so that its first action defines it again. The clock stops when the executor gets that action.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from benchmarks import fleet
from benchmarks.living import all_reported, at_rest, living
from benchmarks.measure import in_child, percentile, room, run, say, until
from benchmarks.result import Figure, Result
from homeostat.assembly.standalone import Standalone
from homeostat.planner.actions import Action, DefineDomain

DEFAULT = 1000
EDITS = 60
BUDGET = "p95 <= 0.15 s"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", count)
        taken = in_child(edits, str(place), count, EDITS)
    more: dict[str, Figure] = {"edits": len(taken), "p50_s": percentile(taken, 50), "max_s": max(taken)}
    return Result("edit", count, percentile(taken, 95), "s", BUDGET, more=more)


def edits(place: str, count: int, many: int) -> list[float]:
    """Runs in its own process."""
    return run(_edits(Path(place), count, many))


async def _edits(place: Path, count: int, many: int) -> list[float]:
    async with living(place / "vms", place / "state", fleet.node(place)) as parts:
        await all_reported(parts, count)
        await at_rest(parts)
        say(f"edit: {count} machines run; saving {many} edits, one after the other")
        seen = _watch_executor(parts)
        taken = []
        for number in range(many):
            which = number % count
            name = fleet.names(count)[which]
            text = fleet.document(which, name, memory=f"{600 + number}Mi")
            saved = await asyncio.to_thread(_save, fleet.path_of(place / "vms", which), text)
            await until(lambda name=name: name in seen, f"the edit of {name} is carried out", interval=0.001, timeout=30)  # type: ignore[misc]
            taken.append(seen.pop(name) - saved)
            await at_rest(parts)
        return taken


def _watch_executor(parts: Standalone) -> dict[str, float]:
    """Returns, by machine, when its definition reached the executor."""
    seen: dict[str, float] = {}
    execute = parts.host.execute

    async def noting(action: Action) -> None:
        if isinstance(action, DefineDomain):
            seen.setdefault(action.config.name, time.perf_counter())
        await execute(action)

    parts.host.execute = noting  # type: ignore[method-assign]
    return seen


def _save(path: Path, text: str) -> float:
    """Saves like an editor: writes beside the file, then renames. Returns when that was done."""
    aside = path.with_name(f".{path.name}.swp")
    aside.write_text(text)
    os.replace(aside, path)
    return time.perf_counter()
