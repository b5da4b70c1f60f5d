"""What the tests of QEMU Manager's contract ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.contracts.served import Served


@dataclass
class Manager:
    served: Served

    @property
    def http(self) -> httpx.Client:
        return self.served.http

    def make(self, name: str, cpus: int = 1, memory: int = 64) -> dict[str, Any]:
        answer = self.http.post("/api/vms", json={"name": name, "cpus": cpus, "memory": memory})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["vm"]
        return made

    def disk(self, name: str, size: float = 1, format: str = "qcow2") -> dict[str, Any]:
        answer = self.http.post("/api/disks", json={"name": name, "size": size, "format": format})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["disk"]
        return made

    def get(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/vms/{id}").json()["vm"]
        return found

    def act(self, id: str, what: str, **body: Any) -> httpx.Response:
        return self.http.post(f"/api/vms/{id}/{what}", json=body) if body else self.http.post(f"/api/vms/{id}/{what}")


def refused(answer: httpx.Response, status: int) -> str:
    """What an error in the contract's shape says."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error", "timestamp"}, body
    text: str = body["error"]
    assert text
    return text
