"""What something else answers in the place of an API server, such as a proxy, is no list of nothing: all that is known stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.errors import ClusterUnavailable
from homeostat.store.kubernetes.paths import PATHS
from tests.rig.answering import Silent, answering
from tests.unit.informing import NOWHERE

MACHINES = PATHS[VirtualMachine.KIND]


async def listed(cluster: Cluster) -> object:
    return [item async for item in cluster.list(MACHINES)]


async def counted(cluster: Cluster) -> object:
    return await cluster.count(MACHINES)


def asked(server: str, folder: Path, ask: Callable[[Cluster], Awaitable[object]]) -> object:
    """Asks a server once."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(NOWHERE.replace("http://127.0.0.1:1", server))

    async def do() -> object:
        cluster = await Cluster.connect(Access(kubeconfig))
        try:
            return await ask(cluster)
        finally:
            await cluster.close()

    return asyncio.run(do())


@pytest.mark.parametrize("ask", [listed, counted])
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>sign in</html>", "is no JSON object"),
        (b'{"kind": "Virt', "is no JSON object"),
        (b"", "is no list"),
        (b"{}", "is no list"),
        (b"null", "is no JSON object"),
    ],
    ids=["page", "cut-off", "nothing", "another-object", "null"],
)
def test_it_counts_as_no_answer(tmp_path: Path, body: bytes, why: str, ask: Callable[[Cluster], Awaitable[object]]) -> None:
    class Proxy(Silent):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with answering(Proxy) as server, pytest.raises(ClusterUnavailable, match=why):
        asked(server, tmp_path, ask)
