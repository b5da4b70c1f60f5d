"""What is away for a moment is not deleted: the operator, real git, and the folder as it is while others work in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.libvirt.hosts import until
from tests.libvirt.running import DOCUMENT, Running, running

ASIDE = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *words], env=ASIDE, check=True, capture_output=True)


async def begun(here: Running, *names: str) -> dict[str, str]:
    for name in names:
        here.write(name)
    await until(lambda: here.ready(*names), "all are ready", 20)
    return here.runs()


async def missed(here: Running, name: str) -> None:
    """Waits until the operator has seen that it is away; ``restless`` tells."""
    await until(lambda: here.parts.store.restless, f"the operator misses {name}", 10)


def untouched(here: Running, runs: dict[str, str], *names: str) -> None:
    assert runs.items() <= here.runs().items()
    assert all((machine := here.machine(name)) is not None and not machine.deleting for name in names)


async def test_br02_git_checkout_of_an_older_commit_and_back(tmp_path: Path) -> None:
    async with running(tmp_path, settle=5.0) as here:
        git(here.folder, "init", "--quiet", "--initial-branch=main")
        runs = await begun(here, "anchor")
        git(here.folder, "add", ".")
        git(here.folder, "commit", "--quiet", "-m", "Add anchor")
        runs = await begun(here, "dat")
        git(here.folder, "add", ".")
        git(here.folder, "commit", "--quiet", "-m", "Add dat")
        git(here.folder, "checkout", "--quiet", "HEAD~1")
        await missed(here, "dat")
        git(here.folder, "checkout", "--quiet", "main")
        await until(lambda: not here.parts.store.restless, "it is found again", 10)
        untouched(here, runs, "anchor", "dat")


async def test_rsync_with_delete_and_an_editor(tmp_path: Path) -> None:
    """rsync's steps: what it does not find at the source goes first, then each file is written aside and put in place."""
    async with running(tmp_path, settle=5.0) as here:
        runs = await begun(here, "a", "b")
        folder, path = here.folder, here.folder / "a.yaml"
        text = path.read_text()
        path.unlink()  # rsync --delete-before of a file that has another name at the source
        await missed(here, "a")
        (folder / ".again.yaml.Xy12Ab").write_text(text)
        (folder / ".again.yaml.Xy12Ab").rename(folder / "again.yaml")
        await until(lambda: not here.parts.store.restless, "it is found again", 10)
        path = folder / "again.yaml"
        path.rename(folder / "again.yaml~")  # vim with backupcopy=no
        await missed(here, "a")
        path.write_text(text)
        (folder / "again.yaml~").unlink()
        await until(lambda: not here.parts.store.restless, "it is found again", 10)
        untouched(here, runs, "a", "b")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
@pytest.mark.parametrize("whole", [False, True])
async def test_a_mount_that_vanishes_and_returns(tmp_path: Path, whole: bool) -> None:
    """A bind mount, which has no other device number; of a folder within, and of the folder itself."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "on-it.yaml").write_text(DOCUMENT.format(name="on-it"))
    place = tmp_path / "vms" if whole else tmp_path / "vms" / "site"
    place.mkdir(parents=True)
    if subprocess.run(["mount", "--bind", source, place], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        async with running(tmp_path, settle=0.2) as here:
            if not whole:
                here.write("beside")
            await until(lambda: here.ready("on-it"), "it is ready", 20)
            runs = here.runs()
            subprocess.run(["umount", place], check=True)
            await until(here.parts.store.held, "it is held", 10)
            untouched(here, runs, "on-it")
            subprocess.run(["mount", "--bind", source, place], check=True)
            here.write("later")  # nothing tells of a mount: it is seen at the next look, which is half a minute away at most
            await until(lambda: not here.parts.store.errors(), "nothing is wrong any more", 10)
            untouched(here, runs, "on-it")
    finally:
        subprocess.run(["umount", place], check=False, capture_output=True)


async def test_chaos_4_removals_that_come_one_after_the_other_stop_at_the_budget(tmp_path: Path) -> None:
    async with running(tmp_path, settle=0.0) as here:
        names = [f"m{number}" for number in range(40)]
        await begun(here, *names)
        for name in names[:15]:
            (here.folder / f"{name}.yaml").unlink()
        await until(lambda: len(here.runs()) == 25, "they have gone", 20)
        for name in names[15:-1]:
            (here.folder / f"{name}.yaml").unlink()
        await until(here.parts.store.held, "the rest is held", 20)
        await until(here.parts.operator.queue.idle, "nothing is under way")
        assert len(here.runs()) >= 20  # half of what was there when the minute began
