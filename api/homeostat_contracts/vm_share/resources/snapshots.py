"""/snapshot, /get_user_snapshots and /remove_snapshot."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import bad, forbidden, not_found
from ..lab import Lab
from ..marks import vmid_of
from ..people import LabPeople, LabUser
from ..snapshots import SavedDisks, SnapshotName, name_from, shown
from ..words import SnapshotAsked, SnapshotNamed, SnapshotRemoved, SnapshotShown, SnapshotTaken

TAG = "Snapshots"


class SnapshotTaking:
    def __init__(self, service: Service, people: LabPeople, lab: Lab, saved: SavedDisks) -> None:
        self._service, self._people, self._lab, self._saved = service, people, lab, saved

    @needs(Right.CHANGE)
    @operation(
        "Take a snapshot of one's machine",
        TAG,
        {200: Answer("It is there.", SnapshotTaken)},
        description="The os_type is the machine's, whatever is said.",
        body=SnapshotAsked,
        errors=(400, 404, 409, 413),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, user, desk = await read_model(req, SnapshotAsked), await self._people.user(req), self._service.asked_by(who(req))
        if not asked.os_type:
            raise bad("os_type is required")
        machine = await self._lab.of(desk, user)
        if machine is None or (asked.vmid and asked.vmid != vmid_of(machine)):
            raise not_found("No running VM" if not asked.vmid else f"You have no running VM {asked.vmid[:64]!r}")
        resp.media = await self._saved.take(desk, user, machine)


class SnapshotListing:
    def __init__(self, service: Service, people: LabPeople, saved: SavedDisks) -> None:
        self._service, self._people, self._saved = service, people, saved

    @needs(Right.SEE)
    @operation("List one's snapshots", TAG, {200: Answer("The newest first.", list[SnapshotShown])})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk, user = self._service.asked_by(who(req)), await self._people.user(req)
        resp.media = [shown(one) for one in await self._saved.list(desk, user)]


class SnapshotRemoval:
    def __init__(self, service: Service, people: LabPeople, saved: SavedDisks) -> None:
        self._service, self._people, self._saved = service, people, saved

    @needs(Right.CHANGE)
    @operation(
        "Remove a snapshot",
        TAG,
        {200: Answer("removed: whether it was there.", SnapshotRemoved)},
        body=SnapshotNamed,
        errors=(400, 403, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, user = await read_model(req, SnapshotNamed), await self._people.user(req)
        name = _named(asked, user)
        if name.user != str(user.id):
            raise forbidden(f"The snapshot {name} is not yours")
        resp.media = await self._saved.remove(self._service.asked_by(who(req)), user, name)


def _named(asked: SnapshotNamed, user: LabUser) -> SnapshotName:
    if asked.snapshot:
        return name_from(asked.snapshot)
    if not asked.os_type or not asked.vmid:
        raise bad("snapshot, or os_type and vmid, are required")
    return name_from(f"{user.id}__{asked.os_type}__{asked.vmid}.qcow2")
