"""How the two modes differ for the API: where it reads, where it writes, and who carries it out."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import falcon.asgi

from homeostat.assembly.served_stores import served_cluster, served_folder
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.desired import FolderState, Workspace

from .config import ApiConfig
from .gate import OPEN_PATHS
from .http.errors import Problem
from .operator_link import ClusterLink, Link, OperatorLink

if TYPE_CHECKING:
    from homeostat.store.kubernetes.informer import Informer
    from homeostat.store.kubernetes.writer import ClusterWriter

log = logging.getLogger("homeostat.api")


@dataclass(frozen=True, slots=True)
class Mode:
    workspace: Workspace
    operator: Link
    supervisor: Supervisor
    middleware: tuple[WaitForMirror | Closing | Attending, ...] = ()


def open_mode(config: ApiConfig) -> Mode:
    """Opens the mode.

    Raises:
        StoreError: the folder or the state cannot be opened.
    """
    return _cluster(config) if config.cluster is not None else _folder(config)


def _folder(config: ApiConfig) -> Mode:
    assert config.directory is not None
    store, supervisor = served_folder(config.directory, config.state), Supervisor()
    workspace, link = Workspace(store, FolderState(store), config.namespace), OperatorLink(config.operator_socket)
    return Mode(workspace, link, supervisor, (Attending(supervisor),))


def _cluster(config: ApiConfig) -> Mode:
    """Opens the cluster. Reads come from the API's own mirror; nothing is answered from it before it has been filled once."""
    assert config.cluster is not None
    supervisor = Supervisor()
    served = served_cluster(config.cluster, config.state, supervisor, log.warning)
    store, informer = served.store, served.informer
    middleware = (WaitForMirror(informer), Closing(informer, store), Attending(supervisor))
    return Mode(Workspace(store, store, config.namespace), ClusterLink(informer), supervisor, middleware)


class WaitForMirror:
    """Answers 503 until the mirror is filled: an earlier answer would be wrong."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        if req.path not in OPEN_PATHS:
            self._check()

    async def process_request_ws(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        self._check()

    def _check(self) -> None:
        """Checks the mirror.

        Raises:
            Problem: 503, it is not filled.
        """
        if why := self._informer.unready():
            raise Problem(503, "not_ready", f"Not ready: {why}", headers={"Retry-After": "2"})


class Attending:
    """Reports every failure of tasks and callbacks on the server's loop."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def process_startup(self, scope: object, event: object) -> None:
        self._supervisor.attend(asyncio.get_running_loop())


class Closing:
    """Ends the threads and connections with the server."""

    def __init__(self, informer: Informer, writer: ClusterWriter) -> None:
        self._informer = informer
        self._writer = writer

    async def process_shutdown(self, scope: object, event: object) -> None:
        await self._informer.stop()
        await self._writer.close()
