"""Lines of the Volant contract that only a real guest can answer, over REST, from a server with its operator beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.api.harness import Stream
from tests.e2e.deployed import READY, remains
from tests.e2e.homeostat import Homeostat
from tests.rig.guest import BOOT_TIMEOUT, CMDLINE, GuestImage, fetch
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port, wait_until

NAME = "volant"
# Its page /cgi-bin/quit ends the web server.
USER_DATA = """#!/bin/sh
printf '#!/bin/sh\\nkillall httpd\\n' > /www/cgi-bin/quit
chmod +x /www/cgi-bin/quit
"""


class Served:
    """A Homeostat with its API, the plugin "guest", and one machine of it, made over REST."""

    def __init__(self, town: Homeostat) -> None:
        assert town.image is not None
        self.town, self.port = town, free_port()
        town.start("--bind", f"127.0.0.1:{self.port}", "--image-folder", str(town.image.directory))
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        self.until(lambda: self.http.get("/readyz").status_code == 200, "the API is ready")
        plugin = {
            "version": "1.0.0",
            "workload": {"type": "http", "port": 80},
            "resources": {"memory": "128Mi"},
            "kernel": {"path": str(town.image.kernel)},
            "initramfs": {"path": str(town.image.initramfs)},
            "cmdline": CMDLINE,
            "probes": READY,
            "nics": [{"name": "lan", "network": "default"}],
        }
        self.post("plugins", {"name": "guest", "spec": plugin})
        town.written[NAME] = {}  # to be cleared in the end
        self.post("vms", {"name": NAME, "plugin": "guest", "config": {"cloud_init": {"user_data": USER_DATA}}})

    def post(self, where: str, body: dict[str, Any]) -> None:
        answer = self.http.post(f"/api/v1/{where}", json=body)
        assert answer.status_code == 201, answer.text

    def get(self, what: str = f"vms/{NAME}") -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/v1/{what}").json()
        return found

    def healthy(self) -> dict[str, Any]:
        """The machine, once it is."""
        what = f"{NAME} is healthy; the operator said: {self.town.said()[-2000:]}"
        self.until(lambda: (found := self.get())["status"] == "running" and found["health"]["status"] == "healthy", what)
        return self.get()

    @staticmethod
    def until(predicate: Any, what: str) -> None:
        wait_until(predicate, BOOT_TIMEOUT, what)


@pytest.fixture(scope="module")
def served(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Served]:
    town = Homeostat(libvirtd, guest_image)
    try:
        made = Served(town)
        yield made
        made.http.close()
    finally:
        town.close()


def test_v12_user_data_reaches_the_guest(served: Served) -> None:
    """The guest looks for the label CIDATA, and serves what it read there."""
    found = served.healthy()
    assert fetch(found["ip"], "/user-data") == USER_DATA
    assert f"local-hostname: {NAME}" in fetch(found["ip"], "/meta-data")
    assert fetch(found["ip"], "/hostname").strip() == NAME


def test_v18_it_restarts_as_another_process(served: Served) -> None:
    before = served.healthy()["pid"]
    assert before == served.town.qemu_pid(NAME)
    answer = served.http.post(f"/api/v1/vms/{NAME}/restart")
    assert (answer.status_code, answer.json()) == (200, {"name": NAME, "status": "restarting", "plugin": "guest"})
    served.until(lambda: served.get()["pid"] not in (None, before), "it has a new pid")
    assert served.healthy()["pid"] == served.town.qemu_pid(NAME) != before
    assert not os.path.exists(f"/proc/{before}")


def test_v53_a_web_server_that_ends_is_told(served: Served) -> None:
    address = served.healthy()["ip"]
    stream = Stream(served.port, timeout=BOOT_TIMEOUT)
    with suppress(OSError):
        fetch(address, "/cgi-bin/quit")
    told = next(event for event in iter(lambda: stream.events(1)[0], None) if event.event == "vm.health_changed")
    stream.close()
    assert (told.content["name"], told.content["status"]) == (NAME, "unhealthy")
    found = served.get()
    assert (found["status"], found["health"]["status"]) == ("running", "unhealthy"), "readiness restarts nothing"


def test_v36_the_last_of_two_that_race_holds(served: Served) -> None:
    served.town.written.update({f"raced-{index}": {} for index in range(1, 4)})
    template = {"spec": {"pluginRef": {"name": "guest"}, "shutdown": {"gracePeriodSeconds": 3}}}
    served.post("deployments", {"name": "raced", "spec": {"replicas": 2, "template": template}})

    def scale(replicas: int) -> list[tuple[int, int]]:
        """Five times; the resourceVersion that each change got."""
        answers = [served.http.patch("/api/v1/deployments/raced", json={"replicas": replicas}) for _ in range(5)]
        assert {(a.status_code, a.json()["replicas"]) for a in answers} == {(200, replicas)}
        return [(int(a.headers["ETag"].strip('"')), replicas) for a in answers]

    with ThreadPoolExecutor(2) as pool:
        _, last = max(version for versions in pool.map(scale, [3, 1]) for version in versions)
    machines = [f"raced-{index}" for index in range(1, last + 1)]

    def settled() -> bool:
        found = served.get("deployments/raced")
        return found["status"]["phase"] == "running" and (found["vms"], found["ready_replicas"]) == (machines, last)

    def others() -> set[str]:
        return {name for names in remains(served.town, "raced").values() for name in names} - {*machines}

    served.until(settled, f"{last} are ready")
    served.until(lambda: others() <= {"raced-1"}, "the others have gone")  # its revision has that name too
    assert served.get("deployments/raced")["replicas"] == last
    left = remains(served.town, "raced")
    assert left["domains"] == left["processes"] == left["machines"] == machines
