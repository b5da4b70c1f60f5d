"""What the native API answers alike of every kind that it shows whole: lists, one that was made, one that goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import falcon
import falcon.asgi
from pydantic import Field

from homeostat.models.base import Model, Resource
from homeostat.models.kinds import kind_of
from homeostat.service.kinds.collection import Collection, R
from homeostat.service.service import Service

from ..operations import Answer, Parameter
from ..requests.parameters import flag, whole_number
from ..requests.preconditions import set_etag
from ..requests.spec_changes import NewSpec, answer_presumed
from ..routes import V1
from ..words import Words
from .kind_index import Entry, KindIndex, named
from .lists import ListAnswer

WAIT_MAX = 600  # seconds
WAIT = Parameter("wait", {"type": "integer", "minimum": 0, "maximum": WAIT_MAX}, "Seconds to wait until it is gone. Default: 0.")
DRY = Answer("With dryRun: it could be created.", NewSpec)
Named = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class Going(Words):
    """It is being deleted."""

    name: str
    status: Literal["deleting"]


def list_of(collection: Collection[R], service: Service) -> ListAnswer[R]:
    """Returns what answers a list of the resources, by the plural of their kind. ``collection``: the house's."""

    plural = kind_of(collection.kind).plural
    return ListAnswer(KindIndex(collection, service.changes, named), service, (f'{{"{plural}":['.encode(), b"]}"))


def whole(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    """Returns what takes all entries of a list as they are."""
    return lambda entries: [entry.whole for entry in entries]


def answer_one(resp: falcon.asgi.Response, resource: Resource, shown: Mapping[str, Any] | None = None) -> None:
    """Answers with a resource. ``shown``: its form, where that is not all of it."""
    resp.media = resource.dump() if shown is None else shown
    set_etag(resp, resource)


def answer_made(resp: falcon.asgi.Response, resource: Resource, shown: Mapping[str, Any] | None = None) -> None:
    """Answers with a resource that was made just now."""
    resp.status = falcon.HTTP_201
    resp.location = f"{V1}/{kind_of(resource).plural}/{resource.metadata.name}"
    answer_one(resp, resource, shown)


async def answer_creation(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, collection: Collection[R], name: str, spec: Model
) -> None:
    """Creates a resource, or with dryRun only judges it, and answers it.

    Raises:
        Refusal, StoreError: see the collection's ``create``.
    """
    dry = flag(req, "dryRun")
    made = await collection.make(name, spec.dump(), dry)
    if dry:
        await answer_presumed(resp, collection, made)
    else:
        answer_made(resp, made)


async def answer_deletion(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, collection: Collection[R], name: str, force: bool = False
) -> None:
    """Deletes a resource, and answers whether it has gone in the time that the request gives. ``force``: its
    guest is not asked.

    Raises:
        NoSuchResource, InUse, StoreError: see the collection's ``delete``.
    """
    seconds = whole_number(req, "wait", WAIT_MAX) or 0
    found = await collection.condemned(name)
    await collection.delete(found, force)
    gone, _ = await collection.wait_gone(found, seconds)
    resp.status = falcon.HTTP_204 if gone else falcon.HTTP_202
    if not gone:
        resp.media = {"name": name, "status": "deleting"}
