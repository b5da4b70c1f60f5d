"""A part of the page that is lost on its way, as where the network changes, is asked for again: no page does nothing for ever."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import DRAWN, SMALL, edits, running

STARTS = "history.state?.starts"


def test_the_page_is_loaded_again(opens: Opens) -> None:
    with opens() as page:
        page.wait(DRAWN, "it is drawn")
        page.lose("*/web/page/main.js")
        page.reload()
        page.wait(f"{STARTS} >= 1 && {STARTS} <= 3", "it is loaded again")
        assert page.run("document.querySelector('main')") is None
        page.lose()
        page.wait(DRAWN, "it is drawn again")
        page.wait(f"{STARTS} === undefined", "the next time has as many attempts")


def test_one_that_never_comes_is_said(opens: Opens) -> None:
    with opens() as page:
        page.wait(DRAWN, "it is drawn")
        page.lose("*/web/page/main.js")
        page.reload()
        page.shows("This page could not be loaded", 30)
        page.shows("Load it again.")
        page.lose()
        page.reload()
        page.wait(DRAWN, "it is drawn again")


def test_what_is_loaded_when_it_is_needed(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        page.wait(DRAWN, "it is drawn")
        page.run("window.asked = performance.getEntriesByType('resource').length")
        page.lose("*/web/page/part-*")
        page.run(f"location.hash = '#/virtualmachines/{name}/yaml'")
        page.wait("performance.getEntriesByType('resource').length > window.asked + 1", "a part was asked for")
        page.lose()
        edits(page, "vcpu: 1")
