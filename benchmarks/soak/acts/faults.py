"""The index lost or damaged while no operator runs, and a disk that is full."""

from __future__ import annotations

from ..world import World
from . import act

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
