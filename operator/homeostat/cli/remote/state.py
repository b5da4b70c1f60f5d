"""The resources that a REST API has, as commands use them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from homeostat.driver.guests.console_log import LogPart
from homeostat.models.base import Key, Resource, by_name
from homeostat.models.explain import first_problem
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.models.outside import HIDDEN
from homeostat.runtime.engine.ports import Event, SpecRevision
from homeostat.store.errors import FolderProblem
from homeostat.store.files.reading.validate import desired_part
from homeostat.store.three_way import Applied

from ..access import R, State
from ..errors import CliError
from ..rest_server import RestRefusal, understood
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
        resource: R = self.resource(key.kind, found)
        return resource

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        """Returns all of a kind. What a list hides, such as passwords in addresses, is asked for by itself."""
        listed = await asyncio.to_thread(self._server.list, _plural(kind.KIND), self._all_of(kind))
        for i, one in enumerate(listed):
            if HIDDEN in one.spec.model_dump_json():
                listed[i] = await self.get(kind, one.key) or one
        return sorted(listed, key=by_name)

    async def events(self, key: Key | None = None, limit: int = 200) -> Sequence[Event]:
        about = {"kind": key.kind, "name": key.name} if key is not None else {}
        found = await self._asked("GET", "/events", query={"limit": min(limit, 1000), **about})
        return understood(self._server.url, lambda said: [*map(_event, said["events"])], found)

    async def revisions(self, key: Key) -> Sequence[SpecRevision]:
        found = await self._asked("GET", f"{_path(key)}/revisions")
        return understood(self._server.url, lambda said: [_revision(key, one) for one in said["revisions"]], found)

    async def errors(self) -> Sequence[FolderProblem]:
        found = await self._asked("GET", "/errors")
        return understood(self._server.url, lambda said: [*map(_problem, said["errors"])], found)

    async def console_log(self, machine: VirtualMachine, tail: int, after: str) -> LogPart:
        query: dict[str, str | int] = {"after": after} if after else {"tail": tail} if tail >= 0 else {}
        path = f"/vms/{quote(machine.metadata.name, safe='')}/log"
        answer = await asyncio.to_thread(self._server.request, "GET", path, query=query)
        return LogPart(answer.content, answer.headers.get("X-Log-After", ""))

    async def create(self, kind: str, document: Mapping[str, Any]) -> Resource:
        made: Resource = self.resource(kind, await self._asked("POST", _plural(kind), body=dict(document)))
        return made

    async def apply(self, resource: Resource, *, whole: bool, dry: bool) -> Applied:
        found = await self.foresee(resource) if dry else await self._asked("POST", "/apply", body=_written(resource))
        return understood(self._server.url, lambda said: Applied(said["outcome"], tuple(said["left"])), found)

    async def foresee(self, resource: Resource) -> Any:
        """Returns what the server says that applying a resource would do."""
        return await self._asked("POST", "/apply", query={"dryRun": "true"}, body=_written(resource))

    async def patch(self, key: Key, merge_patch: Mapping[str, Any]) -> Resource:
        found = await self._asked("PATCH", _path(key), body=dict(merge_patch), form="application/merge-patch+json")
        changed: Resource = self.resource(key.kind, found["resource"])
        return changed

    async def delete(self, key: Key, *, force: bool = False) -> None:
        await self._asked("DELETE", _path(key), query={"force": "true"} if force else None)

    async def _asked(self, method: str, path: str, **more: Any) -> Any:
        return await asyncio.to_thread(self._server.ask, method, path, **more)

    def _all_of(self, kind: type[R]) -> Callable[[Any], Any]:
        return lambda answer: [self.resource(kind.KIND, document) for document in answer["items"]]

    def resource(self, kind: str, document: Any) -> Any:
        """Returns the resource of a document.

        Raises:
            CliError: this version does not know all that is in it.
        """
        try:
            return STORED[kind].model_validate(document)
        except ValidationError as error:
            raise CliError(
                f"{self._server.url} says of a {kind} what this version does not know: {first_problem(error)}",
                "update this homeostat to the version of the server",
            ) from error


def _written(resource: Resource) -> dict[str, Any]:
    """Returns the document of a resource, as far as people write it."""
    return desired_part({"apiVersion": resource.api_version, "kind": resource.kind, **resource.dump()})


def _plural(kind: str) -> str:
    return f"/resources/{kind_of(STORED[kind]).plural}"


def _path(key: Key) -> str:
    return f"{_plural(key.kind)}/{quote(key.name, safe='')}"


def _event(said: Any) -> Event:
    key = Key(said["kind"], said["namespace"], said["name"])
    return Event(said["id"], said["time"], key, said["type"], said["reason"], said["message"], said["fields"], said["count"])


def _revision(key: Key, said: Any) -> SpecRevision:
    changes = said["changes"]
    told = None if changes is None else {change["field"]: (change["old"], change["new"]) for change in changes}
    return SpecRevision(key, said["generation"], said["time"], said["author"], told, said["commit"])


def _problem(said: Any) -> FolderProblem:
    key = Key(said["kind"], said["namespace"], said["name"]) if said["kind"] else None
    return FolderProblem(said["path"], said["line"], said["column"], said["field"], said["message"], key, said["severity"])
