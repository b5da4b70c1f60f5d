"""The operator's process, as far as the API sees it: an HTTP server on a unix socket in the state folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from homeostat.store.files.last_look import last_look, operator_looks

if TYPE_CHECKING:
    from homeostat.store.kubernetes.informer import Informer

FRESH = 1.0  # seconds for which the answer whether an operator runs is reused
TIMEOUT = 2.0  # seconds; it answers from memory
BRIEFLY = 0.5  # seconds
TEXT = "text/plain; version=0.0.4"
REACHABLE = "homeostat_host_reachable{"  # of a host: 1 while libvirt answers


class Link(Protocol):
    """The connection to whoever carries out what the API writes down."""

    async def metrics(self) -> str | None:
        """Returns the operator's metrics as Prometheus text; None where it does not answer, or is not ours to ask."""

    async def absence(self) -> str | None:
        """Says why nothing would be carried out, or why answers are out of date; None where all is well."""

    async def failing(self) -> list[dict[str, Any]]:
        """Returns what fails of it, as its own /healthz has it; empty where it does not answer, or is not ours to ask."""

    async def reaches_hosts(self) -> bool | None:
        """Tells whether libvirt answers the operator. None: the hosts report it themselves."""

    def last_look(self) -> str | None:
        """Returns since when answers may be out of date (RFC 3339; ``unknown``); None where they are current."""


class ClusterLink:
    """Operators run elsewhere and are scraped there. We only know whether the cluster is followed."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer

    async def metrics(self) -> str | None:
        return None

    async def failing(self) -> list[dict[str, Any]]:
        return []

    async def absence(self) -> str | None:
        return self._informer.incomplete() or None

    async def reaches_hosts(self) -> bool | None:
        return False if self._informer.unready() else None

    def last_look(self) -> str | None:
        return self._informer.out_of_date_since() or None


class OperatorLink:
    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._looks = (0.0, False)  # when that was asked last, and the answer
        self._reaches = (0.0, False)

    async def metrics(self) -> str | None:
        """Returns the operator's metrics as Prometheus text; None where it does not answer."""
        try:
            async with self._client() as client:
                answer = await client.get("/metrics", headers={"Accept": TEXT})
                answer.raise_for_status()
                return answer.text
        except (httpx.HTTPError, OSError):
            return None

    async def reaches_hosts(self) -> bool | None:
        asked, found = self._reaches
        if (now := time.monotonic()) - asked > FRESH:
            lines = (await self.metrics() or "").splitlines()
            found = any(line.startswith(REACHABLE) and float(line.rpartition(" ")[2]) == 1 for line in lines)
            self._reaches = now, found
        return found

    async def failing(self) -> list[dict[str, Any]]:
        """Returns what fails. A probe asks, so it does not wait long for the answer."""
        try:
            async with self._client(BRIEFLY) as client:
                answer = await client.get("/healthz")
            found = answer.json()["failing"]
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError):
            return []
        return found if isinstance(found, list) else []

    async def absence(self) -> str | None:
        """Says why the operator is not there; None where it is."""
        if not self._socket.exists():
            last = self.last_look() or "unknown"
            return (
                f"the operator does not run: there is no {self._socket.name} in the state folder, and its last look was {last}; "
                "start `homeostat up`"
            )
        try:
            async with self._client() as client:
                answer = await client.get("/readyz")
                if answer.status_code == 503:
                    return f"the operator runs, but {answer.text.strip()}"
        except (httpx.HTTPError, OSError) as error:
            return f"the operator does not answer on {self._socket.name}: {error or type(error).__name__}"
        return None

    def last_look(self) -> str | None:
        asked, looks = self._looks
        if (now := time.monotonic()) - asked > FRESH:
            looks = operator_looks(self._socket.parent)
            self._looks = now, looks
        if looks:
            return None
        found = last_look(self._socket.parent)
        return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else "unknown"

    def _client(self, timeout: float = TIMEOUT) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        return httpx.AsyncClient(transport=transport, base_url="http://operator", timeout=timeout)
