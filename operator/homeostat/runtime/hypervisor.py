"""What the runtime asks of a host, as protocols: its domains, its files, its guests, what is counted of it, and acts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from homeostat.models.listening import Listener
from homeostat.planner.actions import Action, ImageRef
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
from homeostat.planner.trash import Space, TrashEntry


class GuestAgents(Protocol):
    """The QEMU guest agents of one host's guests. Both raise DriverError where there is no agent, and TimeoutError where it has
    not answered within so many seconds; the time until it is asked does not count."""

    async def ping(self, uuid: str, timeout: float) -> None: ...

    async def run(self, uuid: str, command: Sequence[str], timeout: float) -> int:
        """The exit code of a command."""


class Hypervisor(Protocol):
    """One libvirt host, of which something is asked or done."""

    @property
    def facts(self) -> HostFacts: ...

    async def execute(self, action: Action) -> None:
        """Carries one action out, and refreshes what it changed.

        Raises:
            DriverError: it could not be done (see homeostat.driver.errors).
        """


class Domains(Hypervisor, Protocol):
    """Its domains. Reads come from its inventory, which events keep fresh; they cost no libvirt call."""

    def domain(self, uuid: str) -> ObservedDomain | None: ...

    def domain_named(self, name: str) -> ObservedDomain | None: ...

    def domains(self) -> Sequence[ObservedDomain]: ...

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        """MAC -> (ip, source) pairs of that run of the domain (None: of the present one), source being Lease, Agent or Arp. Ask
        for nics on libvirt networks only: an address that is missing is looked for from then on, and its coming told as a change
        of the domain."""

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """What an operator before us found out of that run, as ``addresses`` has it: true until a look says otherwise."""

    async def blocked_ports(self, wanted: Sequence[Listener]) -> Mapping[Listener, ObservedPort]:
        """Those of the host's ports that nobody can listen on now; none where that cannot be known (a remote host)."""

    def subscribe(self, changed: Callable[[str | None], None]) -> None:
        """``changed(uuid)`` after a domain's observation changed; ``changed(None)`` after the whole host's did (facts,
        reconnect)."""

    async def refresh(self, uuid: str) -> None:
        """Reads one domain again."""


class Guests(Hypervisor, Protocol):
    """What runs in its domains."""

    @property
    def agent(self) -> GuestAgents: ...


class Files(Hypervisor, Protocol):
    """Its disks, images and folders."""

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage: ...

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        """By source; what is one of ``disks`` is named so, see ObservedChain. Headers may name ``named`` and our own files."""

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """See ObservedStorage. Raises DriverError."""

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """What is noted down there as kept for the next machines of a deployment, whose uid is ``owner``. Raises DriverError."""

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """All of the storage, whether a resource knows of them or not. Raises DriverError."""

    async def leftovers(self, directory: str) -> Sequence[str]:
        """The files in a machine's folder, by name. Raises DriverError."""

    def secret(self, path: str) -> Secret | None:
        """What a password file holds; None where it is not to be read."""

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        """Removes old images from the host's cache that no disk and no domain refers to, and that are not in ``used()``
        (ImageRef.keys), which is asked at the very last. Returns what was removed.

        Raises:
            DriverError: it is not known what is in use; nothing was removed.
        """

    def subscribe_images(self, changed: Callable[[str, bool], None]) -> None:
        """``changed(key, fetching)`` when the image with that ImageRef.key progressed (only then ``fetching``), came, failed, or
        may be asked for again."""


class Trash(Files, Protocol):
    """What is set aside on it."""

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        """What is set aside there: of machines whose folder is ``directory``, or all of it, oldest first. Raises DriverError."""

    async def space(self) -> Space:
        """Of the file system that holds the trash. Raises DriverError."""

    async def erase(self, entry: str) -> None:
        """Erases what was set aside for good. Raises DriverError."""


class Meter(Hypervisor, Protocol):
    """What is counted of it."""

    def usage(self) -> Mapping[str, Usage]:
        """By domain name; our own domains only."""

    @property
    def calls(self) -> int:
        """libvirt calls made so far."""


class HostDriver(Domains, Guests, Trash, Meter, Protocol):
    """One libvirt host."""
