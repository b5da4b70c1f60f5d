"""What a plan is made against: a copy of the state, and the host as the operator of that state would see it.

An empty state, as on the computer that reviews a branch, takes the identity in the records of the machines on the host. Otherwise
each of them would look like somebody else's.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.storage import Storage
from homeostat.driver.survey.kvm import probe_kvm
from homeostat.driver.survey.qemu_group import qemu_group
from homeostat.driver.survey.survey import is_local
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import ImageRef
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.files.trash import KEEP
from homeostat.planner.machine.preview.presume import presumed, storage_root
from homeostat.planner.observed import ImagePhase, Observed, ObservedImage
from homeostat.store.files.state import StateFolder, served_folder
from homeostat.store.index.index import check_format

from ...errors import CliError


@dataclass(frozen=True, slots=True)
class PreviewHost:
    """The host of a preview. ``unseen``: its storage is on another computer, and what the definitions name counts as existing."""

    host: LibvirtHost
    storage: Storage
    unseen: bool = False

    def seen(self, machine: VirtualMachine, observed: Observed) -> Observed:
        return presumed(machine, observed, self.storage.image_path) if self.unseen else observed

    async def foresee(self, ref: ImageRef) -> ObservedImage:
        """Returns what fetching the image will give. A local file of another computer is not read."""
        if self.unseen:
            return ObservedImage(ImagePhase.READY, self.storage.image_path(ref.key), ref.format or "qcow2")
        return await self.storage.foresee(ref)


async def copy_state(folder: Path, state: Path, scratch: Path) -> list[str]:
    """Copies the identity of the resources, and what is known of them, into ``scratch``. Returns what differs from the folder's
    own state.

    Raises:
        StateError: it serves a cluster, or a newer version wrote its index.
    """
    room = StateFolder(state)
    if room.serves_cluster:
        room.claim(folder)
    await asyncio.to_thread(_copy, state, scratch)
    serves = room.serves
    if serves is None or serves == served_folder(folder):
        return []
    return [f"the state {state} serves {serves}: shown is what would change if {folder} stood in its place, which `up` refuses"]


def _copy(state: Path, scratch: Path) -> None:
    origin, copied = StateFolder(state), StateFolder(scratch)
    if origin.identity.exists():
        shutil.copy(origin.identity, copied.identity)
    if origin.hosts_file.exists():
        shutil.copy(origin.hosts_file, copied.hosts_file)
    if origin.index.exists():
        with (
            closing(sqlite3.connect(f"{origin.index.as_uri()}?mode=ro", uri=True)) as known,
            closing(sqlite3.connect(copied.index)) as copy,
        ):
            check_format(origin.index, known)
            known.backup(copy)


@asynccontextmanager
async def opened_host(
    state: Path,
    uri: str,
    labels: Mapping[str, str],
    scratch: Path,
    notes: list[str],
    image_folders: Sequence[Path] = (),
    allowed: Allowed = NOTHING,
) -> AsyncIterator[PreviewHost]:
    """Opens the host as the operator does, but records nothing. Adds to ``notes`` what is assumed.

    Raises:
        CliError: the host cannot be asked.
    """
    logging.getLogger("homeostat.driver").addHandler(logging.NullHandler())  # whoever asks here says what it warns of
    storage = Storage(state, await qemu_group(uri), image_folders=image_folders)
    async with _connected(uri, state, labels, storage, allowed) as host:
        found = None if StateFolder(scratch).identity.exists() else _instance_on(host)
        if found is None:
            yield PreviewHost(host, storage)
            return
        root = Path(storage_root(host.domains()) or state)
    StateFolder(scratch).identity.write_text(f"{found}\n")
    notes.append(
        f"the state {state} is empty: machines are recognised by the domains on {uri}, and the files they name in {root} are "
        "taken to be there and as the spec says"
    )
    async with _connected(uri, root, labels, None, allowed) as host:
        yield PreviewHost(host, Storage(root, None), unseen=True)


@asynccontextmanager
async def opened_hosts(
    state: Path, hosts: Mapping[str, str], image_folders: Sequence[Path] = (), allowed: Allowed = NOTHING
) -> AsyncIterator[Mapping[str, PreviewHost]]:
    """Opens several hosts as ``opened_host`` opens one, and yields them by name. Of those that are away, nothing is known.

    Raises:
        CliError: none of them can be asked.
    """
    logging.getLogger("homeostat.driver").addHandler(logging.NullHandler())
    found: dict[str, PreviewHost] = {}
    async with AsyncExitStack() as stack:
        for name, uri in hosts.items():
            storage = Storage(state, await qemu_group(uri), image_folders=image_folders)
            host = await stack.enter_async_context(_opened(uri, state, None, storage, allowed, name))
            found[name] = PreviewHost(host, storage)
        if not any(seen.host.facts.reachable for seen in found.values()):
            raise _nothing("; ".join(f"host {name}: {seen.host.facts.error}" for name, seen in found.items()))
        yield found


@asynccontextmanager
async def _connected(
    uri: str, root: Path, labels: Mapping[str, str] | None, storage: Storage | None, allowed: Allowed
) -> AsyncIterator[LibvirtHost]:
    async with _opened(uri, root, labels, storage, allowed) as host:
        if not host.facts.reachable:
            raise _nothing(host.facts.error)
        yield host


def _opened(
    uri: str, root: Path, labels: Mapping[str, str] | None, storage: Storage | None, allowed: Allowed, name: str = "local"
) -> LibvirtHost:
    async def kvm_usable() -> bool:
        return not is_local(uri) or (await probe_kvm(None)).usable

    return LibvirtHost(
        uri, name=name, storage=storage, storage_root=str(root), labels=labels, kvm_usable=kvm_usable, trash_keep=KEEP,
        marks_runs=False, allowed=allowed,
    )  # fmt: skip


def _nothing(why: str) -> CliError:
    return CliError(f"nothing can be planned: {why}", "`homeostat doctor` says more")


def _instance_on(host: LibvirtHost) -> uuid.UUID | None:
    """Returns the identity of the operator whose machines are there; of several, the one with the most machines."""
    counted = Counter(domain.record.instance for domain in host.domains() if domain.record and domain.record.instance)
    for instance, _ in counted.most_common():
        try:
            return uuid.UUID(instance)
        except ValueError:
            continue  # no operator wrote that value
    return None
