"""The names of machines and Disks of which something lies on the hosts, whether they are there or not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from homeostat.driver.errors import DriverError
from homeostat.driver.storage.trash import TrashFolder
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine

from ..asking import Asking
from ..refusals import TrashUnavailable

FOLDERS = {"machines": VirtualMachine.KIND, "disks": Disk.KIND}
"""The folders of a state folder with what lies in place, and of which kind that is."""


async def left_on_hosts(asking: Asking) -> frozenset[Key]:
    """Returns the names of which disks lie in their place, or in the trash: in the state folder here, and in a cluster as the
    operators of the other hosts reported them.

    Raises:
        TrashUnavailable: the disk refuses.
    """
    try:
        found = await asyncio.to_thread(_in_state_folder, asking.limits.state)
    except (DriverError, OSError) as error:
        raise TrashUnavailable(str(error)) from error
    hosts = await asking.workspace.store.list(Host) if asking.limits.clustered else ()
    for status in (host.status for host in hosts if host.status is not None):
        found |= {Key(one.of, one.namespace, one.name) for one in status.trash}
        found |= {Key(Disk.KIND, *one.split("/", 1)) for one in status.keeps}
    return frozenset(found)


def _in_state_folder(state: Path) -> set[Key]:
    found = {Key(entry.kind, entry.namespace, entry.name) for entry in TrashFolder.at(state).entries()}
    for folder, kind in FOLDERS.items():
        for namespace in _folders(state / folder):
            found |= {Key(kind, namespace, name) for name in _folders(state / folder / namespace)}
    return found


def _folders(place: Path) -> list[str]:
    try:
        with os.scandir(place) as inside:
            return [one.name for one in inside if one.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
