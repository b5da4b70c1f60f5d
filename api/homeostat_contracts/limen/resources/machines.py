"""/api/vms: the machines, and new ones."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import falcon
import falcon.asgi

from homeostat.cli.configuration.sections import LimenSection
from homeostat.models.base import API_VERSION, NAME_MAX, NAME_PATTERN
from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.power import fails_to_start, is_up, why_off
from homeostat.service.naming.marks import marks_of
from homeostat.service.refusals import AlreadyStopped
from homeostat_api.http.answers.given_names import asked_name
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..fleet import LimenFleet
from ..machine_views import OS_TYPE
from ..words import VmMade, VmShown, VmToMake, read

TAG = "VMs"
GRACE = 5  # seconds that a guest which was made here may take to shut down
PATIENCE = 8.0  # seconds that whoever asks waits at most: pages give up after 10
BLANK = "20Gi"


def _all(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    return lambda entries: [entry.summary for entry in entries if not entry.resource.deleting]


class LimenMachines:
    def __init__(self, fleet: LimenFleet, settings: LimenSection) -> None:
        self._fleet = fleet
        self._images: Mapping[str, str] = {str(name): image for name, image in (settings.images or {}).items()}
        self._blank = settings.disk_size or BLANK

    @needs(Right.SEE)
    @operation("List machines", TAG, {200: Answer("Those that whoever asks may see.", list[VmShown])})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._fleet.list(req, resp, _all)

    @needs(Right.CHANGE)
    @operation(
        "Make a machine, and start it",
        TAG,
        {201: Answer("It runs, or is about to.", VmMade)},
        description="One that cannot be started is there, and off; message says why.",
        body=VmToMake,
        errors=(400,),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, machines = await read(req, VmToMake), self._fleet.desk(req).machines
        name = asked_name(req, asked.name)
        spec = {
            "runStrategy": "RerunOnFailure",
            "resources": {"vcpu": asked.cpu, "memory": f"{asked.memory}Mi"},
            "disks": [self._disk(asked.os_type)],
            "nics": [{"name": "net0", "user": {}}],
            "shutdown": {"gracePeriodSeconds": GRACE},
        }
        meta = {"name": name, "annotations": {OS_TYPE: asked.os_type}}
        document = {"apiVersion": API_VERSION, "kind": VirtualMachine.KIND, "metadata": meta, "spec": spec}
        made = await machines.create(document, marks=marks_of(asked.name))
        _, found = await machines.wait(name, lambda now: now is None or is_up(now) or fails_to_start(now), PATIENCE)
        said = why_off(found) if found is not None and not is_up(found) else ""
        said = await self._fleet.reworded(req, said)
        if found is not None and fails_to_start(found):
            with suppress(AlreadyStopped):
                await machines.stop(name, True)
            _, found = await machines.wait_off(name, PATIENCE)
        resp.status, resp.media = (
            falcon.HTTP_201,
            await self._fleet.show(machines, found or made) | ({"message": said} if said else {}),
        )

    def _disk(self, os_type: str) -> dict[str, Any]:
        """Returns the disk that a machine of that os_type begins with."""
        image = self._images.get(os_type)
        return {"name": "root", **({"size": self._blank} if image is None else {"image": _source(image)})}


def _source(image: str) -> dict[str, Any]:
    """Returns an image as a spec names it, of what the configuration says."""
    if os.path.isabs(image):
        return {"path": image}
    named = len(image) <= NAME_MAX and re.fullmatch(NAME_PATTERN, image)
    return {"imageRef": {"name": image}} if named else {"url": image}
