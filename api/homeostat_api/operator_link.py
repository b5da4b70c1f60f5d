"""The operator's process, as far as the API sees it: an HTTP server on a unix socket in the state folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

if TYPE_CHECKING:
    from homeostat.store.kubernetes.informer import Informer

TIMEOUT = 2.0  # seconds; it answers from memory
TEXT = "text/plain; version=0.0.4"


class Link(Protocol):
    """Who carries out what the API writes down."""

    async def metrics(self) -> str | None:
        """The operator's metrics as Prometheus text; None where it does not answer, or is not ours to ask."""

    async def absence(self) -> str | None:
        """Why nothing would be carried out, or what is answered is not what is; None where all is well."""


class ClusterLink:
    """Operators run elsewhere and are scraped there; what is ours to know is whether the cluster is followed."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer

    async def metrics(self) -> str | None:
        return None

    async def absence(self) -> str | None:
        return self._informer.unready() or None


class OperatorLink:
    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def metrics(self) -> str | None:
        """The operator's metrics as Prometheus text; None where it does not answer."""
        try:
            async with self._client() as client:
                answer = await client.get("/metrics", headers={"Accept": TEXT})
                answer.raise_for_status()
                return answer.text
        except (httpx.HTTPError, OSError):
            return None

    async def absence(self) -> str | None:
        """Why the operator is not there; None where it is."""
        if not self._socket.exists():
            return f"the operator does not run: there is no {self._socket.name} in the state folder; start `homeostat up`"
        try:
            async with self._client() as client:
                await client.get("/healthz")
        except (httpx.HTTPError, OSError) as error:
            return f"the operator does not answer on {self._socket.name}: {error or type(error).__name__}"
        return None

    def _client(self) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        return httpx.AsyncClient(transport=transport, base_url="http://operator", timeout=TIMEOUT)
