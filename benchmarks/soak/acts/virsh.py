"""What others do with virsh, behind the operator's back."""

from __future__ import annotations

import time

import libvirt

from benchmarks.soak.acts import act
from benchmarks.soak.acts.kills import running
from benchmarks.soak.world import World

TARGET = "vdb"  # the data disk of a guest


def _act(world: World, verb: str, name: str, value: str = "") -> bool:
    """Whether libvirt did it: a domain may be off, busy, or not there yet."""
    world.log.operation(f"virsh {verb}", f"{name} {value}".strip())
    if verb == "destroy":
        world.cuts.setdefault(name, []).append(time.time())
    try:
        world.hypervisor.act(verb, name, value)
    except (libvirt.libvirtError, OSError) as error:
        world.log.say(f"virsh {verb} {name}: {str(error)[:200]}")
        return False
    return True


def _strike(world: World) -> str:
    """A machine whose run may end by what is done to it now."""
    wish = world.rng.choice(running(world))
    world.struck.add(wish.name)
    world.excuse([wish.name])
    return wish.name


def targets(world: World) -> bool:
    return world.in_reach and bool(running(world))


@act(3, targets)
def end_a_run(world: World) -> None:
    verb = world.rng.choice(("destroy", "shutdown", "reset", "managedsave", "undefine"))
    _act(world, verb, _strike(world))


@act(1, targets)
def suspend(world: World) -> None:
    _act(world, "suspend", world.rng.choice(running(world)).name)


@act(1, targets, only="qemu")
def set_memory(world: World) -> None:
    _act(world, "setmem", world.rng.choice(running(world)).name, str(world.rng.choice((96, 112))))


@act(1, lambda world: world.in_reach, only="qemu")
def network_ends(world: World) -> None:
    """Guests stay, their cards hang in the air; libvirt plugs none back."""
    world.unserve(list(world.serving))
    if _act(world, "net-destroy", "default"):
        world.hold()
        _act(world, "net-start", "default")


@act(1, targets)
def rename(world: World) -> None:
    """Only a domain that is off can be renamed; whoever does that is faster than the operator."""
    name = _strike(world)
    if _act(world, "destroy", name):
        _act(world, "rename", name, f"{name}-renamed")


@act(2, targets, only="qemu")
def snapshot(world: World) -> None:
    """Sometimes the overlays stay, sometimes they are committed later."""
    name = world.rng.choice(running(world)).name
    layer, stays = f"layer{world.rng.randrange(10**6)}", world.rng.random() < 0.3
    if not _act(world, "snapshot", name, layer) or stays:
        return

    def commit() -> None:
        for target in ("vda", TARGET):
            if world.in_reach and name in world.desired.wishes:
                _act(world, "blockcommit", name, target)

    world.later(f"commit the overlay of {name}", commit)


@act(1, targets, only="qemu")
def detach_disk(world: World) -> None:
    name = _strike(world)
    _act(world, "detach-disk", name, TARGET)
