"""/api/v1/resources: resources of any kind, as YAML has them. What works on all kinds alike asks here, such as our command line
with --server."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.base import API_VERSION, Resource
from homeostat.models.kinds import BY_PLURAL, KINDS
from homeostat.models.outside import redacted_all
from homeostat.service.collection import Collection
from homeostat.service.service import Service

from ..http.actor import who
from ..http.errors import Problem
from ..http.kind_index import KindIndex
from ..http.lists import ListAnswer
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.parameters import IF_NONE_MATCH, LIMIT, OFFSET
from ..http.rights import Right, needs
from ..http.whole import answer_one, named, whole
from ..resource_words import ALL_KINDS, KindsServed, ResourceDocument, ResourceDocuments, Revisions, revision_words

TAG = "Resources"


def kind_at(plural: str) -> type[Resource]:
    """Returns the kind that a path names.

    Raises:
        Problem: 404, there is none.
    """
    found = BY_PLURAL.get(plural)
    if found is None:
        kinds = ", ".join(sorted(BY_PLURAL))
        raise Problem(404, "kind_not_found", f"There is no kind of that name; the kinds are {kinds}", {"kind": plural[:64]})
    return found


def declared_at(plural: str) -> type[Resource]:
    """Returns the kind that a path names, of those that people declare.

    Raises:
        Problem: 404, there is none.
    """
    found = kind_at(plural)
    if found not in KINDS:
        raise Problem(404, "kind_not_found", f"{plural} are the operator's own, and only listed", {"kind": plural})
    return found


def document_of(resource: Resource) -> dict[str, Any]:
    """Returns a resource as a document has it, with its status."""
    return {"apiVersion": API_VERSION, "kind": resource.kind, **resource.dump()}


class Kinds:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation("List the kinds of resources", TAG, {200: Answer("The kinds, and the namespace of this server.", KindsServed)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {"namespace": self._service.namespace, "kinds": ALL_KINDS}


class ResourcesOfAKind:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._lists: dict[type[Resource], ListAnswer[Any]] = {}

    @needs(Right.SEE)
    @operation(
        "List the resources of a kind",
        TAG,
        {
            200: Answer("All of them, by name.", ResourceDocuments, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        description="Secrets in addresses are ***: one resource, asked for by its name, is as it was written.",
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str) -> None:
        await self._list_of(kind_at(kind))(req, resp, whole)

    def _list_of(self, kind: type[Resource]) -> ListAnswer[Any]:
        """Returns what answers lists of a kind. It is made when somebody asks, since it keeps what it rendered."""
        if kind not in self._lists:
            index = KindIndex(self._service.house.of(kind), self._service.changes, named)
            self._lists[kind] = ListAnswer(index, self._service, (b'{"items":[', b"]}"))
        return self._lists[kind]


class ResourceOfAKind:
    def __init__(self, service: Service) -> None:
        self._service = service

    def _seen(self, req: falcon.asgi.Request, kind: str) -> Collection[Any]:
        """Returns the resources of a kind as whoever asks sees them."""
        return self._service.asked_by(who(req)).of(declared_at(kind))

    @needs(Right.SEE)
    @operation(
        "Get a resource", TAG, {200: Answer("As it was written, with its status.", ResourceDocument, headers=ETAG)}, errors=(404,)
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        found = await self._seen(req, kind).get(name)
        answer_one(resp, found, document_of(found))


class ResourceRevisions:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List the revisions of a resource's spec", TAG, {200: Answer("Newest first, as far as is known.", Revisions)},
        errors=(404,),
    )  # fmt: skip
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        collection = self._service.asked_by(who(req)).of(declared_at(kind))
        revisions = await collection.revisions(await collection.get(name))
        resp.media = {"revisions": redacted_all([revision_words(one) for one in revisions])}
