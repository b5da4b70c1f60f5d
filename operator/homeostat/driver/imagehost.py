"""A host without a hypervisor: an image cache only. It looks after plugins where others run the machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import replace
from types import MappingProxyType

from homeostat.models.listening import Listener
from homeostat.planner.actions import Action, DeleteDirectory, DeleteFile, FetchImage, ImageRef, SetAside
from homeostat.planner.disk.observed import NamedDisk
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.network.actions import NetworkAction
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.observed import HostFacts, KeptDisks, ObservedChain, ObservedDomain, ObservedPort, ObservedStorage, Usage
from homeostat.planner.orphans import MachineFolder

from .errors import DriverError
from .storage.storage import Storage


class _NoAgents:
    async def ping(self, uuid: str, timeout: float) -> None:
        raise DriverError("there are no guests here")

    async def run(self, uuid: str, command: Sequence[str], timeout: float) -> int:
        raise DriverError("there are no guests here")


class ImageHost:
    """A HostDriver that fetches images, and has no domains."""

    def __init__(self, storage: Storage, root: str, fence: Callable[[], None] = lambda: None) -> None:
        """Takes ``fence``, which is called just before any action and raises where we may not act."""
        self._storage = storage
        self._fence = fence
        self._facts = HostFacts(name="images", reachable=True, uri="", storage_root=root)
        self.agent = _NoAgents()

    @property
    def facts(self) -> HostFacts:
        return self._facts

    @property
    def calls(self) -> int:
        return 0

    def domain(self, uuid: str) -> ObservedDomain | None:
        return None

    def domain_named(self, name: str) -> ObservedDomain | None:
        return None

    def domains(self) -> Sequence[ObservedDomain]:
        return ()

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {}

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Does nothing: nothing runs."""

    async def blocked_ports(self, wanted: Sequence[Listener]) -> Mapping[Listener, ObservedPort]:
        return {}

    async def lost_folders(self, shared: Collection[str]) -> Set[str]:
        return frozenset()

    def usage(self) -> Mapping[str, Usage]:
        return MappingProxyType({})

    def subscribe(self, changed: Callable[[str | None], None]) -> None:
        """Does nothing: nothing changes."""

    def subscribe_images(self, changed: Callable[[str, bool], None]) -> None:
        self._storage.subscribe(changed)

    def subscribe_networks(self, changed: Callable[[], None]) -> None:
        """Does nothing: there are no networks."""

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        """Returns none."""
        return {}

    async def change_network(self, action: NetworkAction) -> None:
        """Refuses. Raises DriverError: there are no networks."""
        raise DriverError(f"{type(action).__name__} needs a hypervisor, and there is none here")

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage:
        return await self._storage.observe(images, disks, seeds, directory)

    def secret(self, path: str) -> None:
        """Returns None: there are no machines."""

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        """Returns nothing: there are no domains."""
        return {}

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return {}

    async def named_disk(self, folder: str) -> tuple[NamedDisk, None]:
        """Returns nothing: each host has its own Disks."""
        return NamedDisk(), None

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """Returns nothing: each host looks for what it keeps."""
        return ()

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """Returns nothing: the folders are the hosts'."""
        return ()

    async def snapshot_note(self, uid: str) -> SnapshotNote | None:
        """Returns None: there are no machines."""

    async def snapshot_notes(self) -> Sequence[SnapshotNote]:
        return ()

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        return {}

    async def built_on_disks(self, paths: Sequence[str]) -> Mapping[str, str]:
        return {}

    async def execute(self, action: Action) -> None:
        """Carries one action out. Raises DriverError."""
        if not isinstance(action, FetchImage):
            raise DriverError(f"{type(action).__name__} needs a hypervisor, and there is none here")
        self._fence()
        await self._storage.execute(action)

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        """Leaves this to the hosts whose machines use the images."""
        return ()

    async def sweep_copies(self) -> Sequence[str]:
        """Leaves this to the hosts that have the disks."""
        return ()

    async def expire_uploads(self) -> Sequence[str]:
        """Removes old uploads. Raises DriverError."""
        self._fence()
        return await self._storage.expire_uploads()

    async def image_note(self, uid: str) -> str:
        """Returns what was noted down for an Image. Raises DriverError."""
        return await self._storage.image_note(uid)

    async def note_image(self, uid: str, key: str) -> None:
        """Notes down which file an Image stands for. Raises DriverError."""
        self._fence()
        await self._storage.note_image(uid, key)

    async def leftovers(self, directory: str) -> Sequence[str]:
        """Returns nothing: the hosts have the machines' folders."""
        return ()

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        """Returns nothing: the hosts look after their own trash."""
        return ()

    async def space(self) -> Space:
        """Returns no space: nothing here needs any."""
        return Space(0, 0)

    async def erase(self, entry: str) -> None:
        """Does nothing: there is nothing to erase."""

    async def refresh(self, uuid: str) -> None:
        """Does nothing: there is nothing to read."""


class FilesHost(ImageHost):
    """An ImageHost that also has the files of machines, since all hosts open one folder. It clears what deployments kept, and
    finds what an index that was lost knew of."""

    def __init__(self, storage: Storage, root: str, trash_keep: float) -> None:
        super().__init__(storage, root)
        self._facts = replace(self._facts, trash_keep=trash_keep)

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """Returns the disks that a deployment kept. Raises DriverError."""
        return await self._storage.kept_disks(namespace, deployment, owner)

    async def snapshot_notes(self) -> Sequence[SnapshotNote]:
        """Returns the notes of all snapshots that can be read. Raises DriverError."""
        return await asyncio.to_thread(self._storage.snapshots.notes)

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        """Returns the snapshots in files, by path. Raises DriverError."""
        return await asyncio.to_thread(self._storage.snapshots.tags, paths)

    async def execute(self, action: Action) -> None:
        """Carries out what concerns images and files only. Raises DriverError."""
        if isinstance(action, SetAside | DeleteFile | DeleteDirectory):
            await self._storage.execute(action)
        else:
            await super().execute(action)
