"""Each page, in both themes and on small screens: what axe-core finds, and whether anything is beyond the edge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.living import Living
from tests.page.steps import AXE, closed, findings, plan, press, visit
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

CHOOSE = """{
  const choice = document.querySelector(".top select");
  choice.value = "%s";
  choice.dispatchEvent(new Event("change", { bubbles: true }));
}"""
PAGES = (
    "",
    "virtualmachines/shown",
    "virtualmachines/shown/use",
    "virtualmachines/shown/snapshots",
    "virtualmachines/shown/yaml",
    "virtualmachines/shown/history",
    "virtualmachines/shown/events",
    "virtualmachines/shown/log",
    "virtualmachines/nowhere",
    "virtualmachinedeployments",
    "virtualmachinedeployments/front",
    "images",
    "disks",
    "snapshots",
    "snapshotschedules",
    "networks",
    "plugins",
    "hosts",
    "hosts/local",
    "new",
    "new/disks",
    "activity",
    "activity/errors",
    "activity/consoles",
    "activity/contracts",
    "trash",
    "no-such-page",
)


@pytest.fixture(scope="module")
def page(real: Living, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    real.http.post("/api/v1/vms", json={"name": "shown", "spec": {}}).raise_for_status()
    spec = {"replicas": 2, "template": {"spec": {"resources": {"memory": "64Mi"}}}}
    real.http.post("/api/v1/deployments", json={"name": "front", "spec": spec}).raise_for_status()
    wait_until(lambda: real.http.get("/api/v1/vms/front-2").status_code == 200, 20, "the machines of a deployment are there")
    (real.api.folder / "typo.yaml").write_text("kind: [\n")
    with browse(f"{real.api.http.base_url}/", tmp_path_factory.mktemp("browser")) as page:
        page.shows("front-2")
        page.run(AXE.read_text())
        yield page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("where", PAGES)
def test_axe_finds_nothing(page: Page, where: str, theme: str) -> None:
    page.resize(1280, 900)
    page.prefer(theme)
    visit(page, where)
    assert findings(page) == []


@pytest.mark.parametrize("width", [360, 3840])
@pytest.mark.parametrize("where", PAGES)
def test_nothing_is_beyond_the_edge(page: Page, where: str, width: int) -> None:
    page.resize(width, 800)
    visit(page, where)
    assert page.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_plan(page: Page, theme: str) -> None:
    page.resize(1280, 900)
    page.prefer(theme)
    visit(page, "virtualmachines/shown")
    press(page, "Stop")
    plan(page)
    page.run("document.querySelector('dialog details').open = true")
    found = findings(page)
    page.press("Escape")
    closed(page)
    assert found == []


@pytest.mark.parametrize(("chosen", "system"), [("dark", "light"), ("light", "dark")])
def test_a_theme_that_was_chosen_holds_against_the_systems(page: Page, chosen: str, system: str) -> None:
    page.prefer(system)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.run(ground)
    page.run(CHOOSE % chosen)
    page.wait(f"{ground} !== {before!r}", "the colours are others")
    page.run(CHOOSE % "")
    page.wait(f"{ground} === {before!r}", "they follow the system again")
