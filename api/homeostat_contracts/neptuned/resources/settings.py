"""/admin/config: what administrators set."""

from __future__ import annotations

import falcon.asgi

from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..people import SETTINGS, People
from ..words.settings import ServerSettings, SettingsChange

TAG = "Settings"


class ServerConfig:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Get the settings", TAG, {200: Answer("The settings.", ServerSettings)}, errors=(401, 403))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = (await self._people.settings()).model_dump()

    @needs(Right.ADMINISTER)
    @operation(
        "Change the settings", TAG, {200: Answer("The settings.", ServerSettings)}, body=SettingsChange, errors=(400, 401, 403)
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = (await read_model(req, SettingsChange)).model_dump(exclude_none=True)
        now = await self._people.settings()
        chat = now.chat.model_copy(update=asked.pop("chat", {}))
        wanted = now.model_copy(update={**asked, "chat": chat})
        await self._people.do(req, lambda accounts: accounts.set_setting(SETTINGS, wanted.model_dump_json()))
        resp.media = wanted.model_dump()
