"""How the fleet is searched, filtered and grouped: in the page's address, so that it outlasts a reload and the way back."""

from __future__ import annotations

import pytest

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import FIELD, choose, running
from tests.rig.browser import Page

TABLE = "document.querySelector('table')?.innerText"


def only(page: Page, shown: str, hidden: str) -> None:
    page.wait(f"{TABLE}?.includes({shown!r}) && !{TABLE}.includes({hidden!r})", f"{shown} is shown, and {hidden} is not")


def of(page: Page, field: str) -> str:
    return str(page.run(f"{FIELD.format(field)}.control.value"))


@pytest.fixture
def two(real: Living, name: str) -> tuple[str, str]:
    """Makes a machine that runs and one that does not, and returns their names."""
    running(real, f"{name}-on")
    real.http.post("/api/v1/vms", json={"name": f"{name}-off", "spec": {"runStrategy": "Halted"}}).raise_for_status()
    return f"{name}-on", f"{name}-off"


def test_they_outlast_a_reload_and_the_way_back(two: tuple[str, str], opens: Opens, name: str) -> None:
    on, off = two
    with opens() as page:
        page.shows(off)
        page.tab_to("Search")
        page.type(name)
        choose(page, "State", "Running")
        choose(page, "Group", "state")
        only(page, on, off)
        page.reload()
        only(page, on, off)
        assert (of(page, "Search"), of(page, "State"), of(page, "Group")) == (name, "Running", "state")
        page.run(f"[...document.querySelectorAll('tbody a')].find(one => one.innerText === {on!r}).click()")
        page.shows("Conditions")
        page.run("history.back()")
        only(page, on, off)


def test_an_address_that_was_written_by_hand(two: tuple[str, str], opens: Opens) -> None:
    on, off = two
    with opens(f"?search={off}&group=nonsense&what=ever") as page:
        only(page, off, on)
        assert of(page, "Group") == ""
        page.shows("running, 1 shown")
