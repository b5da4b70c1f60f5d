"""Where the operator stops on purpose and says what a person has to do, the soak does just that."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from benchmarks.soak.desired import VM, VMD, Wish
from benchmarks.soak.judge.index import Row
from benchmarks.soak.world import World

WITH_ALL = re.compile(r"(\w+)/default/(\S+) is declared nowhere any more, and kept: it went with all that the folder held")
NOUNS = {VM: "vm", VMD: "vmd"}
COMMIT = re.compile(r"`qemu-img commit ([^`]+)`")


def follow(world: World, wish: Wish, row: Row) -> None:
    """An overlay that no domain names any more is committed; a machine whose domain was renamed while it ran is restarted."""
    ready = row.condition("Ready")
    if ready.get("reason") == "OverlayFound" and (told := COMMIT.search(ready.get("message", ""))):
        _commit(world, row.name, Path(told[1]))
    elif f"{wish.name}-renamed" in json.dumps(row.status) and row.name == wish.name and wish.name not in world.restarted:
        world.restarted.add(wish.name)
        world.log.operation("restart renamed", wish.name)
        world.excuse([wish.name])
        wish.spec["restartedAt"] = f"renamed-{world.log.operations}"
        world.desired.put(wish)


def confirm(world: World, held: Iterable[str]) -> None:
    """Deletes by command what was deleted out of its file in the moment in which an emptied folder was filled again."""
    for told in filter(None, map(WITH_ALL.search, held)):
        kind, name = told[1], told[2]
        if kind in NOUNS and name not in world.desired.wishes:
            world.log.operation("confirm a deletion", f"{kind} {name}")
            world.excuse([name])
            world.cli("delete", NOUNS[kind], name, "--no-wait")


def _commit(world: World, machine: str, layer: Path) -> None:
    if layer.exists():
        world.log.operation("commit by hand", f"{machine}: {layer.name}")
        subprocess.run(["qemu-img", "commit", "-q", layer], check=True)
        layer.unlink()
