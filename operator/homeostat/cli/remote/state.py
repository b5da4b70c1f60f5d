"""The resources that a REST API has, as commands use them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from homeostat.models.base import Key, Resource, by_name
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.outside import HIDDEN
from homeostat.runtime.engine.ports import Event, SpecRevision
from homeostat.store.errors import FolderProblem
from homeostat.store.three_way import Applied

from ..access import R, State, only_there
from ..errors import CliError
from ..rest_server import RestRefusal
from .server import RemoteServer


class RemoteState(State):
    """The resources of one server, as whoever signed in there sees them."""

    def __init__(self, server: RemoteServer, namespace: str) -> None:
        """Takes the namespace that the command is about.

        Raises:
            CliError: the server has another one, or cannot be asked.
        """
        if server.namespace != namespace:
            said = f"{server.url} has the resources of namespace {server.namespace}, not of {namespace}"
            raise CliError(said, f"leave -n out, or give -n {server.namespace}")
        self._server = server

    async def get(self, kind: type[R], key: Key) -> R | None:
        try:
            found = await self._asked("GET", _path(key))
        except RestRefusal as error:
            if error.status == 404 and not error.lacks_route:
                return None
            raise
        resource: R = self._resource(key.kind, found)
        return resource

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        """Returns all of a kind. What a list hides, such as passwords in addresses, is asked for by itself."""
        path = f"/resources/{kind_of(kind).plural}"
        listed = await asyncio.to_thread(self._server.list, path, lambda answer: [*map(self._of(kind), answer["items"])])
        for i, one in enumerate(listed):
            if HIDDEN in one.spec.model_dump_json():
                listed[i] = await self.get(kind, one.key) or one
        return sorted(listed, key=by_name)

    async def events(self, key: Key | None = None, limit: int = 200) -> Sequence[Event]:
        about = {"kind": key.kind, "name": key.name} if key is not None else {}
        found = await self._asked("GET", "/events", query={"limit": min(limit, 1000), **about})
        return [
            Event(
                e["id"], e["time"], Key(e["kind"], e["namespace"], e["name"]), e["type"], e["reason"], e["message"], e["fields"],
                e["count"],
            )
            for e in found["events"]
        ]  # fmt: skip

    async def revisions(self, key: Key) -> Sequence[SpecRevision]:
        found = await self._asked("GET", f"{_path(key)}/revisions")
        return [
            SpecRevision(key, r["generation"], r["time"], r["author"], _changes(r["changes"]), r["commit"])
            for r in found["revisions"]
        ]

    async def errors(self) -> Sequence[FolderProblem]:
        found = await self._asked("GET", "/errors")
        return [
            FolderProblem(
                e["path"], e["line"], e["column"], e["field"], e["message"],
                Key(e["kind"], e["namespace"], e["name"]) if e["kind"] else None, e["severity"],
            )
            for e in found["errors"]
        ]  # fmt: skip

    async def create(self, kind: str, document: Mapping[str, Any]) -> Resource:
        raise only_there("a change")

    async def apply(self, resource: Resource, *, whole: bool, dry: bool) -> Applied:
        raise only_there("a change")

    async def patch(self, key: Key, merge_patch: Mapping[str, Any]) -> Resource:
        raise only_there("a change")

    async def delete(self, key: Key, *, force: bool = False) -> None:
        raise only_there("a change")

    async def _asked(self, method: str, path: str, **more: Any) -> Any:
        return await asyncio.to_thread(self._server.ask, method, path, **more)

    def _of(self, kind: type[R]) -> Any:
        return lambda document: self._resource(kind.KIND, document)

    def _resource(self, kind: str, document: Any) -> Any:
        """Returns the resource of a document.

        Raises:
            CliError: this version does not know all that is in it.
        """
        try:
            return STORED[kind].model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise CliError(
                f"{self._server.url} says of a {kind} what this version does not know: {place}: {first['msg']}",
                "update this homeostat to the version of the server",
            ) from error


def _path(key: Key) -> str:
    return f"/resources/{kind_of(STORED[key.kind]).plural}/{quote(key.name, safe='')}"


def _changes(found: Any) -> Mapping[str, tuple[Any, Any]] | None:
    return None if found is None else {change["field"]: (change["old"], change["new"]) for change in found}
