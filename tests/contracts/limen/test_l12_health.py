"""L12, L13: the health tells the truth of the database and of libvirt, to everybody."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from tests.contracts.limen.people import Limen


@pytest.mark.parametrize("path", ["/api/health", "/api/health_proxy"])
def test_l12_all_is_connected(limen: Limen, path: str) -> None:
    answer = limen.visitor().get(path)
    body = answer.json()
    assert answer.status_code == 200 and set(body) == {"status", "time", "db", "libvirt"}
    assert (body["status"], body["db"], body["libvirt"]) == ("ok", "connected", "connected")
    assert abs((datetime.fromisoformat(body["time"]) - datetime.now(UTC)).total_seconds()) < 60


def test_l12_no_operator_and_no_database(lonely: httpx.Client) -> None:
    answer = lonely.get("/api/health")
    assert answer.status_code == 200
    assert (answer.json()["db"], answer.json()["libvirt"]) == ("disconnected", "disconnected")
