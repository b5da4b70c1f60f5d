"""What one does with machines and deployments, with no mouse: nothing here clicks, and Tab alone moves the focus."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, closed, plan, running, spec_of
from tests.rig.browser import Page
from tests.rig.waiting import wait_until

IN_EDITOR = "document.activeElement.shadowRoot?.activeElement?.classList.contains('cm-content')"
BOOTS = b"\xfa" + b"\x90" * 509 + b"\x55\xaa" + b"\x00" * 2**20


def enter(page: Page, name: str) -> None:
    page.tab_to(name)
    page.press("Enter")


def enter_planned(page: Page, name: str) -> str:
    """Presses what asks for a change, and what makes it. Returns what was said of it."""
    enter(page, name)
    said = plan(page)
    enter(page, name)
    return said


def choose(page: Page, field: str, value: str) -> None:
    page.tab_to(field)
    for _ in range(10):
        if page.run("document.activeElement.value") == value:
            return
        page.press("ArrowDown")
    raise AssertionError(f"{field} does not offer {value}")


def test_a_machine_is_made_from_an_image(real: Living, opens: Opens, name: str) -> None:
    real.http.post("/api/v1/images", data={"name": f"{name}-i"}, files={"file": ("a.img", BOOTS)}).raise_for_status()
    with opens() as page:
        page.shows("New machine")
        enter(page, "New machine")
        page.shows("As it is written")
        page.tab_to("Name")
        page.type(name)
        choose(page, "Image", f"{name}-i")
        enter(page, "See what it takes")
        plan(page)
        enter(page, "Create")
        page.shows("Conditions")
        assert f"{name}-i" in str(spec_of(real, name))


def test_its_yaml_is_edited(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        enter(page, "YAML")
        page.wait("document.querySelector('.code')?.shadowRoot.textContent.includes('64Mi')", "its YAML is shown")
        page.tab_until(IN_EDITOR, "the editor has the keyboard")
        page.press("a", control=True)
        page.type("spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        page.press("Escape", times=2)  # one is for the fields that are offered
        enter(page, "See what it takes")
        assert "96Mi" in plan(page)
        enter(page, "Change")
        wait_until(lambda: spec_of(real, name) == {"resources": {"vcpu": 1, "memory": "96Mi"}}, 20, "it is changed")


def test_a_revision_is_gone_back_to(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"memory": "96Mi"}}).raise_for_status()
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        enter(page, "History")
        page.shows("Generation 2")
        assert "96Mi" in enter_planned(page, "Back to this")
        wait_until(lambda: spec_of(real, name) == SMALL, 20, "it is as it was")


def test_a_rollout_is_paused_and_undone(real: Living, opens: Opens, name: str) -> None:
    where = f"/api/v1/deployments/{name}"
    spec = {"replicas": 1, "template": {"spec": {"resources": {"memory": "64Mi"}}}}
    real.http.post("/api/v1/deployments", json={"name": name, "spec": spec}).raise_for_status()
    real.settles(name, f"{name}-1")
    real.http.patch(f"{where}/spec", json={"template": {"spec": {"resources": {"memory": "96Mi"}}}}).raise_for_status()
    with opens("virtualmachinedeployments") as page:
        page.shows(name)
        enter(page, name)
        page.shows("Rollout")
        enter_planned(page, "Pause")
        wait_until(lambda: real.http.get(f"{where}/spec").json().get("paused") is True, 20, "it is paused")
        closed(page)
        page.wait("[...document.querySelectorAll('button')].some(one => one.innerText === 'Undo' && !one.disabled)", "Undo")
        assert "rollbackTo" in enter_planned(page, "Undo")
        wait_until(lambda: real.http.get(f"{where}/spec").json().get("rollbackTo"), 20, "it is undone")
