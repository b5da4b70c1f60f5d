"""QEMU Manager's contract with real QEMU: processes that are there and go, disks of each format, a medium that a guest sees at
once, the screen in a browser, and the document's own workflow."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from tests.e2e.homeostat import Homeostat
from tests.rig import processes
from tests.rig.browser import browse
from tests.rig.waiting import free_port, wait_until

NAME = "managed"
LIT = "(() => { const c = document.querySelector('#screen canvas'); if (!c || !c.width) return 0; const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] > 100) n++; return n; })()"  # noqa: E501 - pixels that are bright


@dataclass
class Host:
    home: Homeostat
    http: httpx.Client
    options: tuple[str, ...]
    images: Path

    def start(self) -> None:
        self.home.start(*self.options)
        wait_until(self._answers, 60, "the API is ready")

    def _answers(self) -> bool:
        try:
            return self.http.get("/api/health").status_code == 200
        except httpx.TransportError:
            return False

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"/api/{path}", json=body) if body else self.http.post(f"/api/{path}")
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def machine(self) -> dict[str, Any]:
        self.home.written[NAME] = {}  # so that it is cleared away
        made: dict[str, Any] = self.post("vms", name=NAME, cpus=1, memory=32)["vm"]
        return made

    def arguments(self) -> list[str]:
        return Path(f"/proc/{self.home.qemu_pid(NAME)}/cmdline").read_text().split("\0")


@pytest.fixture
def host(homeostat: Homeostat, tmp_path: Path) -> Iterator[Host]:
    own, port, images = free_port(), free_port(), homeostat.root / "images"
    images.mkdir()
    contract = f"qemu-manager=127.0.0.1:{port}"
    options = ("--bind", f"127.0.0.1:{own}", "--contract", contract, "--image-folder", str(images))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as http:
        found = Host(homeostat, http, options, images)
        found.start()
        yield found


def medium(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(b"\x00" * 0x8000 + b"\x01CD001\x01" + name.encode() + b"\x00" * 2**20)
    return str(path)


def in_drive(host: Host) -> str:
    """What libvirt says that QEMU has in the drive; -: nothing."""
    (drive,) = (line.split()[1] for line in host.home.virsh("domblklist", NAME).splitlines() if line.startswith(" sd"))
    return drive


def test_q08_q11_q27_it_runs_is_seen_and_is_stopped_after_a_restart_of_the_server(host: Host) -> None:
    id = host.machine()["id"]
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"ws://{host.http.base_url.netloc.decode()}/api/vnc/{id}?port=5901", timeout=20)
    assert refused.value.status_code == 400 and b'"timestamp"' in refused.value.resp_body
    assert host.post(f"vms/{id}/start")["vm"]["status"] == "running"
    pid = host.home.qemu_pid(NAME)
    arguments = host.arguments()
    assert arguments[arguments.index("-m") + 1].startswith("size=32768k") or "32" in arguments[arguments.index("-m") + 1]
    screen = websocket.create_connection(f"ws://{host.http.base_url.netloc.decode()}/api/vnc/{id}?port=22", timeout=20)
    kind, banner = screen.recv_data()
    assert kind == websocket.ABNF.OPCODE_BINARY and banner == b"RFB 003.008\n"
    assert screen.getsubprotocol() is None
    screen.close()
    host.home.stop()
    assert processes.alive(pid)
    host.start()
    assert host.http.get(f"/api/vms/{id}").json()["vm"]["status"] == "running"
    assert host.post(f"vms/{id}/stop")["message"] == "VM stopped successfully"
    assert not processes.alive(pid)


def test_q15_six_disks_of_all_formats(host: Host) -> None:
    id = host.machine()["id"]
    formats = ["qcow2", "raw", "vmdk", "qcow2", "raw", "qcow2"]
    for number, format in enumerate(formats):
        disk = host.post("disks", name=f"disk{number}", size=0.01, format=format)["disk"]
        host.post(f"vms/{id}/disks/attach", diskPath=disk["path"])
    host.post(f"vms/{id}/start")
    definition = host.home.virsh("dumpxml", NAME)
    found = re.findall(r"<disk type='file' device='disk'>\s*<driver name='qemu' type='(\w+)'", definition)
    assert sorted(found) == sorted(formats)
    first = host.http.get("/api/disks").json()["disks"][0]["id"]
    shown = host.http.get(f"/api/disks/{first}").json()["disk"]["info"]  # Q25: while a guest has it
    assert shown["virtual-size"] > 0 and shown["format"] == "qcow2"


def test_q19_a_guest_that_runs_sees_another_medium(host: Host) -> None:
    id = host.machine()["id"]
    host.post(f"vms/{id}/start")
    pid, seen = host.home.qemu_pid(NAME), {"-"}
    for name in ("a.iso", "b.iso"):
        path = medium(host.images, name)
        assert host.post(f"vms/{id}/iso/mount", isoPath=path)["vm"]["iso"] == path
        wait_until(lambda: in_drive(host) not in seen, 30, f"QEMU has {name} in its drive")
        seen.add(in_drive(host))
    host.post(f"vms/{id}/iso/unmount")
    wait_until(lambda: in_drive(host) == "-", 30, "the drive is empty")
    assert host.home.qemu_pid(NAME) == pid


def test_its_screen_in_a_browser(host: Host, tmp_path: Path) -> None:
    id = host.machine()["id"]
    host.post(f"vms/{id}/start")
    with browse(f"http://{host.http.base_url.netloc.decode()}/vnc-viewer.html?vmId={id}&port=5900", tmp_path / "profile") as page:
        page.until(lambda: int(page.run(LIT)) > 0, "the page shows what the firmware writes", 60)


JSON = '-H "Content-Type: application/json" -d'
WORKFLOW = (
    f"""curl -X POST {{BASE}}/api/vms {JSON} '{{"name": "managed", "cpus": 2, "memory": 64}}'""",
    f"""curl -X POST {{BASE}}/api/disks {JSON} '{{"name": "managed-disk", "size": 1, "format": "qcow2"}}'""",
    f"""curl -X POST {{BASE}}/api/vms/{{VM_ID}}/disks/attach {JSON} '{{"diskPath": "{{DISK_PATH}}"}}'""",
    f"""curl -X POST {{BASE}}/api/vms/{{VM_ID}}/iso/mount {JSON} '{{"isoPath": "{{ISO_PATH}}"}}'""",
    "curl -X POST {BASE}/api/vms/{VM_ID}/start",
    "curl -X POST {BASE}/api/vms/{VM_ID}/stop",
    "curl -X POST {BASE}/api/vms/{VM_ID}/iso/unmount",
    f"""curl -X POST {{BASE}}/api/vms/{{VM_ID}}/disks/detach {JSON} '{{"diskPath": "{{DISK_PATH}}"}}'""",
    "curl -X DELETE {BASE}/api/vms/{VM_ID}",
)
"""The document's commands, with this server's address and paths, and a guest that fits on this host. Its sixth step is a
browser's."""


def test_q30_the_workflow_of_the_document(host: Host) -> None:
    host.home.written[NAME] = {}
    known = {"BASE": str(host.http.base_url).rstrip("/"), "ISO_PATH": medium(host.images, "ubuntu-22.04.iso")}
    for command in WORKFLOW:
        for word, value in known.items():
            command = command.replace(f"{{{word}}}", value)
        done = subprocess.run(["sh", "-c", f"{command} -sS -w '\\n%{{http_code}}'"], capture_output=True, text=True, check=True)
        answer, _, code = done.stdout.rpartition("\n")
        assert code in ("200", "201"), (command, answer)
        if found := re.search(r'"vm":\{"id":"([^"]+)"', answer):
            known["VM_ID"] = found[1]
        if found := re.search(r'"disk":.*"path":"([^"]+)"', answer):
            known["DISK_PATH"] = found[1]
    assert Path(known["DISK_PATH"]).exists() and host.http.get("/api/vms").json() == {"vms": []}
