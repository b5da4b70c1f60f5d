"""The routes of a kind that is shown whole and changed by its spec: the list, one of them, and its spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import falcon.asgi

from homeostat.models.base import Model
from homeostat.models.kinds import kind_of
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Collection, R
from homeostat.service.service import Service

from ..actor import who
from ..media import read_model
from ..operations import ETAG, LIST_HEADERS, Answer, operation
from ..requests.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET
from ..requests.preconditions import set_etag
from ..requests.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, SpecChanged, answer_patch, answer_put
from ..rights import Right, needs
from ..routes import V1, Route
from ..words import Words
from .lists import ListAnswer
from .whole import DRY, WAIT, Going, answer_creation, answer_deletion, answer_one, list_of, whole

Of: TypeAlias = Callable[[Desk], Collection[R]]
AsSeen: TypeAlias = Callable[[falcon.asgi.Request], Collection[R]]
"""Returns the resources as whoever asks sees them."""


@dataclass(frozen=True, slots=True)
class KindWords(Generic[R]):
    """What the routes of a kind say in the OpenAPI document, and the shapes of what they take and answer."""

    kind: type[R]
    spec: type[Model]
    new: type[Any]  # has a name and a spec
    all: type[Words]
    changed: type[SpecChanged]
    tag: str
    noun: str  # such as "disk"; several are that and an s
    made: str  # what follows its creation
    shown: str  # what one tells
    goes: str  # when one that was deleted goes
    deletion: str  # what deletes with it, and what keeps it
    replacement: str = ""  # what PUT cannot do


def routes_of(words: KindWords[R], service: Service, of: Of[R]) -> list[Route]:
    """Returns the routes of a kind. ``of`` takes its resources from a desk."""

    def seen(req: falcon.asgi.Request) -> Collection[R]:
        return of(service.asked_by(who(req)))

    place = f"{V1}/{kind_of(words.kind).plural}"
    return [
        Route(place, _all(words, list_of(of(service.house), service), seen)),
        Route(f"{place}/{{name}}", _one(words, seen)),
        Route(f"{place}/{{name}}/spec", _spec(words, seen)),
    ]


def _all(words: KindWords[R], listed: ListAnswer[R], seen: AsSeen[R]) -> object:
    class AllOfAKind:
        @needs(Right.SEE)
        @operation(
            f"List {words.noun}s",
            words.tag,
            {
                200: Answer("All of them, by name.", words.all, headers=LIST_HEADERS),
                304: Answer("The list is the one that If-None-Match names."),
            },
            parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
            errors=(400,),
        )
        async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
            await listed(req, resp, whole)

        @needs(Right.CHANGE)
        @operation(
            f"Create a {words.noun}",
            words.tag,
            {201: Answer(words.made, words.kind, headers=ETAG), 200: DRY},
            parameters=(DRY_RUN,),
            body=words.new,
            errors=(400, 409),
        )
        async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
            asked = await read_model(req, words.new)
            await answer_creation(req, resp, seen(req), asked.name, asked.spec)

    return AllOfAKind()


def _one(words: KindWords[R], seen: AsSeen[R]) -> object:
    class OneOfAKind:
        @needs(Right.SEE)
        @operation(f"Get a {words.noun}", words.tag, {200: Answer(words.shown, words.kind, headers=ETAG)}, errors=(404,))
        async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
            answer_one(resp, await seen(req).get(name))

        @needs(Right.CHANGE)
        @operation(
            f"Delete a {words.noun}",
            words.tag,
            {204: Answer("It is gone."), 202: Answer(words.goes, Going)},
            description=words.deletion,
            parameters=(WAIT,),
            errors=(400, 404, 409),
        )
        async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
            await answer_deletion(req, resp, seen(req), name)

    return OneOfAKind()


def _spec(words: KindWords[R], seen: AsSeen[R]) -> object:
    changed = Answer("The spec after the change, and what that takes.", words.changed, headers=ETAG)
    removes = "What the body does not say is removed, whoever set it; PATCH leaves that alone."

    class SpecOfAKind:
        @needs(Right.SEE)
        @operation(
            f"Get a {words.noun}'s spec",
            words.tag,
            {200: Answer("As it stands in YAML; defaults are left out.", words.spec, headers=ETAG)},
            errors=(404,),
        )
        async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
            found = await seen(req).get(name)
            resp.media = found.spec.dump()
            set_etag(resp, found)

        @needs(Right.CHANGE)
        @operation(
            f"Replace a {words.noun}'s spec",
            words.tag,
            {200: changed},
            description=f"{removes} {words.replacement}".strip(),
            parameters=(IF_MATCH, DRY_RUN),
            body=words.spec,
            errors=(400, 404, 409, 412),
        )
        async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
            await answer_put(req, resp, seen(req), name)

        @needs(Right.CHANGE)
        @operation(
            f"Change a {words.noun}'s spec",
            words.tag,
            {200: changed},
            description=PATCH_WORDS,
            parameters=(IF_MATCH, DRY_RUN),
            body=PATCH_BODY,
            body_types=PATCH_TYPES,
            errors=(400, 404, 409, 412),
        )
        async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
            await answer_patch(req, resp, seen(req), name)

    return SpecOfAKind()
