"""/api/v1/plugins, /api/v1/plugins/{plugin} and its switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from homeostat.models.plugin import Plugin
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.kinds.lists import ListAnswer
from homeostat_api.http.media import dumps, read_model, read_object
from homeostat_api.http.operations import ETAG, LIST_HEADERS, Answer, operation
from homeostat_api.http.requests.parameters import IF_NONE_MATCH, LIMIT, OFFSET, choice, flag, whole_number
from homeostat_api.http.requests.preconditions import set_etag
from homeostat_api.http.requests.spec_changes import DRY_RUN, NewSpec, answer_presumed
from homeostat_api.http.rights import Right, needs

from .. import plugin_views as views
from ..documents import new_plugin
from ..parameters import VIEW, VIEWS, WAIT, WAIT_MAX
from ..words.plugins import PluginBrief, PluginDetail, PluginEnabled, PluginList

TAG = "Plugins"
MANIFEST = {
    "type": "object",
    "required": ["name"],
    "description": "A manifest in either dialect of the contract: resources.vcpu, workload.port and rootfs.format; or "
    "resources.cpu_cores, workload.base_url and entrypoint, and initramfs. Or, as our extension, name and spec: a Plugin's "
    "spec as it stands in YAML.",
    "properties": {"name": {"type": "string"}, "version": {"type": "string"}, "workload": {"type": "object"}},
    "additionalProperties": True,
}


def _names(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    return lambda entries: [dumps(entry.name) for entry in entries]


class PluginCollection:
    def __init__(self, service: Service, answer: ListAnswer[Plugin], kernel: str | None) -> None:
        self._kernel = kernel
        self._service = service
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List plugins",
        TAG,
        {
            200: Answer("Their names.", PluginList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, _names)

    @needs(Right.CHANGE)
    @operation(
        "Install a plugin",
        TAG,
        {
            201: Answer("It is written down; its images are fetched.", PluginDetail, headers=ETAG),
            200: Answer("With dryRun: it could be installed. Our extension.", NewSpec),
        },
        description="From a manifest. Images come by http(s), or from folders of the host that the server's --image-folder "
        "allows; one whose checksum is wrong is never booted.",
        parameters=(DRY_RUN,),
        body=MANIFEST,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        plugins = self._service.asked_by(who(req)).plugins
        dry = flag(req, "dryRun")
        plugin = await plugins.create(new_plugin(await read_object(req), self._kernel), dry)
        if dry:
            await answer_presumed(resp, plugins, plugin)
            return
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/plugins/{plugin.metadata.name}"
        resp.media = views.detail(plugin)
        set_etag(resp, plugin)


class PluginItem:
    def __init__(self, service: Service, margin: float) -> None:
        self._service = service
        self._margin = margin

    @needs(Right.SEE)
    @operation(
        "Get a plugin",
        TAG,
        {200: Answer("Its manifest, and when it was installed.", PluginDetail | Plugin, headers=ETAG)},
        parameters=(VIEW,),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, plugin: str) -> None:
        plugins = self._service.asked_by(who(req)).plugins
        whole = choice(req, "view", VIEWS) == "resource"
        found = await plugins.get(plugin)
        resp.media = found.dump() if whole else views.detail(found)
        set_etag(resp, found)

    @needs(Right.CHANGE)
    @operation(
        "Remove a plugin",
        TAG,
        {
            204: Answer("It is gone."),
            202: Answer("It goes when the operator has seen to it. Our extension.", PluginBrief),
        },
        description="409 while machines or deployments are made from it: details.used_by names them.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, plugin: str) -> None:
        plugins = self._service.asked_by(who(req)).plugins
        seconds = whole_number(req, "wait", WAIT_MAX)
        found = await plugins.get(plugin)
        await plugins.delete(found)
        gone, _ = await plugins.wait_gone(found, self._margin if seconds is None else seconds)
        if gone:
            resp.status = falcon.HTTP_204
            return
        resp.status = falcon.HTTP_202
        resp.media = {"name": plugin, "status": "deleting"}


class PluginSwitch:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Enable or disable a plugin",
        TAG,
        {200: Answer("The plugin after the change.", PluginDetail, headers=ETAG)},
        description="A disabled plugin makes no new machines, from this answer on. Those that exist run on.",
        body=PluginEnabled,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, plugin: str) -> None:
        plugins = self._service.asked_by(who(req)).plugins
        found = await plugins.standing(plugin)
        found = await plugins.switch(found, (await read_model(req, PluginEnabled)).enabled)
        resp.media = views.detail(found)
        set_etag(resp, found)
