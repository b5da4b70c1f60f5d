"""Something about a file that deletes nothing: it is put right later, and until then what it declared must go on.

Two kinds. *Doubtful*: whatever stands there is no word that something shall go, however long it stands there. *Absent*: what is
put back within the settling time must never have gone; what is put back later must be there again as it was.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence

from benchmarks.soak.judge.index import rows
from benchmarks.soak.world import World

SURE = 0.5  # of the settling time: what was put back by then must not have gone, however slow the machine is


def doubt(
    world: World, what: str, files: Sequence[str], change: Callable[[], None], back: Callable[[], None] | None = None,
    *, absent: bool = False,
) -> None:  # fmt: skip
    """``back`` puts the files back; by default each is written as it shall be."""
    names = world.desired.names(*files)
    certain = [name for name in names if not world.excused(name)]  # what was away before may be going for that
    world.desired.busy |= set(files)
    began = time.monotonic()
    change()
    if absent:
        world.excuse(names, world.settle * SURE)
        world.unserve(names)

    def put_right() -> None:
        if not absent or time.monotonic() - began < world.settle * SURE:
            still_there(world, certain, what)
        if back is None:
            for file in files:
                clear(world, file)
                world.desired.write(file)
        else:
            back()
        world.desired.busy -= set(files)

    world.later(f"{what}: {', '.join(files)}", put_right)


def still_there(world: World, names: Sequence[str], what: str) -> None:
    """Nothing of it is being deleted, or has gone."""
    found = rows(world.state)
    if found is None or not any(row.source for row in found.values()):
        return  # the index is away, or made anew at this moment
    for name in names:
        row = next((row for row in found.values() if row.name == name and row.owned is False), None)
        if name in world.desired.settled and (row is None or row.deleted):
            world.log.violation(f"doubt deletes: {name} is {'gone' if row is None else 'being deleted'} because of: {what}")


def clear(world: World, file: str) -> None:
    """Whatever stands there instead."""
    path = world.folder / file
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
