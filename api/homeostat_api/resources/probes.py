"""/healthz, /readyz and /metrics: for those who watch the API itself."""

from __future__ import annotations

import falcon.asgi

from homeostat.runtime.engine.supervise import Supervisor
from homeostat.service.changes import Changes

from ..accounts.lookup import AccountsLookup
from ..http.errors import Problem
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..metrics import Metrics
from ..operator_link import TEXT, Link
from ..words import Alive, Ready

TAG = "Health"
FINE = {"store": "ok", "accounts": "ok", "operator": "ok"}


class Liveness:
    def __init__(self, supervisor: Supervisor, operator: Link) -> None:
        self._supervisor = supervisor
        self._operator = operator

    @operation(
        "Whether the API runs",
        TAG,
        {200: Answer("It does.", Alive)},
        description="Needs no token. What of it fails is listed and started again, over a folder of its operator too.",
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        own = [known.document() for known in self._supervisor.failing]
        resp.media = {"status": "ok", "failing": own + await self._operator.failing()}


class Readiness:
    def __init__(self, changes: Changes, accounts: AccountsLookup, operator: Link) -> None:
        self._changes = changes
        self._accounts = accounts
        self._operator = operator

    @operation(
        "Whether requests will be acted upon",
        TAG,
        {200: Answer("The index and the accounts can be read, and the operator runs.", Ready)},
        description="Needs no token. 503 names the part that is missing.",
        errors=(503,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._changes.version()  # a StoreError is answered as 503
        await self._accounts.check()  # and so is a DatabaseTrouble
        if (absence := await self._operator.absence()) is not None:
            raise Problem(503, "operator_missing", f"Not ready: {absence}", {**FINE, "operator": absence})
        resp.media = {"ready": True, "parts": FINE}


class MetricsPage:
    def __init__(self, metrics: Metrics, operator: Link) -> None:
        self._metrics = metrics
        self._operator = operator

    @needs(Right.MODERATE)  # it counts what there is, whoever owns it
    @operation(
        "Metrics of the API and of the operator",
        TAG,
        {200: Answer("Prometheus text.", {"type": "string"}, media_type="text/plain")},
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        theirs = await self._operator.metrics()
        resp.content_type = f"{TEXT}; charset=utf-8"
        resp.data = self._metrics.render(operator_up=theirs is not None) + (theirs or "").encode()
