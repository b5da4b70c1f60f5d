"""Broken, empty or hostile input deletes nothing, and every machine runs on as it did (invariant 5)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.libvirt.hosts import until
from tests.libvirt.running import DOCUMENT, Running, running

NAMES = [f"vm-{number}" for number in range(4)]


def emptied(here: Running) -> None:
    for name in NAMES:
        (here.folder / f"{name}.yaml").unlink()


def taken_away(here: Running) -> None:
    shutil.move(here.folder, here.folder.with_name("elsewhere"))


def truncated(here: Running) -> None:
    for name in NAMES:
        (here.folder / f"{name}.yaml").write_text(DOCUMENT.format(name=name)[:70])


def rubbish(here: Running) -> None:
    for name, content in zip(NAMES, (b"\xff\xfe\x00", b"{]", b"a: &a [*a, *a]", b"x" * 1000), strict=True):
        (here.folder / f"{name}.yaml").write_bytes(content)


def another_kind(here: Running) -> None:
    for name in NAMES:
        path = here.folder / f"{name}.yaml"
        path.write_text(path.read_text().replace("VirtualMachine", "VirtualMachin"))


def every_name_twice(here: Running) -> None:
    for name in NAMES:
        (here.folder / f"again-{name}.yaml").write_text(DOCUMENT.format(name=name).replace("64Mi", "96Mi"))


@pytest.mark.parametrize("harm", [emptied, taken_away, truncated, rubbish, another_kind, every_name_twice])
async def test_every_machine_runs_on(tmp_path: Path, harm: Callable[[Running], None]) -> None:
    async with running(tmp_path) as here:
        for name in NAMES:
            here.write(name)
        await until(lambda: here.ready(*NAMES), "all are ready", 20)
        runs = here.runs()
        harm(here)
        errors = here.parts.store.errors
        await until(errors, "it is told", 10)
        await until(here.parts.operator.queue.idle, "nothing is under way")
        assert here.runs() == runs
        assert all(str(error) for error in errors())
        assert all(machine is not None and not machine.deleting for machine in map(here.machine, NAMES))
