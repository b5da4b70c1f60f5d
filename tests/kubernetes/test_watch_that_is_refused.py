"""A watch that fails for ever, as without the right to watch, is told of once, and what changes is noticed all the same."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.base import Resource
from homeostat.models.host import Host
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.informer import Informer
from tests.rig.waiting import wait_until
from tests.unit.informing import informing

DENIED, ASIDE = "hosts.homeostat.dev is forbidden", "too old"


def test_each_reason_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    listed: list[str] = []
    reasons = iter([DENIED, DENIED, DENIED, ASIDE, ASIDE])
    last = [""]

    async def refused(**_: Any) -> None:
        last[0] = next(reasons, DENIED)
        raise PermissionError(last[0], {"kind": "Status", "code": 403})

    async def note(self: Informer, kind: type[Resource]) -> None:
        listed.append(kind.KIND)

    async def found(*_: Any) -> None: ...

    monkeypatch.setattr("kopf.operator", refused)
    monkeypatch.setattr(Informer, "_list", note)
    monkeypatch.setattr("homeostat.store.kubernetes.cluster.Cluster.discover", found)
    monkeypatch.setattr(informers, "RECONNECT", 0.01)
    with caplog.at_level(logging.INFO), informing(tmp_path):
        wait_until(lambda: len(listed) >= 8, 10, "it has listed and watched again and again")
    said = [record.getMessage() for record in caplog.records if record.name == informers.log.name]
    assert said == [f"watching {Host.KIND} failed, so that changes are noticed late: {why}" for why in (DENIED, ASIDE, DENIED)]
