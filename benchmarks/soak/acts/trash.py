"""What people do with what was deleted: they erase it, or put it back by hand before they write the machine again."""

from __future__ import annotations

from benchmarks.soak.acts import act
from benchmarks.soak.acts.edits import put, room
from benchmarks.soak.desired import VM
from benchmarks.soak.world import World


def deleted(world: World) -> list[str]:
    """Machines that are gone, to be known to have a disk in the trash."""
    return sorted(name for name, wish in world.desired.gone.items() if wish.kind == VM and name in world.desired.had_disk)


def possible(world: World) -> bool:
    return bool(deleted(world)) and not world.pending and not world.cramped


@act(1, possible)
def empty_trash(world: World) -> None:
    name = world.rng.choice(deleted(world))
    if not world.settle_first():
        return
    world.log.operation("empty trash", name)
    world.desired.had_disk.discard(name)
    world.erased.add(name)  # before it happens: from now on its disk may be nowhere
    world.cli("trash", "empty", name, "--yes")


@act(1, lambda world: possible(world) and room(world))
def restore_from_trash(world: World) -> None:
    name = world.rng.choice(deleted(world))
    if not world.settle_first():
        return
    world.log.operation("restore from trash", name)
    if not world.cli("trash", "restore", name):
        world.log.violation(f"the disk of {name} could not be taken out of the trash")
    wish = world.desired.gone[name]
    wish.file = f"{name}.yaml"
    put(world, "bring back", wish, "after its disks")
