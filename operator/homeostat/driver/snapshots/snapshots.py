"""Takes, removes and restores snapshots. All of them are internal: inside the qcow2 files of the disks, under a name of ours.

- Machine off: qemu-img, disk by disk.
- Machine on, its disks only: one transaction of QEMU over all of them, between two writes. libvirt has no call for that. The
  guest agent freezes the file systems around it. Whatever happens, they are thawed.
- Machine on, with its memory: libvirt's internal snapshot, of which libvirt keeps the definition.

What is taken counts once its note says so. Until then the next try thaws the guest, and removes what the last one left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import libvirt
import libvirt_qemu

from homeostat.planner import actions as act
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.observed import DomainState, ObservedDomain

from .. import faults
from ..connection.connection import LibvirtConnection
from ..connection.events import Aspect
from ..domains.hung import Hung
from ..domains.inventory import Inventory
from ..domains.open_files import check_open
from ..domains.step import Domain
from ..errors import DomainChanged, DriverError, NoSpace, Refused, ResourceInUse
from ..guests.agent import Agent
from ..storage.disks.snapshots import SnapshotFiles
from ..survey.survey import is_local
from ..xml import parse_xml

_log = logging.getLogger(__name__)

FREEZE_WITHIN = 20.0  # seconds; a guest writes everything that it has not written yet
THAW_WITHIN = 20.0  # seconds
LIST_ROOM = 2**20  # bytes that a new list of a disk's snapshots takes at the most, with what counts its clusters
TAKEN_WITHIN = 60.0  # seconds in which QEMU writes the tables of all disks; what is written later counts like what was cut off
EVERYTHING = Aspect.STATE | Aspect.CONFIG | Aspect.LIVE | Aspect.FLAGS


# The steps of one action, for tests that are killed between them: see faults.


@dataclass(frozen=True, slots=True)
class FreezeGuest:
    uuid: str


@dataclass(frozen=True, slots=True)
class TagDisks:
    uuid: str


@dataclass(frozen=True, slots=True)
class ThawGuest:
    uuid: str


@dataclass(frozen=True, slots=True)
class ApplyTag:
    path: str


@dataclass(frozen=True, slots=True)
class KeepNote:
    uid: str


class Snapshots:
    """Executes the actions on snapshots of one host. ``fence``: see DomainActions."""

    def __init__(
        self,
        connection: LibvirtConnection,
        inventory: Inventory,
        agent: Agent,
        hung: Hung,
        files: SnapshotFiles | None,
        fence: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection, self._inventory, self._agent, self._fence = connection, inventory, agent, fence
        self._hung = hung
        self._kept = files

    def note(self, uid: str) -> SnapshotNote | None:
        """Returns what is noted down of a snapshot. Raises DriverError: it cannot be read."""
        return self._files.note(uid)

    def notes(self) -> Sequence[SnapshotNote]:
        """Returns the notes of all snapshots that can be read. Raises DriverError: their folder cannot be."""
        return self._files.notes()

    def tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        """Returns the snapshots in files. Raises DriverError: a file cannot be read."""
        return self._files.tags(paths)

    def backing(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Returns which files are built on disks of machines."""
        return self._files.backing(paths)

    @property
    def _files(self) -> SnapshotFiles:
        if self._kept is None:
            raise DriverError("this host keeps no files, so there are no snapshots on it")
        return self._kept

    async def execute(self, action: act.SnapshotAction) -> None:
        """Carries one action out, while nobody else acts on the domain.

        Raises:
            DriverError: it could not be done.
        """
        with faults.around(action):
            match action:
                case act.NoteRestored():
                    self._files.note_restored(action.directory, action.token)
                case act.NoteTaken():
                    self._note_taken(action)
                case act.DropSnapshot(uuid=""):
                    await self._drop_elsewhere(action)
                    await self._drop(action, None)
                case _:
                    if isinstance(action, act.DropSnapshot):
                        await self._drop_elsewhere(action)
                    async with self._inventory.exclusively(action.uuid):
                        self._fence()
                        await self._on_domain(action)

    async def _on_domain(self, action: act.TakeSnapshot | act.DropSnapshot | act.RestoreSnapshot) -> None:
        known = await self._read(action.uuid)
        try:
            match action:
                case act.TakeSnapshot():
                    await self._take(action, _there(known))
                case act.DropSnapshot():
                    await self._drop(action, known)
                case act.RestoreSnapshot():
                    await self._restore(action, _there(known))
        finally:
            await self._read(action.uuid)

    # Taking -----------------------------------------------------------------------------------------------------------------

    async def _take(self, action: act.TakeSnapshot, known: ObservedDomain) -> None:
        if known.state.active != action.active or known.managed_save != action.saved:
            raise DomainChanged(f"machine {known.name} was turned on or off meanwhile: its snapshot is taken later")
        files, paths = self._files, [path for _, path in action.disks]
        if action.active:
            check_open(known, paths)
        await self._clean_up(action, known)
        note = SnapshotNote(action.uid, action.machine, action.machine_name, action.memory, action.disks)
        files.write_note(note)
        if not action.active:
            with faults.around(TagDisks(action.uuid)):
                for path in paths:
                    await files.tag(path, action.tag)
            consistency = "Crash" if action.saved else "Off"
        elif action.memory:
            with faults.around(TagDisks(action.uuid)):
                await self._with_memory(action, known)
            consistency = "Memory"
        else:
            async with self._quiesced(action, known) as frozen:
                with faults.around(TagDisks(action.uuid)):
                    taking = self._on_thread(lambda: self._in_one_go(action), f"take a snapshot of machine {known.name}")
                    await self._hung.answered(action.uuid, taking, TAKEN_WITHIN)
            consistency = "Agent" if frozen else "Crash"
        if (variables := await self._variables(known)) is not None:
            files.copy(variables, files.nvram(action.uid))
        tags = [tag.taken for known in files.tags(paths).values() for tag in known if tag.tag == action.tag]
        taken = min(tags, default=time.time())
        with faults.around(KeepNote(action.uid)):
            size = files.size(paths)
            files.write_note(replace(note, complete=True, consistency=consistency, taken=_as_time(taken), size=size))

    def _note_taken(self, action: act.NoteTaken) -> None:
        size = self._files.size([path for _, path in action.disks])
        of = (action.uid, action.machine, action.machine_name, action.memory, action.disks)
        with faults.around(KeepNote(action.uid)):
            self._files.write_note(SnapshotNote(*of, True, action.consistency, _as_time(action.taken), size))

    async def _clean_up(self, action: act.TakeSnapshot, known: ObservedDomain) -> None:
        """Removes what a try that was cut off has left. Thaws the guest first: that try may have frozen it."""
        files = self._files
        if files.note(action.uid) is not None:
            await self._thaw_if_listening(known)
        if any(files.holds(path, action.tag) for _, path in action.disks):
            await self._untag(action.tag, [path for _, path in action.disks], known)

    @asynccontextmanager
    async def _quiesced(self, action: act.TakeSnapshot, known: ObservedDomain) -> AsyncIterator[bool]:
        """Freezes the guest's file systems where that is wanted, yields whether they are, and thaws them whatever happens."""
        frozen = 0
        wanted = action.quiesce != "Never" and (known.agent or action.quiesce == "Required")
        try:
            if wanted:
                with faults.around(FreezeGuest(action.uuid)):
                    frozen = await self._freeze(action, known)
            yield frozen > 0
        finally:
            if wanted:  # also where it did not answer: it may freeze late
                with faults.around(ThawGuest(action.uuid)):
                    await self._thaw(known, must=frozen > 0)

    async def _freeze(self, action: act.TakeSnapshot, known: ObservedDomain) -> int:
        try:
            return await self._agent.freeze(action.uuid, FREEZE_WITHIN)
        except (DriverError, TimeoutError) as error:
            why = str(error) or f"no answer within {FREEZE_WITHIN:.0f} s"
            if action.quiesce == "Required":
                raise DriverError(
                    f"the guest agent of machine {known.name} does not freeze its file systems ({why}), and quiesce is Required: "
                    "it is tried again; quiesce: IfAvailable takes the snapshot without that"
                ) from error
            _log.info("freezing the file systems of machine %s: %s", known.name, why)
            return 0

    async def _thaw(self, known: ObservedDomain, must: bool) -> None:
        try:
            await self._agent.thaw(known.uuid, THAW_WITHIN)
        except (DriverError, TimeoutError) as error:
            if must:
                why = str(error) or f"no answer within {THAW_WITHIN:.0f} s"
                raise DriverError(
                    f"the guest agent of machine {known.name} does not thaw its file systems ({why}): it is asked again. "
                    f"`virsh domfsthaw {known.name}` asks it, too"
                ) from error

    async def _thaw_if_listening(self, known: ObservedDomain) -> None:
        if known.state.active and known.agent:
            with faults.around(ThawGuest(known.uuid)):
                await self._thaw(known, must=False)

    def _in_one_go(self, action: act.TakeSnapshot) -> None:
        domain = self._connection.domain(action.uuid)
        nodes = self._nodes(domain)
        steps = [
            {"type": "blockdev-snapshot-internal-sync", "data": {"device": _node(nodes, path), "name": action.tag}}
            for _, path in action.disks
        ]
        self._qmp(domain, "transaction", actions=steps)

    async def _with_memory(self, action: act.TakeSnapshot, known: ObservedDomain) -> None:
        """Takes it where there is room for all of the memory, which QEMU writes into the first disk. What is written before the
        room runs out stays there, and QEMU does not say that this is why it failed."""
        _, path = action.disks[0]
        given, what = known.live or known.config, f"the memory of machine {known.name}"
        most = given.left_memory if given is not None else 0
        self._files.check_room(path, most, what)
        try:
            await self._on_thread(lambda: self._create(action), f"take a snapshot with memory of machine {known.name}")
        except DriverError:
            self._files.check_room(path, most, what)
            raise

    def _create(self, action: act.TakeSnapshot) -> None:
        domain = self._connection.domain(action.uuid)
        text = f"<domainsnapshot><name>{escape(action.tag)}</name><description>Homeostat</description></domainsnapshot>"
        self._connection.request(domain.snapshotCreateXML, text, 0)

    # Removing ---------------------------------------------------------------------------------------------------------------

    async def _drop(self, action: act.DropSnapshot, known: ObservedDomain | None) -> None:
        note = self._files.note(action.uid)
        if known is not None and note is not None and not note.complete:
            await self._thaw_if_listening(known)
        await self._untag(action.tag, [path for _, path in action.disks], known)
        with faults.around(KeepNote(action.uid)):
            self._files.forget(action.uid)

    async def _drop_elsewhere(self, action: act.DropSnapshot) -> None:
        """Removes it from the Disks that another machine runs with by now: that one's QEMU has them open, and nobody else can."""
        paths = {path for _, path in action.disks}
        for other in [one for one in self._inventory.all() if one.uuid != action.uuid and one.state.active]:
            disks = other.live.disks if other.live is not None else ()
            if not (shared := paths & {disk.source for disk in disks if disk.source and not disk.read_only}):
                continue
            async with self._inventory.exclusively(other.uuid):
                self._fence()
                known = await self._read(other.uuid)
                held = [path for path in sorted(shared) if self._files.holds(path, action.tag)]
                if known is not None and known.state.active:
                    await self._on_thread(partial(self._untag_running, known.uuid, action.tag, held), "remove a snapshot")

    async def _untag(self, tag: str, paths: Sequence[str], known: ObservedDomain | None) -> None:
        """Removes a tag from disks: by QEMU where it has them open. Then has libvirt forget it."""
        files = self._files
        held = [path for path in paths if files.holds(path, tag)]
        if known is not None and known.state.active:
            opened = await self._on_thread(lambda: self._untag_running(known.uuid, tag, held), "remove a snapshot")
            held = [path for path in held if path not in opened]
        for path in held:
            await files.untag(path, tag)
        if known is not None:
            await self._on_thread(lambda: self._forget(known.uuid, tag), "forget a snapshot")

    def _untag_running(self, uuid: str, tag: str, paths: Sequence[str]) -> set[str]:
        domain = self._connection.domain(uuid)
        nodes = self._nodes(domain)
        for path in paths:
            if path in nodes:
                self._untag_node(domain, nodes[path], path, tag)
        return set(nodes)

    def _untag_node(self, domain: Domain, node: str, path: str, tag: str) -> None:
        """Removes it where there is room for a list of those that stay. Where QEMU finds none it knows the snapshot no more, and
        the file has it still, until QEMU reads that the next time."""
        if len(self._files.tags([path]).get(path, ())) > 1:
            self._files.check_room(path, LIST_ROOM, "the list of the snapshots that stay")
        try:
            self._qmp(domain, "blockdev-snapshot-delete-internal-sync", device=node, name=tag)
        except DriverError as error:
            if "does not exist" not in str(error):
                raise
            raise DriverError(
                f"QEMU had no room to write that the snapshot has gone from {path}, and does not know it any more: it goes once "
                "the machine is off or was restarted (`homeostat restart`)"
            ) from error

    def _forget(self, uuid: str, tag: str) -> None:
        try:
            found = self._connection.request(self._connection.domain(uuid).snapshotLookupByName, tag, 0)
            self._connection.request(found.delete, libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                raise

    # Restoring --------------------------------------------------------------------------------------------------------------

    async def _restore(self, action: act.RestoreSnapshot, known: ObservedDomain) -> None:
        files = self._files
        if action.memory:
            with faults.around(ApplyTag(action.uuid)):
                await self._on_thread(lambda: self._revert(action), f"bring machine {known.name} back to a snapshot")
        elif known.state is not DomainState.SHUTOFF and known.state is not DomainState.CRASHED:
            raise DomainChanged(f"machine {known.name} runs again: its disks are brought back once it is off")
        else:
            for _, path in action.disks:
                with faults.around(ApplyTag(path)):
                    await files.apply(path, action.tag)
            variables = await self._variables(known)
            if variables is not None and files.nvram(action.uid).exists():
                files.copy(files.nvram(action.uid), variables)
        with faults.around(KeepNote(action.uid)):
            files.note_restored(action.directory, action.token)

    def _revert(self, action: act.RestoreSnapshot) -> None:
        domain = self._connection.domain(action.uuid)
        try:
            found = self._connection.request(domain.snapshotLookupByName, action.tag, 0)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                raise
            raise Refused(
                f"libvirt no longer knows the snapshot {action.tag}, and the memory in it is of no use without that. Its disks "
                "hold it: `qemu-img snapshot -a` brings them back while the machine is off"
            ) from error
        self._connection.request(domain.revertToSnapshot, found, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE)

    # What all use -----------------------------------------------------------------------------------------------------------

    async def _on_thread(self, job: Callable[[], Any], doing: str) -> Any:
        def fenced() -> Any:
            self._fence()
            return job()

        return await self._connection.run(fenced, doing)

    async def _read(self, uuid: str) -> ObservedDomain | None:
        seen = await self._connection.run(lambda: self._inventory.read(uuid, EVERYTHING), "read a domain")
        self._inventory.accept(uuid, seen)
        return seen

    async def _variables(self, known: ObservedDomain) -> Path | None:
        """Returns the file with the variables of the machine's firmware; None where it has none, or they are elsewhere."""
        if known.config is None or not known.config.uefi or not is_local(self._connection.uri):
            return None
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE
        text = await self._on_thread(
            lambda: self._connection.request(self._connection.domain(known.uuid).XMLDesc, flags), "read a domain"
        )
        path = parse_xml(text).findtext("os/nvram")
        there = bool(path) and await asyncio.to_thread(lambda: os.path.exists(path or ""))
        return Path(path or "") if there else None

    def _nodes(self, domain: Domain) -> dict[str, str]:
        """Returns QEMU's names for the disks that it has open, by the path of the file that the definition of the run names."""
        root = parse_xml(self._connection.request(domain.XMLDesc, 0))
        aliases = {
            alias.get("name"): source.get("file", "")
            for disk in root.iterfind("devices/disk")
            if (alias := disk.find("alias")) is not None and (source := disk.find("source")) is not None
        }
        found = {}
        for block in self._qmp(domain, "query-block"):
            node = (block.get("inserted") or {}).get("node-name")
            for part in str(block.get("qdev", "")).split("/"):
                if node and aliases.get(part):
                    found[aliases[part]] = node
        return found

    def _qmp(self, domain: Domain, execute: str, **arguments: object) -> Any:
        """Asks QEMU itself.

        Raises:
            DriverError: it refuses.
        """
        text = json.dumps({"execute": execute, **({"arguments": arguments} if arguments else {})})
        answer = json.loads(self._connection.request(libvirt_qemu.qemuMonitorCommand, domain, text, 0))
        if "error" in answer:
            said = str(answer["error"].get("desc", answer["error"]))
            if "No space left" in said:
                raise NoSpace(f"QEMU could not do it: no space is left where the disk is ({said}); free some space there")
            if "Need a root block node" in said:  # what a copy reads through is on top of the disk
                raise ResourceInUse(f"a copy of one of its disks is being made: it is tried again, until that has ended ({said})")
            raise DriverError(f"QEMU refuses {execute}: {said}")
        return answer["return"]


def _as_time(seconds: float) -> str:
    """Returns a time since the epoch as RFC 3339, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def _there(known: ObservedDomain | None) -> ObservedDomain:
    if known is None:
        raise DomainChanged("its domain has gone meanwhile: it is looked at again")
    if known.record is None:
        raise Refused(f"the domain {known.name} is not ours (it lacks our record): it is left alone")
    return known


def _node(nodes: Mapping[str, str], path: str) -> str:
    if path not in nodes:
        raise DomainChanged(f"{path} is no disk of the running machine any more: no snapshot was taken; it is looked at again")
    return nodes[path]
