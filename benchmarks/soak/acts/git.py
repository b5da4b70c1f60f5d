"""What git does to a work tree that is in use."""

from __future__ import annotations

from benchmarks.soak.acts import act
from benchmarks.soak.acts.doubt import SURE, doubt
from benchmarks.soak.world import World


def clean(world: World) -> bool:
    """Nothing is in doubt; then all is committed before."""
    return not world.desired.busy and bool(world.desired.wishes)


def _concerned(world: World) -> list[str]:
    """What the last commit changed: resources of these files, and those that had gone with it."""
    changed = world.desired.git("diff", "--name-only", "HEAD~1", "HEAD").split()
    gone = [name for name, wish in world.desired.gone.items() if wish.file in changed]
    return world.desired.names(*changed) + gone


@act(4, clean)
def checkout_and_back(world: World) -> None:
    """An older commit for a moment: what it does not have, it has not for that long."""
    world.desired.commit("before a checkout")
    if len(world.desired.git("rev-list", "HEAD").split()) < 2:
        return
    world.log.operation("checkout and back", world.desired.git("diff", "--stat=80", "HEAD~1", "HEAD").splitlines()[-1].strip())
    world.excuse(_concerned(world))  # its specs are others, too
    world.unserve(_concerned(world))
    world.desired.busy |= set(world.desired.files())
    world.desired.git("checkout", "--quiet", "HEAD~1")

    def back() -> None:
        world.desired.git("checkout", "--quiet", "--force", "main")
        world.desired.write_missing()  # what was made meanwhile
        world.desired.busy.clear()

    world.later("checkout main", back)


@act(2, clean)
def stash_and_pop(world: World) -> None:
    """A machine that was not committed yet is away while it is stashed."""
    world.desired.commit("before a stash")
    wish = world.rng.choice(sorted(world.desired.wishes.values(), key=lambda wish: wish.name))
    world.log.operation("stash and pop", f"{wish.name}, moved to a file that git does not know yet")
    old, new = wish.file, f"stashed-{world.rng.randrange(10**6)}.yaml"
    wish.file = new
    world.desired.write(new)
    world.desired.write(old)
    world.hold()
    world.excuse([wish.name], world.settle * SURE)
    world.unserve([wish.name])
    world.desired.busy |= set(world.desired.files())
    world.desired.git("stash", "--quiet", "--include-untracked")

    def back() -> None:
        world.desired.git("stash", "pop", "--quiet")
        world.desired.write_missing()
        world.desired.busy.clear()
        world.desired.commit("after a stash")

    world.later("stash pop", back)


@act(2, clean)
def rebase_under_way(world: World) -> None:
    """git has not finished: what it took away may come back with the next step."""
    world.desired.commit("before a rebase")
    some = world.rng.sample(world.desired.files(), min(2, len(world.desired.files())))
    mark = world.rng.choice(("rebase-merge", "MERGE_HEAD", "CHERRY_PICK_HEAD", "BISECT_LOG", "index.lock"))
    world.log.operation("rebase under way", f"{mark}, without {', '.join(some)}")
    place = world.folder / ".git" / mark

    def change() -> None:
        if mark == "rebase-merge":
            place.mkdir()
        else:
            place.write_text("")
        for file in some:
            (world.folder / file).unlink()

    def back() -> None:
        for file in some:
            world.desired.write(file)
        if mark == "rebase-merge":
            place.rmdir()
        else:
            place.unlink()

    doubt(world, f"git is at it ({mark})", some, change, back)
