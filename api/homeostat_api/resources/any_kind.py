"""/api/v1/resources: resources of any kind, as YAML has them. What works on all kinds alike asks here, such as our command line
with --server."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.base import API_VERSION, Resource
from homeostat.models.kinds import BY_KIND, BY_PLURAL, KINDS
from homeostat.models.outside import redacted_all
from homeostat.service.changing.spec_change import SpecChange
from homeostat.service.kinds.collection import Collection, Patch
from homeostat.service.service import Service

from ..http.actor import who
from ..http.errors import Problem, invalid
from ..http.kinds.kind_index import KindIndexes
from ..http.kinds.lists import ListAnswer
from ..http.kinds.whole import WAIT, Going, answer_deletion, answer_made, answer_one, whole
from ..http.media import MERGE_PATCH, read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, Parameter, operation
from ..http.requests.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET, flag
from ..http.requests.preconditions import expected_version, set_etag
from ..http.requests.spec_changes import DRY_RUN, changed_words
from ..http.rights import Right, needs
from ..resource_words import (
    ALL_KINDS,
    KindsServed,
    NewResource,
    ResourceApplied,
    ResourceChanged,
    ResourceDocument,
    ResourceDocuments,
    ResourcePatch,
    Revisions,
    revision_words,
)

TAG = "Resources"
FORCE = Parameter("force", {"type": "boolean", "default": False}, "Cut the power, instead of asking a guest to shut down.")


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
    def __init__(self, service: Service, indexes: KindIndexes) -> None:
        self._service = service
        self._indexes = indexes
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

    @needs(Right.CHANGE)
    @operation(
        "Create a resource",
        TAG,
        {
            201: Answer("It is written down; the operator makes it.", ResourceDocument, headers=ETAG),
            200: Answer("With dryRun: it could be created, and this is what it would be.", ResourceChanged),
        },
        parameters=(DRY_RUN,),
        body=NewResource,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str) -> None:
        asked, dry = await read_model(req, NewResource), flag(req, "dryRun")
        collection = _of(self._service, req, asked)
        if collection.kind is not declared_at(kind):
            raise invalid(f"kind: {asked.kind} is none of {kind}")
        made = await collection.create(asked.model_dump(exclude_unset=True), dry)
        if dry:
            resp.media = await _changed(collection, None, made, dry)
        else:
            answer_made(resp, made, document_of(made))

    def _list_of(self, kind: type[Resource]) -> ListAnswer[Any]:
        """Returns what answers lists of a kind. It is made when somebody asks, since it keeps what it rendered."""
        if kind not in self._lists:
            self._lists[kind] = ListAnswer(self._indexes.of(kind), self._service, (b'{"items":[', b"]}"))
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

    @needs(Right.CHANGE)
    @operation(
        "Change a resource",
        TAG,
        {200: Answer("The resource after the change, and what that takes.", ResourceChanged, headers=ETAG)},
        parameters=(IF_MATCH, DRY_RUN),
        body=ResourcePatch,
        body_types=(MERGE_PATCH, "application/json"),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        collection = self._seen(req, kind)
        version = expected_version(req, await collection.get(name))
        patch = (await read_model(req, ResourcePatch)).model_dump(exclude_unset=True)
        dry = flag(req, "dryRun")

        async def change(_: Resource) -> Patch:
            return patch

        before, after = await collection.edit(name, version, change, dry)
        resp.media = await _changed(collection, before, after, dry)
        set_etag(resp, before if dry else after)

    @needs(Right.CHANGE)
    @operation(
        "Delete a resource",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes as its kind does.", Going)},
        description="409 while others use it: details.used_by says which. What it has on a host goes as its spec says.",
        parameters=(WAIT, FORCE),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        await answer_deletion(req, resp, self._seen(req, kind), name, flag(req, "force"))


class ApplyResource:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Apply a resource",
        TAG,
        {200: Answer("What was done, and what that takes.", ResourceApplied, headers=ETAG)},
        description="Creates it, or changes it by the three-way rule of `homeostat apply`: what was applied last and is not in "
        "the document any more is removed, and what was never applied is left alone.",
        parameters=(DRY_RUN,),
        body=NewResource,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, dry = await read_model(req, NewResource), flag(req, "dryRun")
        collection = _of(self._service, req, asked)
        before, applied = await collection.apply(asked.model_dump(exclude_unset=True), dry)
        after = applied.resource
        assert after is not None
        resp.media = {
            "outcome": applied.outcome,
            "left": list(applied.left),
            **await _changed(collection, before, after, dry),
        }
        set_etag(resp, after)


def _of(service: Service, req: falcon.asgi.Request, asked: NewResource) -> Collection[Any]:
    """Returns the resources that a document is one of.

    Raises:
        Problem: 400, they are not here.
    """
    kind = BY_KIND.get(asked.kind)
    if kind is None:
        raise invalid(f"kind: there is no kind {asked.kind[:64]!r}; the kinds are {', '.join(BY_KIND)}")
    collection = service.asked_by(who(req)).of(kind)
    if asked.metadata.namespace not in ("", collection.namespace):
        raise invalid(f"metadata.namespace: this server has the resources of namespace {collection.namespace} only")
    return collection


async def _changed(collection: Collection[Any], before: Resource | None, after: Any, dry: bool) -> dict[str, Any]:
    """Renders a change as ``ResourceChanged`` describes."""
    foreseen = await collection.foresee(after) if dry else None
    change = await collection.judge(before, after) if before is not None else SpecChange()
    return {"resource": document_of(after), **changed_words(change, dry, foreseen)}


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
