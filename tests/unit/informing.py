"""An informer whose API server is nowhere, for tests of what it does by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.models.host import Host
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.mirror import Mirror

NOWHERE = """
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: c
"""


@contextmanager
def informing(folder: Path) -> Iterator[Informer]:
    """It follows hosts, and has stopped at the end."""
    (folder / "kubeconfig").write_text(NOWHERE)
    index = Index.open(folder / "index.sqlite")
    informer = Informer(Access(folder / "kubeconfig"), Mirror(index), [Host], lambda words: None)
    informer.begin()
    try:
        yield informer
    finally:
        asyncio.run(informer.stop())
        index.close()
