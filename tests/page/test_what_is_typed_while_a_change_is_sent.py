"""What somebody types into the YAML while the page looks what came of the change before is kept."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import EDITOR, closed, edited, edits, plan, press, review, spec_of, write
from tests.rig.browser import Page
from tests.rig.waiting import wait_until

# The next look at a machine waits, as on a slow network, until the test lets it go on.
HELD = """{
  const real = window.fetch;
  window.fetch = async (path, options) => {
    const looks = (options?.method ?? "GET") === "GET" && String(path).includes("/resources/virtualmachines/");
    if (looks) await new Promise((go) => (window.goOn = go));
    return real(path, options);
  };
}"""
# What was typed is a change of what was sent before.
ON_TOP = """Object.entries(sessionStorage).some(([key, kept]) =>
  key.startsWith("homeostat.draft") && JSON.parse(kept).base.document.spec.resources.memory === "96Mi")"""


def types_meanwhile(page: Page) -> None:
    """Makes a change, and types another before the page knows what came of it."""
    page.run(HELD)
    write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
    review(page)
    plan(page)
    press(page, "Change")
    closed(page)
    page.wait("window.goOn", "it looks what came of it")
    write(page, "spec:\n  resources:\n    vcpu: 2\n    memory: 96Mi\n")


def test_it_is_the_next_change(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        types_meanwhile(page)
        page.run("window.goOn()")
        page.wait(ON_TOP, "it is kept, on top of what was sent")
        edits(page, "vcpu: 2")
        review(page)
        said = plan(page)
        assert "resources.vcpu" in said and "resources.memory" not in said, said
        press(page, "Change")
        both = {"resources": {"vcpu": 2, "memory": "96Mi"}}
        wait_until(lambda: spec_of(real, name) == both, 20, "both changes hold")


def test_what_another_changed_by_then_is_shown(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        types_meanwhile(page)
        theirs = {"metadata": {"labels": {"app": "shop"}}}
        real.http.patch(f"/api/v1/resources/virtualmachines/{name}", json=theirs).raise_for_status()
        page.run("window.goOn()")
        page.shows("Somebody else changed it meanwhile")
        assert "vcpu: 2" in str(page.run(f"{EDITOR}.textContent")), "what was typed is there"
        press(page, "Put my changes on top")
        edits(page, "shop")
        edits(page, "vcpu: 2")
