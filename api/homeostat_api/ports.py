"""What the API needs of a store. store.files.FilesStore is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import falcon.asgi

from homeostat.models.base import Key, Resource
from homeostat.runtime.ports import Event, Revision

App: TypeAlias = falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]


class Store(Protocol):
    """The methods that are not coroutines may be called from any thread."""

    async def get(self, key: Key) -> Resource | None: ...

    async def list(self, kind: str, namespace: str | None = None) -> Sequence[Resource]: ...

    def create(self, kind: str, document: Mapping[str, Any], author: str) -> Resource: ...

    def patch(
        self, key: Key, merge_patch: Mapping[str, Any], author: str, expected_version: str | None = None
    ) -> Resource: ...

    def delete(self, key: Key, author: str, force: bool = False) -> None: ...

    def revisions(self, key: Key) -> Sequence[Revision]: ...

    def events(self, after_id: int = 0, key: Key | None = None, limit: int = 100) -> Sequence[Event]: ...

    def data_version(self) -> int: ...
