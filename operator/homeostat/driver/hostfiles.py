"""The files of a libvirt host: disks, images, folders and the trash. A host whose files nobody keeps has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeostat.planner.actions import ImageRef
from homeostat.planner.disk.observed import Copying, NamedDisk
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.observed import KeptDisks, ObservedChain, ObservedStorage, Secret
from homeostat.planner.orphans import MachineFolder

from .storage.port import StorageDriver
from .storage.secret import read_secret


class HostFiles:
    """Answers what is asked of the files of a host."""

    def __init__(self, storage: StorageDriver | None) -> None:
        """Takes ``storage``. None: the host keeps no files."""
        self._storage = storage

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage:
        if self._storage is None:
            return ObservedStorage()
        return await self._storage.observe(images, disks, seeds, directory)

    def secret(self, path: str) -> Secret | None:
        """Returns the secret. Files of another computer's storage are not confined: reading one runs nothing."""
        return read_secret(path) if self._storage is None else self._storage.secret(path)

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        return {} if self._storage is None else await self._storage.chains(sources, disks, named)

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Returns what Storage.overlays returns. Raises DriverError."""
        return {} if self._storage is None else await self._storage.overlays(disks)

    async def named_disk(self, folder: str) -> tuple[NamedDisk, Copying | None]:
        """Returns what Storage.named_disk returns. Raises DriverError."""
        return (NamedDisk(), None) if self._storage is None else await self._storage.named_disk(folder)

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """Returns what Storage.kept_disks returns. Raises DriverError."""
        return () if self._storage is None else await self._storage.kept_disks(namespace, deployment, owner)

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """Returns all folders of the storage. Raises DriverError."""
        return () if self._storage is None else await self._storage.machine_folders()

    async def sweep_copies(self) -> Sequence[str]:
        """Removes what killed copies of disks left. Raises DriverError."""
        return () if self._storage is None else await self._storage.sweep_copies()

    async def expire_uploads(self) -> Sequence[str]:
        """Removes old uploads. Raises DriverError."""
        return () if self._storage is None else await self._storage.expire_uploads()

    async def image_note(self, uid: str) -> str:
        """Returns what was noted down for an Image. Raises DriverError."""
        return "" if self._storage is None else await self._storage.image_note(uid)

    async def note_image(self, uid: str, key: str) -> None:
        """Notes down which file an Image stands for. Raises DriverError."""
        if self._storage is not None:
            await self._storage.note_image(uid, key)

    async def leftovers(self, directory: str) -> Sequence[str]:
        """Returns the files in a machine's folder. Raises DriverError."""
        return () if self._storage is None else await self._storage.leftovers(directory)

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        """Returns the entries of the trash. Raises DriverError."""
        return () if self._storage is None else await self._storage.trashed(directory)

    async def space(self) -> Space:
        """Returns the space of the storage. Raises DriverError."""
        return Space(0, 0) if self._storage is None else await self._storage.space()

    async def erase(self, entry: str) -> None:
        """Erases an entry of the trash. Raises DriverError."""
        if self._storage is not None:
            await self._storage.erase(entry)
