"""Plugins on real QEMU: a web workload whose root disk is fetched over HTTP, verified and overlaid; and a job that runs once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from homeostat.models.machine import MachineState
from tests.e2e.deployed import deploy, pages, put, wait_settled
from tests.e2e.homeostat import Homeostat
from tests.rig.guest import BOOT_TIMEOUT, CMDLINE


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *_: object) -> None:
        pass


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_web_workload_and_a_job(town: Homeostat) -> None:
    assert town.image is not None
    kernel, initramfs = ({"path": str(path)} for path in (town.image.kernel, town.image.initramfs))
    digest = hashlib.sha256(town.image.base.read_bytes()).hexdigest()
    with served_folder(town.image.directory) as address:
        web = {
            "version": "1.0.0",
            "workload": {"type": "http", "port": 80},
            "resources": {"memory": "128Mi"},
            "rootfs": {"url": f"{address}/base.qcow2", "sha256": digest},
            "kernel": kernel,
            "initramfs": initramfs,
            "cmdline": f"{CMDLINE} homeostat.root=/dev/vda",
            "cloudInit": {"userData": "#!/bin/sh\necho plugin > /www/version\n"},
        }
        job = {**web, "workload": {"type": "batch"}, "cloudInit": {"userData": "#!/bin/sh\nsync\npoweroff -f\n"}}
        put(town, "Plugin", "site", web)
        put(town, "Plugin", "work", job)
        deploy(town, 2, {"pluginRef": {"name": "site"}, "shutdown": {"gracePeriodSeconds": 3}})
        town.write("job", {"pluginRef": {"name": "work"}})
        town.start()
        wait_settled(town, 2, "plugin")
        town.wait_for(lambda: town.status("job").state is MachineState.SUCCEEDED, "the job has succeeded", BOOT_TIMEOUT)
    assert pages(town, path="/root-boots") == {"web-1": "1", "web-2": "1"}, "each has an overlay of its own"
    images = [path for path in (town.state / "images").rglob("*") if path.is_file() and path.stat().st_size > 2**16]
    assert sum(path.stat().st_size == town.image.base.stat().st_size for path in images) == 1, "fetched once"
    assert hashlib.sha256(town.image.base.read_bytes()).hexdigest() == digest
    assert town.state_of("job") == "shut off" and town.count("job", "Started") == 1
