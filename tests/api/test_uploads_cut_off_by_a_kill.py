"""An upload in one request ends with its server, however that ends, and is charged no more; one by tus stays, and goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.harness import DEADLINE, Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle
from tests.rig.forms import CLOSED, unclosed
from tests.rig.waiting import wait_until
from tests.unit.serving import disk_of

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="a process is killed")]
MIB = 2**20


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    folder = tmp_path / "state" / "uploads"
    with serving(tmp_path, "--max-upload", "512Mi") as api:
        bob = Person(api.http, "bob")
        assert Person(api.http, "root").status("PATCH", "users/bob/quota", json={"disk": "1Gi"}) == 200
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(MIB), "Upload-Metadata": "name dHVz"}
        begun = api.http.post("/api/v1/uploads", headers={**bob.headers, **tus})
        assert begun.status_code == 201, begun.text
        killed = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(send_until, killed, api, bob)
            wait_until(lambda: len(under_way(bob)) == 2, DEADLINE, "both have begun")
            assert bob.status("POST", "disks", json={"name": "data", "spec": {"size": "2Gi"}}) == 403, "it was counted"
            assert used(bob) == 513 * MIB
            worker = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()[0]
            os.kill(int(worker), signal.SIGKILL)
            killed.set()
            assert isinstance(sent.exception(DEADLINE), httpx.TransportError)
        wait_until(lambda: under_way(bob) == ["tus"], DEADLINE, "another worker answers")
        wait_until(lambda: used(bob) == MIB, DEADLINE, "it is not charged any more")
        answer = bob.ask("POST", "images", files={"file": ("a.img", disk_of(4096))}, data={"name": "whole"})
        assert answer.status_code == 201, answer.text
        assert len(list(folder.glob("*.partial"))) == 1 and len(list(folder.glob("*.server"))) == 1


def send_until(killed: threading.Event, api: Api, bob: Person) -> httpx.Response:
    """Sends a form, and the end of it once the server was killed."""
    form = unclosed(disk_of(2 * MIB), CLOSED, name="form")

    def parts() -> Iterator[bytes]:
        yield form["content"][:MIB]
        assert killed.wait(DEADLINE)
        yield form["content"][MIB:]

    with httpx.Client(base_url=api.http.base_url, timeout=DEADLINE) as http:
        return http.post("/api/v1/images", content=parts(), headers={**bob.headers, **form["headers"]})


def under_way(bob: Person) -> list[str]:
    return sorted(one["name"] for one in bob.ask("GET", "uploads").json()["uploads"])


def used(bob: Person) -> int:
    (found,) = bob.ask("GET", "quotas").json()["quotas"]
    disk: int = found["quotas"]["disk"]["used"]
    return disk
