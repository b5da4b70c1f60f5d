"""LIMEN's contract with real QEMU: what is made runs from the image of its os_type, its screen follows the texts that its pages
wait for, and one that is off is started, with what it was given meanwhile, by looking at it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.e2e.homeostat import Homeostat
from tests.rig import processes
from tests.rig.waiting import free_port, wait_until

NAME, PASSWORD = "limen-vm", "correct horse"
UP = ["Connected, checking VM status...", "Getting VNC port...", "Connecting to VNC server on port {}..."]
ESTABLISHED = "VNC connection established, starting proxy..."


@pytest.fixture
def page(homeostat: Homeostat) -> Iterator[httpx.Client]:
    """A browser of somebody who has signed in."""
    own, port, image = free_port(), free_port(), homeostat.root / "kali.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1M"], check=True)
    settings = {"limen": {"images": {"kali": str(image)}}}
    options = ("--contract", f"limen=127.0.0.1:{port}", "--contract-settings", json.dumps(settings))
    homeostat.start("--bind", f"127.0.0.1:{own}", *options)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as http:
        wait_until(lambda: healthy(http), 60, "all is connected")
        database = Database.open(sqlite_url(homeostat.state / "accounts.db"))
        accounts = Accounts(database, Passwords(iterations=1, memory=8))
        accounts.add("root", Role.ADMINISTRATOR)
        accounts.add("bob", Role.USER, PASSWORD)
        database.close()
        assert http.post("/api/auth/login", json={"username": "bob", "password": PASSWORD}).status_code == 200
        yield http


def healthy(http: httpx.Client) -> bool:
    try:
        body = http.get("/api/health").json()
    except (httpx.TransportError, ValueError):
        return False
    return bool((body["db"], body["libvirt"]) == ("connected", "connected"))


def act(page: httpx.Client, id: int, action: str, **more: Any) -> dict[str, Any]:
    answer = page.post(f"/api/vms/{id}/action", json={"action": action, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def looked_at(page: httpx.Client, uuid: str) -> tuple[list[str], bytes]:
    """What a viewer reads, and the first bytes."""
    cookie = f"refresh_token={page.cookies['refresh_token']}"
    screen = websocket.create_connection(f"ws://{page.base_url.netloc.decode()}/vnc/{uuid}", timeout=90, cookie=cookie)
    said = []
    while True:
        kind, data = screen.recv_data()
        if kind == websocket.ABNF.OPCODE_BINARY:
            screen.close()
            return said, data
        assert kind == websocket.ABNF.OPCODE_TEXT, data
        text = json.loads(data)
        assert text["type"] == "status", text
        said.append(text["message"])


def test_l15_l28_l37_l38_it_runs_is_seen_and_has_what_it_is_given(homeostat: Homeostat, page: httpx.Client) -> None:
    homeostat.written[NAME] = {}  # so that it is cleared away
    answer = page.post("/api/vms", json={"name": NAME, "cpu": 1, "memory": 512, "os_type": "kali"})
    assert answer.status_code == 201 and answer.json()["status"] == "Running", answer.text
    vm, pid = answer.json(), homeostat.qemu_pid(NAME)
    overlay = json.loads(subprocess.check_output(["qemu-img", "info", "-U", "--output=json", homeostat.disk(NAME, "root")]))
    assert overlay["virtual-size"] == 2**20 and overlay["backing-filename"]
    port = 5899 + vm["id"]
    up = [text.format(port) for text in UP]
    assert looked_at(page, vm["uuid"]) == ([*up, ESTABLISHED], b"RFB 003.008\n")

    assert act(page, vm["id"], "stop")["status"] == "Stopped"
    wait_until(lambda: not processes.alive(pid), 30, "QEMU has ended")
    act(page, vm["id"], "update", cpu=2, memory=768)
    assert looked_at(page, vm["uuid"]) == ([up[0], "Starting VM...", *up[1:], ESTABLISHED], b"RFB 003.008\n")
    arguments = Path(f"/proc/{homeostat.qemu_pid(NAME)}/cmdline").read_text().split("\0")
    assert arguments[arguments.index("-m") + 1] in ("768", "size=786432k")
    assert arguments[arguments.index("-smp") + 1].startswith("2,")

    pid = homeostat.qemu_pid(NAME)
    assert act(page, vm["id"], "delete")["id"] == vm["id"]
    wait_until(lambda: not processes.alive(pid), 30, "QEMU has ended")
    assert page.get("/api/vms").json() == []
