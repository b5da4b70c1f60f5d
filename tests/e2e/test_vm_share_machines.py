"""VM-share's contract with real QEMU: overlays on an image that stays as it is, snapshots that outlive their machine, the
screen of its owner alone, and the pages in a browser."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from tests.api.people import PASSWORD, settle, sign_in
from tests.contracts.vm_share.lab import GOOD, Elsewhere, Student, configured, elsewhere, medium, refused
from tests.e2e.homeostat import Homeostat
from tests.rig import processes
from tests.rig.browser import browse
from tests.rig.waiting import free_port, wait_until

LIT = "(() => { const c = document.querySelector('#screen canvas'); if (!c || !c.width) return 0; const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] > 100) n++; return n; })()"  # noqa: E501 - pixels that are bright


@dataclass
class Lab:
    home: Homeostat
    http: httpx.Client
    base: Path
    student: Student

    def name(self) -> str:
        """What her machine is called, as the page for administrators says to find it."""
        label = f"homeostat.dev/vm-share-user={self.student.id}"
        name = self.home.run("get", "vm", "-l", label, "-o", "name").stdout.strip().rpartition("/")[2]
        self.home.written[name] = {}  # so that it is cleared away
        return name

    def run(self, path: str = "/run-script", **body: Any) -> tuple[dict[str, Any], int]:
        """Runs a machine, and returns it and its process."""
        vm = self.student.done(path, **body)["vm"]
        return vm, self.home.qemu_pid(self.name())

    def files(self, pid: int) -> str:
        return Path(f"/proc/{pid}/cmdline").read_text()


@pytest.fixture(scope="module")
def outside() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        yield found


@pytest.fixture
def lab(homeostat: Homeostat, outside: Elsewhere, request: pytest.FixtureRequest) -> Iterator[Lab]:
    own, port, images = free_port(), free_port(), homeostat.root / "images"
    images.mkdir()
    images.chmod(0o755)
    base = images / "base.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "8M"], check=True)
    settle(homeostat.state)
    timeout = getattr(request, "param", 600)
    config = configured(homeostat.root, outside, f"memory = 32\nconsole-timeout = {timeout}")
    homeostat.start(
        *("--config", str(config), "--bind", f"127.0.0.1:{own}"),
        *("--contract", f"vm-share=127.0.0.1:{port}", "--image-folder", str(images)),
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as http:
        wait_until(lambda: _answers(http), 60, "the API is ready")
        _furnish(f"http://127.0.0.1:{own}", base)
        answer = http.post("/register", json={"login": "ann", "password": PASSWORD, "g_recaptcha_response": GOOD})
        with httpx.Client(base_url=http.base_url, timeout=90) as bare:
            yield Lab(homeostat, http, base, Student(bare, "ann", answer.json()))


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def _furnish(url: str, base: Path) -> None:
    with httpx.Client(base_url=url, timeout=60) as own:
        headers = {"Authorization": f"Bearer {sign_in(own, 'root')['access_token']}"}
        spec = {
            "version": "1",
            "resources": {"memory": "32Mi"},
            "rootfs": {"path": str(base)},
            "nics": [{"name": "net", "user": {}}],
        }
        grant = {"account": None, "rights": ["see"], "namespace": "default", "kind": "Plugin", "name": "disk-image"}
        for path, body in (("plugins", {"name": "disk-image", "spec": spec}), ("grants", grant)):
            answer = own.post(f"/api/v1/{path}", json=body, headers=headers)
            assert answer.status_code == 201, answer.text


def test_s13_s29_s39_to_s56_overlays_and_snapshots(lab: Lab) -> None:
    student, before = lab.student, hashlib.sha256(lab.base.read_bytes()).hexdigest()
    vm, pid = lab.run(os_type="ubuntu")
    vmid = vm["vmid"]
    assert vm["pid"] == pid and f"vmshare-{vmid}" in lab.files(pid)  # S28, S29
    assert student.done("/run-script", os_type="ubuntu")["vm"] == vm and lab.home.qemu_pid(lab.name()) == pid  # S30

    taken = student.done("/vm/snapshot", os_type="Virtual Machine")  # S37, S43: the type is the machine's
    name = f"{student.id}__ubuntu__{vmid}.qcow2"
    assert (taken["status"], taken["snapshot"], taken["path"]) == ("ok", name, f"/snapshots/{name}")
    overlay = lab.home.state / f"disks/default/vmshare-{vmid}/disk.img"
    charge = round((allocated(lab.base) + allocated(overlay)) / 2**20, 2)
    assert taken["charged_from"] == "base+overlay" and taken["cap_mb"] == 4
    assert taken["size_mb"] == pytest.approx(charge, abs=0.5) and taken["total_mb"] == taken["size_mb"]  # S39
    again = student.done("/snapshot", os_type="ubuntu", vmid=vmid)  # S46: not twice
    assert again["total_mb"] == pytest.approx(taken["total_mb"], abs=0.5)
    with ThreadPoolExecutor(2) as pool:
        (again, _) = pool.map(lambda _: student.done("/snapshot", os_type="ubuntu"), range(2))
    (shown,) = student.get("/get_user_snapshots")  # S50; of two at once one is left
    wait_until(lambda: not lab.home.run("get", "snapshot").stdout.strip(), 45, "only the copies stay")
    assert (shown["name"], shown["os_type"], shown["vmid"]) == (name, "ubuntu", vmid) and shown["modified"].endswith("Z")

    student.post("/logout")  # S13
    assert not processes.alive(pid)
    student = lab.student = signed_in(lab)
    assert [one["name"] for one in student.get("/vm/get_user_snapshots")] == [name]
    back, pid = lab.run("/run_snapshot", os_type="ignored", snapshot=name)  # S47
    assert (back["vmid"], back["os_type"], back["overlay"]) == (vmid, "ubuntu", None)
    assert f"vmshare-{vmid}" not in lab.files(pid)
    kept = student.done("/snapshot", os_type="ubuntu")  # S40: what it runs from is the snapshot
    assert kept["charged_from"] == "snapshot"
    assert kept["total_mb"] == pytest.approx(again["total_mb"], abs=0.1), "charged twice it would be twice as much"
    refused(student.post("/remove_snapshot", snapshot=name), 409)  # a machine runs from it
    student.post("/logout")

    student = lab.student = signed_in(lab)
    gone = student.done("/remove_snapshot", os_type="ubuntu", vmid=vmid)  # S51, S54, S56
    assert gone == {"status": "ok", "removed": True, "snapshot": name, "freed_mb": gone["freed_mb"], "total_mb": 0}
    assert gone["freed_mb"] == pytest.approx(kept["size_mb"], abs=0.1)
    assert student.get("/get_user_snapshots") == []
    assert hashlib.sha256(lab.base.read_bytes()).hexdigest() == before  # S29


@pytest.mark.parametrize("lab", [20], indirect=True)
def test_s34_s41_an_iso_has_no_overlay_and_its_screen_is_of_its_owner(lab: Lab) -> None:
    student = lab.student
    assert student.upload(medium()).status_code == 200
    vm, pid = lab.run("/run-iso")
    assert "disk.img" not in lab.files(pid)
    refused(student.post("/snapshot", os_type="custom"), 409)
    place = f"ws://{lab.http.base_url.netloc.decode()}/ws/{vm['vmid']}"
    screen = websocket.create_connection(place, timeout=20, cookie=f"access_token={student.token}")
    kind, banner = screen.recv_data()
    assert kind == websocket.ABNF.OPCODE_BINARY and banner == b"RFB 003.008\n" and screen.getsubprotocol() is None
    opened = time.monotonic()
    screen.close()
    assert processes.alive(pid) and student.get("/user_info")["vmid"] == vm["vmid"]  # a page that is closed ends nothing
    other = lab.http.post("/register", json={"login": "eve", "password": PASSWORD, "g_recaptcha_response": GOOD}).json()
    for cookie in (f"access_token={other['access_token']}", "access_token=x.y.z"):
        with pytest.raises(websocket.WebSocketBadStatusException):
            websocket.create_connection(place, timeout=20, cookie=cookie)
    wait_until(lambda: not processes.alive(pid), 90, "nobody looked at it for 20 seconds, so it ends")
    assert time.monotonic() - opened > 15
    wait_until(lambda: student.get("/user_info")["vmid"] is None, 30, "it is gone")


def test_pages_in_a_browser(lab: Lab, tmp_path: Path) -> None:
    with browse(f"http://{lab.http.base_url.netloc.decode()}/signup", tmp_path / "profile") as page:
        for field, value in (("login", "ann"), ("password", PASSWORD), ("captcha", GOOD)):
            page.run(f"document.getElementById({field!r}).value = {value!r}")
        page.run("document.getElementById('enter').click()")
        wait_until(lambda: "No machine runs." in page.text() and "ann" in page.text(), 30, "she is signed in, by the cookie")
        page.run("document.getElementById('os').value = 'ubuntu'; document.querySelector('#run button').click()")
        wait_until(lambda: page.run("location.pathname") == "/novnc/vnc.html", 90, "it follows to the screen")
        assert lab.name().startswith(f"vmshare-{lab.student.id}-")
        page.until(lambda: int(page.run(LIT)) > 0, "the page shows what the firmware writes", 60)


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def signed_in(lab: Lab) -> Student:
    answer = lab.http.post("/token", json={"username": "ann", "password": PASSWORD, "g_recaptcha_response": GOOD})
    return Student(httpx.Client(base_url=lab.http.base_url, timeout=90), "ann", answer.json())
