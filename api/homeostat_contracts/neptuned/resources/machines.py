"""/admin/vms: machines as they are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import falcon
import falcon.asgi
from pydantic import ValidationError

from homeostat.models.machine import VirtualMachine
from homeostat.service.changing.admission import Admission
from homeostat.service.changing.json_patch import apply_json_patch
from homeostat.service.changing.spec_change import impossible
from homeostat.service.kinds.collection import Patch, of_spec
from homeostat.service.kinds.machines import Machines
from homeostat.service.naming.marks import ID, Marks, id_of, marks_of
from homeostat.service.refusals import NotAllowed, Refusal
from homeostat_api.http.answers.given_names import asked_name
from homeostat_api.http.errors import Problem, invalid_model
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.media import JSON_PATCH, aside, read_list, read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from .. import private
from ..drive_files import with_formats
from ..entries import LISTED, entry_of, notes
from ..errors import StoreError, bad
from ..fleet import EntryFleet
from ..people import People
from ..specs import SpecPart, difference, spec_of
from ..words.machines import MachineEntry, MachineWithState, NeedsRestart
from ..words.server import Done

TAG = "Virtual machines"
OPERATIONS = {
    "type": "array",
    "maxItems": 500,
    "items": {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
    },
}


def _all(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    return lambda found: [entry.summary for entry in found]


class EntryList:
    def __init__(self, fleet: EntryFleet) -> None:
        self._fleet = fleet

    @needs(Right.ADMINISTER)
    @operation("List all machines", TAG, {200: Answer("By id.", list[MachineWithState])}, errors=(401, 403))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._fleet.list(req, resp, _all)


class EntryCreation:
    def __init__(self, fleet: EntryFleet, people: People) -> None:
        self._fleet, self._people = fleet, people

    @needs(Right.ADMINISTER)
    @operation(
        "Make a machine",
        TAG,
        {201: Answer("It is there, and runs where autostart says so.", MachineWithState)},
        body=MachineEntry,
        errors=(400, 401, 403, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._fleet.desk(req)
        asked, machines = await with_formats(desk.admission, await read_model(req, MachineEntry)), desk.machines
        spec = spec_of(asked, self._fleet.memory)
        check_allowed(machines, spec)
        named = marks_of(asked.id)
        said = {name: text for name, text in notes(asked).items() if text is not None}
        marks = Marks(named.labels, {**named.annotations, **said, LISTED: "true"})
        id = marks.labels[ID]
        if asked.password is not None:  # first: no machine is there without it, whoever is killed in between
            await private.keep(self._people, req, id, asked.password)
        try:
            made = await machines.make(asked_name(req, asked.id), spec, marks=marks)
        except (Refusal, StoreError):
            await private.keep(self._people, req, id, None)
            raise
        resp.status, resp.media = falcon.HTTP_201, await self._fleet.show(machines, made)


class EntryItem:
    def __init__(self, fleet: EntryFleet, people: People) -> None:
        self._fleet, self._people = fleet, people

    @needs(Right.ADMINISTER)
    @operation("Get a machine", TAG, {200: Answer("The machine.", MachineWithState)}, errors=(401, 403, 404))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        machines = self._fleet.desk(req).machines
        resp.media = await self._fleet.show(machines, await self._fleet.machine(machines, vm))

    @needs(Right.ADMINISTER)
    @operation(
        "Change a machine",
        TAG,
        {200: Answer("It is changed.", NeedsRestart)},
        description="A JSON Patch (RFC 6902) of the machine as GET answers it, without its state. All of it is done, or nothing.",
        body=OPERATIONS,
        body_types=(JSON_PATCH, "application/json"),
        errors=(400, 401, 403, 404, 409),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        machines = self._fleet.desk(req).machines
        machine = await self._fleet.machine(machines, vm)
        operations = await read_list(req)
        passwords: list[str | None] = []

        async def change(machine: VirtualMachine) -> Patch:
            asked, patch = await self._patch(machines, machine, operations)
            passwords[:] = [asked.password]
            return patch

        before, after = await machines.edit(machine.metadata.name, None, change)
        if passwords[0] is not None:
            await private.keep(self._people, req, id_of(after), passwords[0])
        resp.media = {"needs_restart": bool((await machines.judge(before, after)).restart)}

    @needs(Right.ADMINISTER)
    @operation(
        "Delete a machine",
        TAG,
        {200: Answer("It is gone.", Done)},
        description="A guest that runs is asked to shut down; after 10 seconds its power is cut. Its disks go with it.",
        errors=(401, 403, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        machines = self._fleet.desk(req).machines
        machine = await self._fleet.machine(machines, vm)
        await machines.delete(machine)
        gone, _ = await machines.wait_gone(machine, machine.spec.shutdown.grace_period_seconds + self._fleet.margin)
        if not gone:
            raise Problem(409, "conflict", f"The VM {vm!r} is still being deleted: ask for it again")
        await private.keep(self._people, req, id_of(machine), None)
        resp.media = {}

    async def _patch(self, machines: Machines, machine: VirtualMachine, operations: Sequence[Any]) -> tuple[MachineEntry, Patch]:
        """Returns the entry that operations make, and the merge patch that does it.

        Raises:
            Problem: 400, they make no entry of it, or that of another machine.
            Refusal: an operation cannot be carried out, or the host must not have it.
        """
        now = entry_of(await machines.effective(machine))
        document = await aside(True, apply_json_patch, now, operations)
        if document.get("id") != now["id"]:
            raise bad("id: a machine keeps its id: make another one, and delete this one")
        said, asked = _read(now), _read(document)
        asked = await with_formats(Admission(machines.asking), asked, said.qemu_devices)
        patch = difference(machine.spec.dump(), spec_of(said, self._fleet.memory), spec_of(asked, self._fleet.memory))
        check_allowed(machines, patch)
        old = notes(said)
        noted = {name: text for name, text in notes(asked).items() if text != old[name]}
        changed = {**of_spec(patch), **({"metadata": {"annotations": noted}} if noted else {})}
        if changed:
            await self._check_possible(machines, machine, changed)
        return asked, changed

    async def _check_possible(self, machines: Machines, machine: VirtualMachine, patch: Patch) -> None:
        """Checks that a change is one that can be carried out: one that cannot would be written down, and wait for ever.

        Raises:
            NotAllowed: it is not.
        """
        presumed = await machines.patch(machine, patch, dry=True)
        change = await machines.judge(machine, presumed)
        if (one := impossible(machine, change)) is not None:
            raise NotAllowed(f"{one.field}: {change.reason(one)}. Nothing was changed")


def _read(document: Mapping[str, Any]) -> MachineEntry:
    """Reads an entry. Its id is that of a machine which is there, whoever gave it.

    Raises:
        Problem: 400, it is none.
    """
    try:
        entry = MachineEntry.model_validate({**document, "id": "id"})
    except ValidationError as error:
        raise invalid_model(error, MachineEntry) from error
    return entry.model_copy(update={"id": document["id"]})


def check_allowed(machines: Machines, spec: SpecPart) -> None:
    """Checks that this host lets machines have what a spec asks for.

    Raises:
        NotAllowed: it does not.
    """
    allowed = machines.allowed()
    if allowed is None:
        return
    if spec.get("qemuArguments") and not allowed.qemu_arguments:
        raise NotAllowed("custom_cmd: this server takes no arguments for QEMU: start it with --allow-qemu-arguments")
    if spec.get("hostDevices") and not allowed.host_devices:
        raise NotAllowed("display_type mdev: this server gives no devices of its host away: start it with --allow-host-devices")
