"""A guest's log and address, and what others wrote about it, with escapes, tags and marks: text, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeostat.models.machine import MachineState
from tests.api.harness import Api, serving
from tests.page.steps import visit
from tests.rig.browser import Page, browse

TAGS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
ESCAPES = "\x1b[31m\x1b]0;title\x07\x1b[2J\x07\x00\r\n"
RIGHT_TO_LEFT = "\u202e\u2067gpj.exe\u2069"
LONG = "x" * 10_000
TABS = ("", "/log", "/events", "/history", "/yaml")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("guests")) as api:
        about = {"name": "guest", "annotations": {"note": TAGS + RIGHT_TO_LEFT + LONG}}
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": about, "spec": {}}
        api.http.post("/api/v1/apply", json=document).raise_for_status()
        log = api.state / "machines" / "default" / "guest" / "console.log"
        log.parent.mkdir(parents=True)
        log.write_bytes(f"{ESCAPES}{TAGS}{RIGHT_TO_LEFT}{LONG} the end".encode() + b"\xff\xfe\n")
        api.operator.report("guest", MachineState.RUNNING, ip=f"{TAGS}{RIGHT_TO_LEFT}{LONG}", console_log=str(log))
        api.operator.event("guest", "Started", ESCAPES + TAGS + RIGHT_TO_LEFT + LONG)
        yield api


@pytest.fixture(scope="module")
def page(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/", tmp_path_factory.mktemp("browser")) as page:
        page.shows("guest")
        yield page


@pytest.mark.parametrize("width", [360, 1280])
def test_the_fleet(page: Page, width: int) -> None:
    page.resize(width, 800)
    visit(page, "")
    page.shows("window.hacked=1")  # as its address
    harmless(page, width)
    assert page.run("document.querySelector('tbody tr').getBoundingClientRect().height") < 60, "its row is as high as all others"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("tab", TABS)
def test_a_tab_of_it(page: Page, tab: str, width: int) -> None:
    page.resize(width, 800)
    visit(page, f"virtualmachines/guest{tab}")
    if tab == "/log":
        page.shows("the end")
        assert "\x1b" not in page.text() and "[31m" not in page.text() and TAGS in page.text()
    harmless(page, width)


def harmless(page: Page, width: int) -> None:
    assert page.run("window.hacked") is None
    assert page.run("document.querySelector('main img[src=x], main script')") is None
    assert page.run("document.documentElement.scrollWidth") <= width, "nothing is beyond the edge"
