"""A watch tells only of what is there: what went between our list and the watch's own is found by listing once more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.base import Resource
from homeostat.models.host import Host
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.cluster import Cluster, ObjectCount
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.paths import ApiPath
from tests.rig.waiting import wait_until
from tests.unit.informing import informing


def test_what_was_listed_is_listed_again_once_it_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []

    async def quiet(*, stop_flag: asyncio.Event, **_: Any) -> None:
        await stop_flag.wait()

    async def note(self: Informer, kind: type[Resource]) -> None:
        listed.append(kind.KIND)

    monkeypatch.setattr("kopf.operator", quiet)
    monkeypatch.setattr(Informer, "_list", note)
    monkeypatch.setattr(informers, "SETTLE", 0.0)
    with informing(tmp_path):
        wait_until(lambda: listed == [Host.KIND, Host.KIND], 10, "it has listed twice")


def test_a_kind_is_listed_again_that_the_server_counts_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    there = [0]

    async def quiet(*, stop_flag: asyncio.Event, **_: Any) -> None:
        await stop_flag.wait()

    async def note(self: Informer, kind: type[Resource]) -> None:
        listed.append(kind.KIND)

    async def count(self: Cluster, path: ApiPath) -> ObjectCount:
        return ObjectCount(there[0], "1")

    monkeypatch.setattr("kopf.operator", quiet)
    monkeypatch.setattr(Informer, "_list", note)
    monkeypatch.setattr(Cluster, "count", count)
    monkeypatch.setattr(informers, "SETTLE", 0.0)
    monkeypatch.setattr(informers, "COUNTED", 0.5)
    with informing(tmp_path):
        wait_until(lambda: len(listed) == 2, 10, "it has listed twice")
        there[0] = 1  # and its watch says nothing
        wait_until(lambda: len(listed) == 3, 10, "it has listed once more")
