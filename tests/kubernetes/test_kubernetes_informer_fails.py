"""An informer that fails in a way that nobody foresaw begins anew: what nobody follows any more would go on to be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.base import Resource
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.informer import Informer
from tests.rig.waiting import wait_until
from tests.unit.informing import informing


def test_it_begins_anew_and_still_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    async def defect(self: Informer, kind: type[Resource]) -> None:
        calls.append(kind.KIND)
        raise KeyError("what no server ever left out")

    monkeypatch.setattr(Informer, "_list", defect)
    monkeypatch.setattr(informers, "AGAIN", 0.01)
    with informing(tmp_path) as informer:
        wait_until(lambda: len(calls) >= 3, 10, "it has begun anew")
    assert not informer.synced
