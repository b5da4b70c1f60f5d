"""File operations as people, editors, copies and mounts do them."""

from __future__ import annotations

import os
import time

from benchmarks.soak.acts import act
from benchmarks.soak.acts.doubt import clear, doubt
from benchmarks.soak.desired import VM
from benchmarks.soak.world import World

PACE = (0.05, 0.3, 1.0)  # seconds for which a slow copy rests
BROKEN = "apiVersion: homeostat.dev/v1alpha1\nkind: [\n"
NO_WORD = {
    "empty": "",
    "only comments": "# was here\n",
    "only an end": "---\n",
    "null": "null\n",
    "list of nothing": "apiVersion: v1\nkind: List\nitems: [null, null]\n",
    "broken": BROKEN,
    "too deep": "a: " + "[" * 400 + "]" * 400 + "\n",
    "neither kind nor version": "kind: Machine\nmetadata: {name: other}\n",
}


def files(world: World) -> list[str]:
    return world.desired.files()


def _one(world: World) -> str:
    return world.rng.choice(files(world))


def _in_place(world: World, file: str, content: bytes) -> None:
    """Written without renaming, as an editor without caution does."""
    clear(world, file)
    (world.folder / file).write_bytes(content)


@act(4, files)
def no_word(world: World) -> None:
    """The file is there, and says nothing that can be understood."""
    file, what = _one(world), world.rng.choice(sorted(NO_WORD))
    world.log.operation("no word", f"{file}: {what}")
    doubt(world, what, [file], lambda: _in_place(world, file, NO_WORD[what].encode()))


@act(1, files)
def comment_out(world: World) -> None:
    file = _one(world)
    world.log.operation("comment out", file)
    lines = world.desired.text(file).splitlines()
    doubt(world, "commented out", [file], lambda: _in_place(world, file, "\n".join("# " + line for line in lines).encode()))


@act(1, files)
def other_encoding(world: World) -> None:
    file, encoding = _one(world), world.rng.choice(("utf-16", "latin-1"))
    world.log.operation("other encoding", f"{file}: {encoding}")
    text = "# caf\xe9\n" + world.desired.text(file)
    doubt(world, encoding, [file], lambda: _in_place(world, file, text.encode(encoding)))


@act(2, files)
def no_regular_file(world: World) -> None:
    file, what = _one(world), world.rng.choice(("device", "FIFO", "folder", "dangling link"))
    world.log.operation("no regular file", f"{file}: {what}")

    def change() -> None:
        path = world.folder / file
        path.unlink()
        match what:
            case "device":
                path.symlink_to("/dev/null")
            case "FIFO":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                path.symlink_to("nowhere.yaml")

    doubt(world, what, [file], change)


@act(3, files)
def slow_copy(world: World) -> None:
    """Written over in place, with a rest at a random byte."""
    file = _one(world)
    content = world.desired.text(file).encode()
    cut, rest = world.rng.randrange(len(content)), world.rng.choice(PACE)
    world.log.operation("slow copy", f"{file}: rests {rest:g} s at byte {cut} of {len(content)}")
    with (world.folder / file).open("wb", buffering=0) as copy:
        copy.write(content[:cut])
        time.sleep(rest)
        copy.write(content[cut:])


@act(2, files)
def cut_copy(world: World) -> None:
    """A copy that ended at a random byte. What is whole in it is a word; what is not, is none."""
    file = _one(world)
    content = world.desired.text(file).encode()
    cut = world.rng.randrange(len(content))
    world.log.operation("cut copy", f"{file}: ends at byte {cut} of {len(content)}")
    doubt(world, f"cut at byte {cut}", [file], lambda: _in_place(world, file, content[:cut]), absent=True)


@act(2, files)
def move_file(world: World) -> None:
    file = _one(world)
    new = f"moved-{world.rng.randrange(10**6)}.yaml"
    world.log.operation("move file", f"{file} to {new}")
    world.desired.move(file, new)


@act(2, lambda world: len(files(world)) > 1)
def merge_without_end(world: World) -> None:
    """`cat a b > all; rm a b`, and no `---` between them."""
    both = world.rng.sample(files(world), 2)
    world.log.operation("merge without end", " + ".join(both))
    whole = world.folder / f"all-{world.rng.randrange(10**6)}.yaml"

    def change() -> None:
        whole.write_text("".join(world.desired.text(file) for file in both))
        for file in both:
            clear(world, file)

    def back() -> None:
        for file in both:
            world.desired.write(file)
        whole.unlink()

    doubt(world, "merged without ---", both, change, back)


@act(1, files)
def move_into_broken(world: World) -> None:
    """Its text stands in another file now, which cannot be read."""
    file = _one(world)
    other = world.folder / f"broken-{world.rng.randrange(10**6)}.yaml"
    world.log.operation("move into broken", f"{file} into {other.name}")

    def change() -> None:
        other.write_text("x: [\n" + world.desired.text(file))
        clear(world, file)

    def back() -> None:
        world.desired.write(file)
        other.unlink()

    doubt(world, "moved into a broken file", [file], change, back)


@act(4, files)
def put_back(world: World) -> None:
    """Files vanish and return, as with `rsync --delete` from a place that was not mounted."""
    some = world.rng.sample(files(world), min(len(files(world)), world.rng.randint(1, 3)))
    world.log.operation("put back", ", ".join(some))

    def change() -> None:
        for file in some:
            clear(world, file)

    doubt(world, "absent", some, change, absent=True)


@act(1, lambda world: len(files(world)) > 1 and not world.desired.busy)
def folder_vanishes(world: World) -> None:
    """As when what was mounted there is not: an empty folder, or none at all."""
    way = world.rng.choice(("empty", "none"))
    world.log.operation("folder vanishes", way)
    aside = world.folder.with_name("aside")

    def change() -> None:
        world.folder.rename(aside)
        if way == "empty":
            world.folder.mkdir()

    def back() -> None:
        if world.folder.exists():
            for written in world.folder.iterdir():  # meanwhile, by another act
                written.replace(aside / written.name)
            world.folder.rmdir()
        aside.rename(world.folder)

    doubt(world, f"the folder is {way}", files(world), change, back)


@act(1, lambda world: len(files(world)) > 12 and not world.desired.busy, only="test")
def many_removed_one_by_one(world: World) -> None:
    """Most files of the folder, 30 ms apart: more than the brake lets go."""
    most = files(world)
    world.rng.shuffle(most)
    most = most[: len(most) * 4 // 5]
    world.log.operation("many removed one by one", f"{len(most)} files")

    def change() -> None:
        for file in most:
            clear(world, file)
            time.sleep(0.03)

    doubt(world, "many removed", most, change, absent=True)


@act(1, lambda world: not world.desired.busy)
def odd_names(world: World) -> None:
    """Files that are nobody's, with names that are no UTF-8, or no name at all."""
    name = os.fsdecode(world.rng.choice((b"caf\xe9.txt", b"caf\xe9.yaml", b"\xff\xfe", b"new\nline.txt")))
    world.log.operation("odd names", repr(name))
    path = world.folder / name
    path.write_text("nothing: here\n" if not name.endswith(".yaml") else "")
    world.desired.busy.add(name)  # git shall not have it

    def back() -> None:
        path.unlink(missing_ok=True)
        world.desired.busy.discard(name)

    world.later(f"odd name {name!r}", back)


@act(1, lambda world: world.desired.of_kind(VM))
def no_rights(world: World) -> None:
    """Mode 0: root reads it all the same, others do not."""
    file = world.rng.choice(world.desired.of_kind(VM)).file
    world.log.operation("no rights", file)
    doubt(world, "mode 0", [file], lambda: (world.folder / file).chmod(0))
