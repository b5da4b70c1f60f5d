"""Where the operator stops on purpose and says what a person has to do, the soak does just that."""

from __future__ import annotations

import json
import subprocess

from ..desired import Wish
from ..world import World
from .index import Row


def follow(world: World, wish: Wish, row: Row) -> None:
    """An overlay that no domain names any more is committed; a machine whose domain was renamed while it ran is restarted."""
    if row.condition("Ready").get("reason") == "OverlayFound":
        _commit_layers(world, row.name)
    elif f"{wish.name}-renamed" in json.dumps(row.status) and row.name == wish.name and wish.name not in world.restarted:
        world.restarted.add(wish.name)
        world.log.operation("restart renamed", wish.name)
        world.excuse([wish.name])
        wish.spec["restartedAt"] = f"renamed-{world.log.operations}"
        world.desired.put(wish)


def _commit_layers(world: World, machine: str) -> None:
    for layer in sorted((world.state / "machines" / "default" / machine).glob("*.layer*")):
        world.log.operation("commit by hand", f"{machine}: {layer.name}")
        subprocess.run(["qemu-img", "commit", "-q", layer], check=True)
        layer.unlink()
