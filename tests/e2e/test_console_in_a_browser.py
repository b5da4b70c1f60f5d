"""The screen and the serial line of a real guest in a real browser: pages show what it shows, what is typed reaches it, and the
screen goes on after a restart."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.browser import Page, browse
from tests.rig.consoles import Console
from tests.rig.guest import BOOT_TIMEOUT
from tests.rig.waiting import free_port, wait_until

NAME = "box"
CURSOR = 9 * 4  # bright pixels that a blinking cursor has at most: its lines below a letter
CANVAS = "document.querySelector('#screen canvas')"
LIT = f"(() => {{ const c = {CANVAS}; if (!c || !c.width) return -1; const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] + d[i + 1] + d[i + 2] > 300) n++; return n; }})()"  # noqa: E501 - pixels that are bright


def lit(page: Page) -> int:
    return int(page.run(LIT))


def lit_by_rfb(http: httpx.Client) -> int:
    """Bright pixels, as a viewer of our own sees them."""
    console = Console.open(http, NAME, mode="view")
    pixels = console.picture(console.greet())
    console.close()
    return sum(sum(pixels[at : at + 3]) > 300 for at in range(0, len(pixels), 4))


def shows_the_same(page: Page, http: httpx.Client) -> bool:
    """Tells whether it does, but for the cursor, which blinks."""
    return abs(lit(page) - lit_by_rfb(http)) <= CURSOR


def test_it_is_seen_typed_into_and_outlasts_the_guest(town: Homeostat, tmp_path: Path) -> None:
    port = free_port()
    assert town.image is not None
    # The kernel writes on the screen, and echoes there what is typed.
    town.write(NAME, guest(town.image, "console=tty0", display={"video": "vga"}, nics=[]))
    town.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        town.wait_ready(NAME, timeout=BOOT_TIMEOUT)
        with browse(f"http://127.0.0.1:{port}/console/{NAME}", tmp_path / "profile") as page:
            page.shows("you have control", 30, "the page has the console")
            page.until(lambda: lit(page) > 0 and shows_the_same(page, http), "the page shows what the guest shows", 60)
            before = lit(page)
            page.run(f"{CANVAS}.focus()")
            for key in "wwww":
                page.press(key)
            page.until(lambda: lit(page) > before + CURSOR, "what was typed is on the guest's screen", 30)
            before = lit(page)
            page.run("document.getElementById('paste').click()")
            page.run("document.getElementById('paste-text').value = 'x'.repeat(300) + 'ï'")
            page.run("document.getElementById('type').click()")
            page.shows("is on no key of the US layout", 30, "the page says which character has no key")
            page.run("document.getElementById('paste-text').value = 'MMMM'")
            page.run("document.getElementById('type').click()")
            wait_until(lambda: not page.run("document.getElementById('paste-dialog').open"), 30, "all of it was typed")
            page.until(lambda: lit(page) > before + CURSOR, "what was pasted is on the guest's screen", 30)
            os.kill(town.qemu_pid(NAME), signal.SIGKILL)
            page.shows("waiting", 30, "the page says that it waits")
            page.until(lambda: "waiting" not in page.text() and lit(page) > 0, "the page shows the next run", 60)
            assert page.console() == [], "nothing went wrong in the page"


def test_a_command_is_typed_on_the_serial_line(town: Homeostat, tmp_path: Path) -> None:
    port = free_port()
    assert town.image is not None
    town.write(NAME, guest(town.image, nics=[]))
    town.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        town.wait_ready(NAME, timeout=BOOT_TIMEOUT)
        wait_until(lambda: "built-in shell" in town.console(NAME), BOOT_TIMEOUT, "the guest has a shell on its line")
        with browse(f"http://127.0.0.1:{port}/console/{NAME}/serial", tmp_path / "profile") as page:
            page.shows("you have control", 30, "the page has the line")
            page.shows("built-in shell", 30, "the page shows what was written before")
            page.run("document.querySelector('.xterm-helper-textarea').focus()")
            page.type("echo sum $((40+2))")
            page.press("Enter")
            page.shows("sum 42", 30, "the guest's answer is on the page")
            assert page.console() == [], "nothing went wrong in the page"
