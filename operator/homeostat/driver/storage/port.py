"""What a host asks of whatever keeps its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from homeostat.planner import actions as act
from homeostat.planner.actions import ImageRef
from homeostat.planner.disk.observed import Copying, NamedDisk
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.observed import KeptDisks, ObservedChain, ObservedStorage, Secret
from homeostat.planner.orphans import MachineFolder

from .disks.snapshots import SnapshotFiles

ImageChanged = Callable[[str, bool], None]


class StorageDriver(Protocol):
    """The part of the host that holds files (storage.Storage)."""

    def subscribe(self, changed: ImageChanged) -> None: ...

    async def observe(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage: ...

    def secret(self, path: str) -> Secret | None: ...

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]: ...

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]: ...

    async def named_disk(self, folder: str) -> tuple[NamedDisk, Copying | None]: ...

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]: ...

    async def machine_folders(self) -> Sequence[MachineFolder]: ...

    async def execute(self, action: act.StorageAction) -> None: ...

    async def leftovers(self, directory: str) -> Sequence[str]: ...

    async def image_note(self, uid: str) -> str: ...

    async def sweep_copies(self) -> Sequence[str]: ...

    async def expire_uploads(self) -> Sequence[str]: ...

    async def note_image(self, uid: str, key: str) -> None: ...

    async def trashed(self, directory: str | None) -> Sequence[TrashEntry]: ...

    async def space(self) -> Space: ...

    async def erase(self, entry: str) -> None: ...

    async def prune(self, used: Callable[[], Collection[str]], paths: Callable[[], Collection[str]]) -> list[str]: ...

    @property
    def snapshots(self) -> SnapshotFiles: ...
