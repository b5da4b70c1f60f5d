"""The page over a real guest: its picture in the fleet, its screen within the page, a snapshot that brings it back, its use."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, guest
from tests.page.steps import closed, plan, press
from tests.rig.browser import browse
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.waiting import free_port, wait_until

NAME = "box"
INSIDE = "document.querySelector('iframe')?.contentDocument"


def test_a_guest_is_seen_saved_and_brought_back(town: Homeostat, tmp_path: Path) -> None:
    port = free_port()
    assert town.image is not None
    disks = [{"name": "data", "size": "64Mi"}]
    town.write(NAME, guest(town.image, "homeostat.data=/dev/vda console=tty0", disks=disks, display={"video": "vga"}))
    town.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        address = town.wait_address(NAME)
        town.wait_for(lambda: fetch(address, "/boots").strip() == "1", "it has booted", BOOT_TIMEOUT)
        with browse(f"http://127.0.0.1:{port}/", tmp_path / "profile") as page:
            page.wait("document.querySelector('img.thumbnail')?.naturalWidth > 0", "its picture is in the fleet", 60)
            assert address in page.text()

            page.run(f"location.hash = '#/virtualmachines/{NAME}/screen'")
            page.wait(f"{INSIDE}?.querySelector('#screen canvas')?.width > 0", "its screen is within the page", 60)
            page.wait(f"{INSIDE}.body.innerText.includes('you have control')", "it has control", 30)

            page.run(f"location.hash = '#/virtualmachines/{NAME}/snapshots'")
            press(page, "Take one")
            plan(page)
            press(page, "Take one")
            page.wait("document.querySelector('.fields .state.good')", "it is taken", 120)
            closed(page)
            town.run("restart", NAME)
            town.wait_for(lambda: fetch(address, "/boots").strip() == "2", "it has booted twice", BOOT_TIMEOUT)
            press(page, "Restore")
            plan(page)
            assert "What was written since is lost" in page.text()
            press(page, "Restore")
            # The snapshot had one boot on its disk, and this is the next.
            town.wait_for(lambda: town.status(NAME).restored is not None, "it is restored", BOOT_TIMEOUT)
            town.wait_for(lambda: fetch(address, "/boots").strip() == "2", "it has booted from what was saved", BOOT_TIMEOUT)

            page.run(f"location.hash = '#/virtualmachines/{NAME}/use'")
            page.wait("document.querySelector('.chart canvas')", "what it used is drawn", 90)
            assert "busy" in page.text()
