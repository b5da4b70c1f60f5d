"""How the two modes differ for the API: where it reads, where it writes, and who carries it out."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import falcon.asgi

from homeostat.models.kinds import CLUSTER_KINDS
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.desired import FolderState, Workspace
from homeostat.store.errors import StoreError
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index

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
    """Opens the folder. Brings the index up to date once, where no operator does that: for a large folder that takes long, and
    requests would wait."""
    assert config.directory is not None
    store = FilesStore.open(config.directory, StateFolder.open(config.state))
    try:
        if not store.state.operator_runs:
            store.compare()
    except StoreError as error:  # for example the state folder is full: what is known is shown, and the operator keeps trying
        log.warning("the folder was not looked through: %s", error)
    supervisor = Supervisor()
    workspace, link = Workspace(store, FolderState(store), config.namespace), OperatorLink(config.operator_socket)
    return Mode(workspace, link, supervisor, (Attending(supervisor),))


def _cluster(config: ApiConfig) -> Mode:
    """Opens the cluster. Reads come from the API's own mirror; nothing is answered from it before it has been filled once."""
    from homeostat.store.kubernetes.eventlog import EventLog
    from homeostat.store.kubernetes.informer import Informer
    from homeostat.store.kubernetes.mirror import Mirror
    from homeostat.store.kubernetes.writer import ClusterWriter

    assert config.cluster is not None
    index = Index.open(StateFolder.open(config.state).api_index, repair=True)
    mirror = Mirror(index)
    supervisor = Supervisor()
    index.troubled = supervisor.teller("state")
    informer = Informer(config.cluster, mirror, CLUSTER_KINDS, log.warning, EventLog(index), supervisor)
    informer.begin()
    writer = ClusterWriter(index, mirror, config.cluster)
    return Mode(
        Workspace(writer, writer, config.namespace),
        ClusterLink(informer),
        supervisor,
        (WaitForMirror(informer), Closing(informer, writer), Attending(supervisor)),
    )


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
