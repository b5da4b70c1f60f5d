"""Neptuned's contract with real QEMU: pictures of a screen, the screen in a browser by WebRTC, what a start of the server does,
and what devices are on QEMU's command line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from PIL import Image

from homeostat.accounts.rights import Role
from homeostat_contracts.neptuned.resources.connect import PROTOCOL, TOKEN
from tests.api.people import accounts
from tests.contracts.neptuned.neptune import V0, Neptune, hashed
from tests.contracts.served import Served
from tests.e2e.homeostat import Homeostat
from tests.rig import processes
from tests.rig.browser import browse
from tests.rig.waiting import free_port, wait_until

VIEWER = Path(__file__).with_name("webrtc_viewer.js").read_text()
NAME = "box"
VGA = {"id": "vga", "type": "display", "display_type": "vga", "display_vgamem_mb": 16}


@dataclass
class Place:
    home: Homeostat
    neptune: Neptune
    options: tuple[str, ...]

    def start(self) -> None:
        self.home.start(*self.options)
        wait_until(self._answers, 60, "the API is ready")

    def _answers(self) -> bool:
        try:
            return self.neptune.http.get(f"{V0}/health").status_code == 200
        except httpx.TransportError:
            return False

    def run(self, *devices: Any, **fields: Any) -> None:
        self.home.written[NAME] = {}  # so that it is cleared away
        self.neptune.run(*devices, id=NAME, qemu_memory_mb=32, **fields)

    def picture(self) -> bytes:
        answer = self.neptune.ask("GET", f"screenshot/{NAME}", token="")
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/png", answer.text
        assert Image.open(io.BytesIO(answer.content)).width == 320  # N22
        return answer.content


@pytest.fixture
def place(homeostat: Homeostat) -> Iterator[Place]:
    own, port, images = free_port(), free_port(), homeostat.root / "images"
    images.mkdir()
    with accounts(homeostat.state) as known:
        known.add("root", Role.ADMINISTRATOR, hashed("root"))
    options = ("--bind", f"127.0.0.1:{own}", "--contract", f"neptuned=127.0.0.1:{port}", "--image-folder", str(images))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as http:
        neptune = Neptune(Served(http, cast(Any, None), port, images), homeostat.state)
        found = Place(homeostat, neptune, (*options, "--allow-qemu-arguments"))
        found.start()
        neptune.token = neptune.login("root")
        yield found


def test_n22_n24_pictures_follow_the_screen(place: Place) -> None:
    place.run(VGA)
    seen: set[bytes] = set()

    def changes() -> bool:
        seen.add(place.picture())
        return len(seen) > 1

    wait_until(changes, 60, "the firmware writes on the screen")


def test_n31_n38_a_screen_in_a_browser_outlasts_the_websocket(place: Place, tmp_path: Path) -> None:
    place.run(VGA, private=True, password="xyzzy")
    place.neptune.done("PATCH", f"admin/vms/{NAME}", [{"op": "replace", "path": "/private", "value": False}])
    user = place.neptune.user()
    given = {"path": f"{V0}/connect/{NAME}", "protocols": [PROTOCOL], "ticket": TOKEN + user.token}
    with browse(f"http://{place.neptune.http.base_url.netloc.decode()}{V0}/health", tmp_path / "profile") as page:

        def known(what: str) -> Any:
            return json.loads(page.run(f"JSON.stringify(viewer.{what} ?? null)"))

        page.run(f"{VIEWER}; var viewer = connect({json.dumps(given)}, {{}}); 0")
        wait_until(lambda: [word for word in known("said") if word["type"] == "opened"], 60, "the channel is open")
        assert next(word for word in known("said") if word["type"] == "opened")["controls"] is True
        page.run("viewer.socket.close(); 0")
        wait_until(lambda: known("socketEnd") is not None, 20, "the WebSocket is closed")
        page.run("viewer.greet(); 0")
        wait_until(lambda: known("size") is not None, 20, "RFB goes on")
        place.neptune.done("POST", f"admin/users/{user.id}/ban", {"reason": "enough"})
        wait_until(lambda: known("closed"), 20, "the screen ends with the right to it")


def test_n34_n47_a_start_of_the_server(place: Place) -> None:
    place.run(VGA)
    place.home.written["off"] = {}
    place.neptune.make(VGA, id="off")
    place.neptune.done("PATCH", "admin/config", {"registrations_open": True})
    pid = place.home.qemu_pid(NAME)
    place.home.stop()
    place.home.virsh("destroy", NAME)
    wait_until(lambda: not processes.alive(pid), 30, "QEMU is gone")
    place.start()
    place.neptune.served.until(lambda: NAME in place.neptune.listed(), "it runs again, since it is to start by itself")
    assert place.home.qemu_pid(NAME) != pid
    assert place.neptune.get("off")["state"] == "stopped"
    assert place.neptune.done("GET", "admin/config")["registrations_open"] is True


def test_n48_n55_to_n63_what_devices_are_to_qemu(place: Place) -> None:
    image = place.neptune.image()
    place.run(
        {"id": "cpu", "type": "cpu", "cpu_model": "qemu64", "cpu_features": ["sse4.1"], "cpu_cores": 2},
        {"id": "hba", "type": "hba", "hba_type": "virtio-scsi", "hba_add_iothread": True, "hba_num_queues": 2},
        {
            "id": "disk", "type": "drive", "drive_type": "ssd", "drive_cache_type": "writeback", "drive_use_io_uring": False,
            "drive_bus": "scsi", "drive_image": image, "drive_format": "raw",
            "drive_bps_limit": "15000000 25000000", "drive_iops_limit": "1000 1500",
        },
        {"id": "cd", "type": "drive", "drive_type": "cdrom", "drive_bus": "ide"},
        {"id": "snd", "type": "audio", "audio_type": "ac97"},
        {"id": "d", "type": "display", "display_type": "cirrus", "display_vgamem_mb": 8},
        {"id": "net", "type": "network", "network_type": "user"},
        {"id": "nic", "type": "nic", "nic_type": "rtl8139", "nic_mac": "52:54:00:12:34:56", "nic_netdev": "net"},
        {"id": "c", "type": "custom_cmd", "command_line": "-fw_cfg name=opt/x,string='$(id); a b'"},
        qemu_enable_agent=True,
        qemu_uuid="6a3f1c1e-57d5-4b1c-9d2e-0c1d2e3f4a5b",
    )  # fmt: skip
    words = Path(f"/proc/{place.home.qemu_pid(NAME)}/cmdline").read_text().split("\0")
    line = " ".join(words)
    assert words[words.index("-cpu") + 1].startswith("qemu64,sse4.1=on") or "sse4.1=on" in words[words.index("-cpu") + 1]
    assert words[words.index("-smp") + 1].startswith("2,")
    assert words[words.index("-machine") + 1].startswith("pc-q35-")
    assert (
        '"driver":"virtio-scsi-pci"' in line
        and '"num_queues":2' in line
        and '"driver":"iothread"' in line.replace('"qom-type":"iothread"', '"driver":"iothread"')
    )
    assert '"driver":"scsi-hd"' in line and '"rotation_rate":1' in line
    assert '"driver":"ide-cd"' in line and '"driver":"AC97"' in line and '"driver":"cirrus-vga"' in line
    assert '"driver":"rtl8139"' in line and '"mac":"52:54:00:12:34:56"' in line
    assert '"driver":"ivshmem-plain"' in line
    assert words[words.index("-fw_cfg") + 1] == "name=opt/x,string=$(id); a b", "no shell reads it"
    assert "uuid=6a3f1c1e-57d5-4b1c-9d2e-0c1d2e3f4a5b" in line
    limits = place.home.virsh("blkdeviotune", NAME, "sda")
    for name, value in (("total_bytes_sec", 15_000_000), ("total_bytes_sec_max", 25_000_000), ("total_iops_sec_max", 1500)):
        assert [text.split()[1] for text in limits.splitlines() if text.split(":")[0].strip() == name] == [str(value)], limits
