"""What the runtime needs of a host, as protocols: its domains, its files, its guests, what is counted of it, and actions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Protocol

from homeostat.models.listening import Listener
from homeostat.planner.actions import Action, ImageRef
from homeostat.planner.disk.observed import Copying, NamedDisk
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.network.actions import NetworkAction
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.observed import (
    HostFacts,
    KeptDisks,
    ObservedChain,
    ObservedDomain,
    ObservedPort,
    ObservedStorage,
    Secret,
    Usage,
)
from homeostat.planner.orphans import MachineFolder


class GuestAgents(Protocol):
    """The QEMU guest agents of one host's guests. Both methods raise DriverError where there is no agent, and TimeoutError where
    it has not answered in time. The time before it is asked does not count."""

    async def ping(self, uuid: str, timeout: float) -> None: ...

    async def run(self, uuid: str, command: Sequence[str], timeout: float) -> int:
        """Runs a command, and returns its exit code."""


class Hypervisor(Protocol):
    """One libvirt host, which is asked to do something."""

    @property
    def facts(self) -> HostFacts: ...

    async def execute(self, action: Action) -> None:
        """Carries one action out, and refreshes what it changed.

        Raises:
            DriverError: it could not be done (see homeostat.driver.errors).
        """


class Domains(Hypervisor, Protocol):
    """The domains of a host. Reads come from its inventory, which events keep up to date. They cost no libvirt call."""

    def domain(self, uuid: str) -> ObservedDomain | None: ...

    def domain_named(self, name: str) -> ObservedDomain | None: ...

    def domains(self) -> Sequence[ObservedDomain]: ...

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Returns MAC -> (ip, source) pairs of that run of the domain (None: the present run). The source is Lease, Agent or Arp.
        Ask only for nics on libvirt networks: an address that is missing is looked for from then on, and when it comes, it is
        reported as a change of the domain."""

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Remembers what an earlier operator found out about that run, in the form of ``addresses``. It holds until something
        else is found."""

    async def blocked_ports(self, wanted: Sequence[Listener]) -> Mapping[Listener, ObservedPort]:
        """Returns those of the host's ports that nobody can listen on now. Empty where that cannot be known (a remote host)."""

    async def lost_folders(self, shared: Collection[str]) -> Set[str]:
        """Returns those of the folders that are not there now. Empty where that cannot be known (a remote host)."""

    def subscribe(self, changed: Callable[[str | None], None]) -> None:
        """Calls ``changed(uuid)`` after the observation of a domain changed, and ``changed(None)`` after that of the whole host
        did (facts, reconnect)."""

    async def refresh(self, uuid: str) -> None:
        """Reads one domain again."""


class NetworksOf(Domains, Protocol):
    """The networks of a host, and the domains that are plugged into them."""

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        """Returns all of them by name. Costs libvirt calls only where something changed.

        Raises:
            DriverError: they cannot be read.
        """

    async def change_network(self, action: NetworkAction) -> None:
        """Carries one action out.

        Raises:
            DriverError: it could not be done.
        """

    def subscribe_networks(self, changed: Callable[[], None]) -> None:
        """Calls ``changed()`` after a network came, went, or changed, or the host did."""


class Guests(Hypervisor, Protocol):
    """What runs in the domains of a host."""

    @property
    def agent(self) -> GuestAgents: ...


class Files(Hypervisor, Protocol):
    """The disks, images and folders of a host."""

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage: ...

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        """Returns the chains by source. What is one of ``disks`` gets its name, see ObservedChain. Headers may name ``named`` and
        our own files."""

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Returns the overlays, see ObservedStorage.

        Raises:
            DriverError: they could not be read.
        """

    async def named_disk(self, folder: str) -> tuple[NamedDisk, Copying | None]:
        """Looks into the folder of a Disk, and says how far the copy is that is made there, if one is.

        Raises:
            DriverError: it could not be read.
        """

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """Returns what is recorded there as kept for later machines of a deployment, whose uid is ``owner``.

        Raises:
            DriverError: it could not be read.
        """

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """Returns all folders of machines in the storage, whether a resource exists for them or not.

        Raises:
            DriverError: they could not be read.
        """

    async def leftovers(self, directory: str) -> Sequence[str]:
        """Returns the names of the files in a machine's folder.

        Raises:
            DriverError: they could not be read.
        """

    async def sweep_copies(self) -> Sequence[str]:
        """Removes what copies of disks left that were killed, and returns it. Raises DriverError."""

    async def expire_uploads(self) -> Sequence[str]:
        """Removes the uploads that nothing came of for a day, and returns their names.

        Raises:
            DriverError: their folder could not be read.
        """

    async def image_note(self, uid: str) -> str:
        """Returns the ImageRef.key that was noted down for the Image of that uid; empty: none.

        Raises:
            DriverError: it could not be read.
        """

    async def note_image(self, uid: str, key: str) -> None:
        """Notes down which file an Image stands for. Empty: forgets it.

        Raises:
            DriverError: it could not be written.
        """

    def secret(self, path: str) -> Secret | None:
        """Returns the content of a password file. None: it cannot be read."""

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        """Removes old images from the host's cache that no disk and no domain refers to, and that are not in ``used()``
        (ImageRef.keys), which is called at the very last. Returns what was removed.

        Raises:
            DriverError: it is not known what is in use. Nothing was removed.
        """

    def subscribe_images(self, changed: Callable[[str, bool], None]) -> None:
        """Calls ``changed(key, fetching)`` when the image with that ImageRef.key progressed (only then ``fetching`` is true),
        came, failed, or may be asked for again."""


class SnapshotsOf(Hypervisor, Protocol):
    """The snapshots on a host. All methods raise DriverError where files cannot be read."""

    async def snapshot_note(self, uid: str) -> SnapshotNote | None:
        """Returns what is noted down of a snapshot. None: it was not begun."""

    async def snapshot_notes(self) -> Sequence[SnapshotNote]:
        """Returns the notes of all snapshots that can be read."""

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        """Returns the snapshots that qcow2 files hold, by path. A file that is not there has no entry."""

    async def built_on_disks(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Returns those of the files that are built on a disk of a machine, each with that."""


class Trash(Files, Protocol):
    """The trash of a host."""

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        """Returns what was set aside, oldest first: of machines whose folder is ``directory``, or everything.

        Raises:
            DriverError: it could not be read.
        """

    async def space(self) -> Space:
        """Returns the space of the file system that holds the trash.

        Raises:
            DriverError: it could not be read.
        """

    async def erase(self, entry: str) -> None:
        """Erases for good what was set aside.

        Raises:
            DriverError: it could not be erased.
        """


class Meter(Hypervisor, Protocol):
    """What is counted of a host."""

    def usage(self) -> Mapping[str, Usage]:
        """Returns the use by domain name, for our own domains only."""

    @property
    def calls(self) -> int:
        """Returns how many libvirt calls were made so far."""


class HostDriver(NetworksOf, Guests, Trash, SnapshotsOf, Meter, Protocol):
    """One libvirt host."""
