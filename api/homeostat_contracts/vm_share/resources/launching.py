"""/run-script, /run-iso and /run_snapshot: a machine for whoever asks."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.plugin import Plugin
from homeostat.service.desk import Desk
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import bad, not_found
from ..isos import CustomIsos
from ..lab import Lab, MachineAsked, overlay_name
from ..marks import CUSTOM, fresh
from ..people import LabPeople, LabUser
from ..profiles import Profiles
from ..snapshots import SavedDisks, name_from
from ..vm_views import launched
from ..words import Launched, ProfileAsked, SnapshotNamed

TAG = "Machines"
RUNS = {200: Answer("It runs, or ran already: everybody has one.", Launched)}


class MachineLaunch:
    """What starts a machine, of whatever: that is asked for only where its user has none."""

    def __init__(self, service: Service, people: LabPeople, lab: Lab, profiles: Profiles) -> None:
        self._service, self._people, self._lab = service, people, lab
        self._profiles = profiles

    def desk(self, req: falcon.asgi.Request) -> Desk:
        """Returns what serves whoever asks."""
        return self._service.asked_by(who(req))

    async def answer(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: LabUser, asked: MachineAsked | None = None
    ) -> bool:
        """Answers with the machine of a user. ``asked``: None, only if he has one. Returns whether it has answered."""
        desk = self.desk(req)
        if asked is None and (found := await self._lab.of(desk, user)) is None:
            return False
        if asked is None:
            assert found is not None
            resp.media = launched(req, user.login, await self._lab.running(desk, found), False)
        else:
            machine, new = await self._lab.launch(desk, user, asked)
            resp.media = launched(req, user.login, machine, new)
        return True


class ScriptRun(MachineLaunch):
    @needs(Right.CHANGE)
    @operation("Run a machine of a profile", TAG, RUNS, body=ProfileAsked, errors=(400, 404, 409, 413))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, user, desk = await read_model(req, ProfileAsked), await self._people.user(req), self.desk(req)
        if not asked.os_type:
            raise bad("os_type is required")
        if await self.answer(req, resp, user):
            return
        plugin, vmid = await self._profiles.plugin(desk, asked.os_type), fresh()
        overlay = _overlay(plugin)
        spec = self._profiles.from_disk(plugin.metadata.name, overlay_name(vmid) if overlay else None)
        await self.answer(req, resp, user, MachineAsked(vmid, asked.os_type, spec, overlay))


class IsoRun(MachineLaunch):
    def __init__(self, service: Service, people: LabPeople, lab: Lab, profiles: Profiles, isos: CustomIsos) -> None:
        super().__init__(service, people, lab, profiles)
        self._isos = isos

    @needs(Right.CHANGE)
    @operation("Run a machine that boots the ISO that was uploaded", TAG, RUNS, errors=(404, 413))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        user = await self._people.user(req)
        if await self.answer(req, resp, user):
            return
        image = await self._isos.bootable(self.desk(req), user)
        spec = self._profiles.from_iso(image.metadata.name)
        await self.answer(req, resp, user, MachineAsked(fresh(), CUSTOM, spec, needed=[image.key]))


class SnapshotRun(MachineLaunch):
    def __init__(self, service: Service, people: LabPeople, lab: Lab, profiles: Profiles, saved: SavedDisks) -> None:
        super().__init__(service, people, lab, profiles)
        self._saved = saved

    @needs(Right.CHANGE)
    @operation("Run a machine from a snapshot, which it writes to", TAG, RUNS, body=SnapshotNamed, errors=(400, 404, 413))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, user, desk = await read_model(req, SnapshotNamed), await self._people.user(req), self.desk(req)
        if not asked.snapshot:
            raise bad("snapshot is required")
        name = name_from(asked.snapshot)
        if name.user != str(user.id):
            raise not_found(f"There is no snapshot {name}")
        disk = await self._saved.must_be(desk, user, name)
        if await self.answer(req, resp, user):
            return
        spec = self._profiles.from_disk(await self._profiles.name(desk, name.os_type), disk.metadata.name)
        await self.answer(req, resp, user, MachineAsked(name.vmid, name.os_type, spec, needed=[disk.key]))


def _overlay(plugin: Plugin) -> dict[str, object] | None:
    """Returns the spec of a disk on a profile's image. None: its machines have none."""
    if plugin.spec.rootfs is None:
        return None
    size = plugin.spec.dump().get("rootfsSize")
    return {"source": {"image": plugin.spec.rootfs.dump()}, **({"size": size} if size else {})}
