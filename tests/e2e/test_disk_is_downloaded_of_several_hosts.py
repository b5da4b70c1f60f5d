"""Copies of disks over HTTP where a folder has several hosts: each is made by its own, also by one that is elsewhere."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.e2e.disks import wait_disk, write_disk
from tests.e2e.test_disk_is_downloaded import fetched, leftovers
from tests.e2e.test_disk_is_exported import patterned, write
from tests.e2e.test_several_hosts import Pair, bound, other, pair
from tests.rig.remote import over_the_network
from tests.rig.waiting import free_port, wait_until

__all__ = ["other", "pair"]


@pytest.mark.parametrize("way", ["local", "network"])
def test_of_the_other_host(pair: Pair, tmp_path: Path, way: str) -> None:
    port = free_port()
    with over_the_network(pair.other.socket) as tcp:
        if way == "network":
            pair.uris["b"] = f"qemu+tcp://127.0.0.1:{tcp}/system"
        write_disk(pair, "letters", size="4Mi", hostSelector={"kubernetes.io/hostname": "b"})
        pair.write("far", {**bound("b"), "runStrategy": "Halted"})
        pair.start(
            "--bind", f"127.0.0.1:{port}", *(word for name, uri in pair.uris.items() for word in ("--host", f"{name}={uri}"))
        )
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
            pair.wait_ready("far")
            wait_disk(pair, "letters")
            write(pair.disk("far", "root"), 3)
            write(pair.state / "disks/default/letters/disk.img", 5)
            fetched(http, "vms/far/disks/root/export", tmp_path / "off")
            pair.edit("far", lambda spec: spec.update(runStrategy="Always"))
            wait_until(lambda: pair.on("b").get("far") == "running", 60, "it runs on b")
            pair.wait_ready("far")
            fetched(http, "vms/far/disks/root/export", tmp_path / "on")
            fetched(http, "disks/letters/export", tmp_path / "letters")
        for name, pattern in (("off", 3), ("on", 3), ("letters", 5)):
            assert patterned(tmp_path / name, pattern), name
        assert (pair.on("a"), pair.on("b")) == ({}, {"far": "running"}) and leftovers(pair) == []
        assert pair.stop() == 0
