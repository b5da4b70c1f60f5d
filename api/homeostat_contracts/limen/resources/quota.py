"""/api/quota: what whoever asks may have, and has."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.administration import Administration
from homeostat.accounts.charges.measures import Measure
from homeostat_api.http.actor import who
from homeostat_api.http.contract import AccountsDoor
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Door, needs

from ..errors import forbidden
from ..words import MIB, QuotaShown


class LimenQuota:
    def __init__(self, accounts: AccountsDoor) -> None:
        self._accounts = accounts

    @needs(Door.KNOWN)
    @operation("Tell what somebody may have, and has", "Auth", {200: Answer("Of whoever asks.", QuotaShown)}, errors=(403,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        actor, reception = who(req), await self._accounts.opened()
        if not actor.name:
            raise forbidden("the server's token has no account, and no quota")
        (mine,) = await self._accounts.run(lambda: Administration(reception, actor).quotas(actor.name))
        known = {one.measure: one for one in mine.quotas}
        machines, cpus, memory = (known[one] for one in (Measure.MACHINES, Measure.VCPUS, Measure.MEMORY))
        most = None if memory.limit is None else memory.limit // MIB
        resp.media = {
            "quota": {"max_vms": machines.limit, "max_cpu": cpus.limit, "max_memory": most},
            "usage": {"vms": machines.used, "cpu": cpus.used, "memory": memory.used // MIB},
        }
