"""What people mean: specs that change, machines that come and go, deployments that are scaled and rolled out."""

from __future__ import annotations

from benchmarks.soak.acts import act
from benchmarks.soak.desired import PLUGIN, VM, VMD, Wish, plugin_of
from benchmarks.soak.world import World

MEMORY = {"qemu": ("128Mi", "144Mi", "160Mi"), "test": ("64Mi", "80Mi", "96Mi")}
REPLICAS = {"qemu": (0, 1, 2), "test": (0, 2, 4, 6)}


def machines(world: World) -> list[Wish]:
    return world.desired.of_kind(VM)


def deployments(world: World) -> list[Wish]:
    return world.desired.of_kind(VMD)


def room(world: World) -> bool:
    """Whether one more machine may be."""
    replicas = sum(wish.spec["replicas"] for wish in world.desired.of_kind(VMD, free=False))
    return bool(len(world.desired.of_kind(VM, free=False)) + replicas < world.limit)


def put(world: World, name: str, wish: Wish, what: str) -> None:
    """Runs of it may end by this."""
    world.erased.discard(wish.name)
    world.log.operation(name, f"{wish.name}: {what}")
    world.excuse([wish.name])
    world.desired.put(wish)
    _commit(world, f"{wish.name}: {what}")


def _commit(world: World, message: str) -> None:
    """Only what is whole: a file that is in doubt now would be committed as it is."""
    if not world.desired.busy:
        world.desired.commit(message)


@act(3, machines)
def change_memory(world: World) -> None:
    wish = world.rng.choice(machines(world))
    memory = world.rng.choice(MEMORY[world.kind])
    wish.spec["resources"] = {"memory": memory}
    put(world, "change memory", wish, f"memory {memory}")


@act(2, machines)
def change_label(world: World) -> None:
    wish = world.rng.choice(machines(world) + deployments(world))
    wish.label = str(world.rng.randrange(10))
    world.log.operation("change label", f"{wish.name}: {wish.label}")
    world.desired.put(wish)
    _commit(world, f"{wish.name}: label")


@act(2, machines)
def turn_off_or_on(world: World) -> None:
    wish = world.rng.choice(machines(world))
    strategy = "Halted" if wish.spec.get("runStrategy", "Always") == "Always" else "Always"
    wish.spec["runStrategy"] = strategy
    put(world, "turn off or on", wish, strategy)


@act(1, machines)
def restart_by_token(world: World) -> None:
    wish = world.rng.choice(machines(world))
    wish.spec["restartedAt"] = f"token-{world.rng.randrange(10**6)}"
    put(world, "restart by token", wish, "restartedAt")


@act(1, lambda world: machines(world) and not world.pending)
def stop_or_start_by_command(world: World) -> None:
    wish = world.rng.choice(machines(world))
    verb, strategy = ("stop", "Halted") if wish.spec.get("runStrategy", "Always") == "Always" else ("start", "Always")
    world.log.operation("stop or start by command", f"{verb} {wish.name}")
    world.excuse([wish.name])
    if world.cli(verb, wish.name):
        wish.spec["runStrategy"] = strategy
        world.desired.put(wish)
        _commit(world, f"{verb} {wish.name}")


@act(2, room)
def make_machine(world: World) -> None:
    wish = world.fresh()
    put(world, "make machine", wish, f"in {wish.file}")


@act(2, lambda world: len(machines(world)) > 1)
def delete_by_file(world: World) -> None:
    wish = world.rng.choice(machines(world))
    world.log.operation("delete by file", f"{wish.name} out of {wish.file}")
    world.excuse([wish.name])
    world.desired.remove(wish.name)
    _commit(world, f"{wish.name}: gone")


@act(1, lambda world: len(machines(world)) > 1 and not world.pending)
def delete_by_name(world: World) -> None:
    wish = world.rng.choice(machines(world))
    world.log.operation("delete by name", wish.name)
    world.excuse([wish.name])
    if world.cli("delete", "vm", wish.name, "--no-wait"):
        world.desired.remove(wish.name)
        _commit(world, f"{wish.name}: gone")


@act(3, lambda world: world.desired.gone and room(world))
def bring_back(world: World) -> None:
    """The same machine, of which the disk is expected to come back too."""
    name = world.rng.choice(sorted(world.desired.gone))
    wish = world.desired.gone[name]
    wish.file = f"{name}.yaml"
    if wish.kind == VMD:
        wish.spec["replicas"] = min(wish.spec["replicas"], 1)
    put(world, "bring back", wish, "again")


@act(2, deployments)
def scale(world: World) -> None:
    wish = world.rng.choice(deployments(world))
    world.unserve([wish.name])
    wish.spec["replicas"] = world.rng.choice(REPLICAS[world.kind])
    put(world, "scale", wish, f"replicas {wish.spec['replicas']}")


def rollable(world: World) -> list[Wish]:
    return [wish for wish in deployments(world) if not plugin_of(wish)]


def plugins(world: World) -> list[Wish]:
    return world.desired.of_kind(PLUGIN)


@act(1, plugins)
def change_plugin(world: World) -> None:
    """A new version rolls the deployment that follows it."""
    wish = world.rng.choice(plugins(world))
    memory = world.rng.choice(MEMORY[world.kind])
    wish.spec |= {"version": str(int(wish.spec["version"]) + 1), "resources": {"memory": memory}}
    world.excuse(world.desired.names(wish.file))
    put(world, "change plugin", wish, f"version {wish.spec['version']}, memory {memory}")


@act(2, rollable)
def roll_out(world: World) -> None:
    wish = world.rng.choice(rollable(world))
    memory = world.rng.choice(MEMORY[world.kind])
    wish.machine["resources"] = {"memory": memory}
    put(world, "roll out", wish, f"memory {memory}")


@act(1, deployments)
def delete_deployment(world: World) -> None:
    wish = world.rng.choice(deployments(world))
    world.log.operation("delete deployment", wish.name)
    world.unserve([wish.name])
    world.excuse([wish.name])
    world.excuse(f"{wish.name}-{number}" for number in range(1, 20))
    world.desired.remove(wish.name)
    _commit(world, f"{wish.name}: gone")
