"""CHAOS 6: an operator that is stopped for longer than a guest may be silent finds the guest as well as it was.

The guest is a server of ours behind a port forward, and the host libvirt's test driver.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.libvirt.hosts import isolated_uri
from tests.rig.program import Running, launch, ran
from tests.rig.waiting import Patience

SILENCE = 2.5  # seconds; one of them is as much as the guest is allowed


class Guest:
    """Answers at once, or when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.waiting = 0
        self.answers = threading.Event()
        self.answers.set()
        guest = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                guest.asked += 1
                guest.waiting += 1
                guest.answers.wait(30)
                guest.waiting -= 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


class Homeostat:
    def __init__(self, root: Path, port: int) -> None:
        self.folder = root / "vms"
        self.folder.mkdir()
        self._base = [sys.executable, "-m", "homeostat.cli.main", "--state", str(root / "state")]
        self._connect = ["--connect", isolated_uri(root)]
        probe = {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1}
        forward = {"hostPort": port, "guestPort": 80}
        spec = {
            "resources": {"memory": "64Mi"},
            "nics": [{"name": "lan", "user": {"forwards": [forward]}}],
            "probes": {"liveness": probe, "readiness": probe},
        }
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": spec}
        (self.folder / "web.yaml").write_text(yaml.safe_dump(document))
        self._log = root / "up.log"

    @contextmanager
    def up(self) -> Iterator[Running]:
        with self._log.open("wb") as log:
            command = [*self._base, *self._connect, "up", str(self.folder), "--no-api"]
            process = launch(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)

    def read(self, *words: str) -> Any:
        done = ran([*self._base, *words])
        done.check_returncode()
        return json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.read("get", "vm", "web", "-o", "json").get("status") or {}
        except subprocess.CalledProcessError:  # not yet
            return {}
        return found

    def ready(self) -> bool:
        return any((c["type"], c["status"]) == ("Ready", "True") for c in self.status().get("conditions", ()))

    def events(self) -> list[str]:
        return [event["reason"] for event in self.read("events", "-o", "json")]

    def until(self, seen: Callable[[], object], what: str, pause: float = 0.01) -> None:
        patience = Patience(60)
        while not seen():
            assert not patience.over, f"not within 60 s: {what}\n{self._log.read_text()[-2000:]}"
            time.sleep(pause)


def test_chaos_6_a_stopped_operator_blames_no_guest(tmp_path: Path) -> None:
    """With failureThreshold 1: one failure of either probe would restart it, or make it unready."""
    guest = Guest()
    town = Homeostat(tmp_path, guest.port)
    try:
        with town.up() as operator:
            town.until(town.ready, "it is ready", 0.2)
            before, events = town.status(), town.events()
            guest.answers.clear()
            town.until(lambda: guest.waiting, "a try is under way")
            os.kill(operator.pid, signal.SIGSTOP)
            guest.answers.set()  # it answers in time, and the answer waits in the socket
            threading.Event().wait(SILENCE)
            asked = guest.asked
            os.kill(operator.pid, signal.SIGCONT)
            town.until(lambda: guest.asked >= asked + 4, "it is asked again and again")
            assert town.events() == events
            assert town.status() == before
    finally:
        guest.close()
