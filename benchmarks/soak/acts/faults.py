"""The index lost or damaged while no operator runs, and a disk that is full."""

from __future__ import annotations

import time

from benchmarks.soak.acts import act
from benchmarks.soak.acts.doubt import clear
from benchmarks.soak.desired import VM, VMD
from benchmarks.soak.world import World
from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.store.files.last_look import looked_at, operator_listens

FULL = (0.5, 2.0, 6.0)  # seconds for which there is no space
TAKEN_IN_WITHIN = 60.0  # seconds; what comes later is judged as if it had been
ENDS = 2.0  # seconds until one that cannot start has ended
DAMAGES = ("removed", "overwritten", "cut", "emptied", "without its log")


@act(2, lambda world: world.operator.acting and not world.pending)
def index_fault(world: World) -> None:
    """Between two operators. No deletion is under way: what was being deleted is another matter."""
    if not world.settle_first():
        return
    damage = world.rng.choice(DAMAGES)
    world.log.operation("index fault", damage)
    world.operator.kill9()
    index = world.state / "index.sqlite"
    match damage:
        case "removed":
            for path in world.state.glob("index.sqlite*"):
                path.unlink()
        case "overwritten":
            with index.open("r+b") as file:
                file.seek(100)
                file.write(bytes(world.rng.randrange(256) for _ in range(8000)))
        case "cut":
            with index.open("r+b") as file:
                file.truncate(max(1, index.stat().st_size // 3))
        case "emptied":
            index.write_bytes(b"")
        case _:
            for name in ("index.sqlite-wal", "index.sqlite-shm"):
                (world.state / name).unlink(missing_ok=True)
    world.operator.start()
    taken_in(world)
    world.settle_first()  # a document that breaks or goes before the new index has it was never known


def taken_in(world: World) -> None:
    """Waits until the operator that was just started has looked at every deployment: until then what it has to do is what the
    files say now, and a machine of a deployment that is scaled away before is an orphan."""
    wanted = [Key(VirtualMachineDeployment.KIND, "default", wish.name) for wish in world.desired.of_kind(VMD, free=False)]
    deadline = time.monotonic() + TAKEN_IN_WITHIN
    while time.monotonic() < deadline and not world.stop.is_set():
        if operator_listens(world.state) and all(map(looked_at(world.state), wanted)):
            return
        time.sleep(0.1)


@act(6, lambda world: world.cramped)
def no_space(world: World) -> None:
    """The file system of the state is full for a while, to the last byte."""
    seconds = world.rng.choice(FULL)
    world.log.operation("no space", f"for {seconds:g} s")
    world.full = True
    ballast = world.state / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
    except OSError:
        time.sleep(seconds)
    ballast.unlink(missing_ok=True)
    time.sleep(ENDS)
    if world.operator.ended_by_itself() is not None:
        world.log.say("the operator could not start without space: it is started again, as its service would be")
        world.operator.start()
    world.full = False


@act(1, lambda world: world.operator.acting and world.desired.of_kind(VM) and not world.pending, only="qemu")
def forgotten_machine(world: World) -> None:
    """The index is lost, and a document at the same time: an orphan now, which runs on until the document is back."""
    file = world.rng.choice(world.desired.of_kind(VM)).file
    if not world.settle_first():
        return
    world.log.operation("forgotten machine", file)
    world.operator.kill9()
    for path in world.state.glob("index.sqlite*"):
        path.unlink()
    clear(world, file)
    world.operator.start()
    taken_in(world)
    time.sleep(world.settle * world.rng.choice((0.5, 3)))
    world.desired.write(file)
    world.settle_first()  # what nobody has seen yet would be an orphan again if it were deleted now
