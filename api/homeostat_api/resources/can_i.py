"""/api/v1/can-i: whether somebody may, without doing it."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.base import Key
from homeostat.models.kinds import BY_KIND
from homeostat.service.service import Service

from ..accounts.words import MayAnswer
from ..http.actor import who
from ..http.errors import invalid
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import choice
from ..http.rights import Door, Right, needs

PARAMETERS = (
    Parameter("right", {"type": "string", "enum": [right.value for right in Right]}, "What for; it is needed."),
    Parameter("kind", {"type": "string", "enum": sorted(BY_KIND)}, "With name: to which resource. Else: at all."),
    Parameter("name", {"type": "string"}, "Of the resource."),
)


class CanI:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Door.KNOWN)
    @operation(
        "Tell whether whoever asks may",
        "Session",
        {200: Answer("To what is not there, or is not to be seen, nobody has a right.", MayAnswer)},
        parameters=PARAMETERS,
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        right = choice(req, "right", tuple(Right))
        kind = choice(req, "kind", tuple(sorted(BY_KIND)))
        name = req.get_param("name")
        if right is None:
            raise invalid(f"right: give one of {', '.join(Right)}", parameter="right")
        if (kind is None) is not (name is None):
            raise invalid("kind, name: give both, or none", parameter="kind")
        actor = who(req)
        if kind is None or name is None:
            resp.media = {"allowed": actor.may(Right(right))}
            return
        key = Key(kind, self._service.namespace, name)
        resp.media = {"allowed": await self._service.asked_by(actor).may(Right(right), key)}
