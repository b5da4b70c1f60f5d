"""An informer that fails in a way that nobody foresaw begins anew: what nobody follows any more would go on to be believed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.models.base import Resource
from homeostat.models.host import Host
from homeostat.store.index.index import Index
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.mirror import Mirror
from tests.rig.waiting import wait_until

NOWHERE = """
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: c
"""


def test_it_begins_anew_and_still_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    async def defect(self: Informer, kind: type[Resource]) -> None:
        calls.append(kind.KIND)
        raise KeyError("what no server ever left out")

    monkeypatch.setattr(Informer, "_list", defect)
    monkeypatch.setattr(informers, "AGAIN", 0.01)
    (tmp_path / "kubeconfig").write_text(NOWHERE)
    index = Index.open(tmp_path / "index.sqlite")
    informer = Informer(Access(tmp_path / "kubeconfig"), Mirror(index), [Host], lambda words: None)
    informer.begin()
    try:
        wait_until(lambda: len(calls) >= 3, 10, "it has begun anew")
    finally:
        asyncio.run(informer.stop())
        index.close()
    assert not informer.synced
