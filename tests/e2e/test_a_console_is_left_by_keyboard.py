"""A machine gets all keys of its console, Tab and Escape, too. The keyboard gets out of it all the same, and back."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.browser import Page, browse
from tests.rig.waiting import free_port, wait_until

NAME = "box"
WITHIN = "document.getElementById('screen').contains(document.activeElement)"


def test_it_is_left_and_entered_again(homeostat: Homeostat, tmp_path: Path) -> None:
    port = free_port()
    homeostat.write(NAME, idle(display={"video": "vga"}))
    homeostat.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        where = f"http://127.0.0.1:{port}/console/{NAME}"
        with browse(where, tmp_path / "profile") as page:
            left_and_entered(page, "Ctrl-Alt-Del")
            page.go(f"{where}/serial")
            left_and_entered(page, "Screen")


def left_and_entered(page: Page, first: str) -> None:
    """``first``: the first of its buttons."""
    page.shows("you have control", 60)
    page.wait(WITHIN, "the machine has the keyboard")
    page.shows("Ctrl, Alt and Shift together")
    page.press("Tab")
    page.press("Escape")
    page.press("Tab", shift=True)
    assert page.run(WITHIN) is True, "these are the machine's"
    page.together("Control", "Alt", "Shift")
    page.wait(f"!{WITHIN}", "the page has the keyboard")
    assert page.focused() == first
    page.tab_until(WITHIN, "the machine has it again", most=10)
    page.together("Control", "Alt", "Shift")
    page.wait(f"!{WITHIN}", "the page has the keyboard")
