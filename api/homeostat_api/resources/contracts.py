"""/api/v1/contracts: the contracts that this server serves besides, each on a listener of its own."""

from __future__ import annotations

from collections.abc import Sequence

import falcon.asgi
from pydantic import BaseModel, Field

from ..http.operations import Answer, operation
from ..http.rights import Right, needs


class ServedContract(BaseModel):
    """A contract, and where it is served."""

    name: str = Field(description="As --contract has it.")
    title: str = Field(description="Of the system whose clients it serves.")
    bind: str = Field(description="HOST:PORT.")
    health: str = Field(description="The path there that says whether it is well; nobody has to sign in for it.")
    document: str = Field(description="The path of its OpenAPI document.")


class ServedContractAll(BaseModel):
    """The contracts that are served."""

    contracts: list[ServedContract]


class ContractList:
    def __init__(self) -> None:
        self._served: Sequence[ServedContract] = ()

    def publish(self, served: Sequence[ServedContract]) -> None:
        """Says which are served. They are made of what our own API is made of, and so after it."""
        self._served = served

    @needs(Right.SEE)
    @operation("List the contracts that are served besides", "System", {200: Answer("By name.", ServedContractAll)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = ServedContractAll(contracts=list(self._served)).model_dump(mode="json")
