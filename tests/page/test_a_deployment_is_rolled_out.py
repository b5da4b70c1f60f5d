"""A deployment in the page: scaled, changed, undone and paused, with what becomes of its machines."""

from __future__ import annotations

from functools import partial

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import closed, plan, press
from tests.rig.waiting import wait_until

DEPLOYMENTS = "/api/v1/deployments"


def template(memory: str) -> dict[str, object]:
    return {"spec": {"resources": {"memory": memory}}}


def test_it_is_scaled_and_shows_its_machines(real: Living, opens: Opens, name: str) -> None:
    spec = {"replicas": 1, "template": template("64Mi")}
    real.http.post(DEPLOYMENTS, json={"name": name, "spec": spec}).raise_for_status()
    with opens(f"virtualmachinedeployments/{name}") as page:
        page.shows(f"{name}-1")
        page.tab_to("One more")
        page.press("Enter")
        said = plan(page)
        assert "replicas" in said and f"Scale {name} to 2" in said
        press(page, "Scale")
        page.shows(f"{name}-2")
        real.settles(name, f"{name}-1", f"{name}-2")
        page.shows("2 replicas")


def test_a_change_is_undone(real: Living, opens: Opens, name: str) -> None:
    spec = {"replicas": 1, "template": template("64Mi")}
    real.http.post(DEPLOYMENTS, json={"name": name, "spec": spec}).raise_for_status()
    real.settles(name, f"{name}-1")
    real.http.patch(f"{DEPLOYMENTS}/{name}/spec", json={"template": template("96Mi")}).raise_for_status()
    wait_until(lambda: real.deployment(name)["ready_replicas"] == 1 and revision(real, name) == 2, 20, "it is rolled out")
    real.settles(name, f"{name}-1")
    with opens(f"virtualmachinedeployments/{name}") as page:
        page.shows("Rollout")
        press(page, "Undo")
        assert "rollbackTo" in plan(page)
        press(page, "Undo")

        wait_until(lambda: memory(real, f"{name}-1") == "64Mi", 20, "its machines are as they were")
        press(page, "Follow the template")
        assert f"Let {name} follow its template again" in plan(page)
        press(page, "Follow the template")
        wait_until(lambda: memory(real, f"{name}-1") == "96Mi", 20, "its machines are as the template has them")


def test_it_is_paused_and_goes_on(real: Living, opens: Opens, name: str) -> None:
    spec = {"replicas": 1, "template": template("64Mi")}
    real.http.post(DEPLOYMENTS, json={"name": name, "spec": spec}).raise_for_status()
    with opens(f"virtualmachinedeployments/{name}") as page:
        page.shows("Rollout")
        for button, paused in (("Pause", True), ("Go on", False)):
            press(page, button)
            assert "paused" in plan(page)
            press(page, button)
            wait_until(partial(is_paused, real, name, paused), 20, button)
            closed(page)


def is_paused(real: Living, name: str, paused: bool) -> bool:
    return bool(real.http.get(f"{DEPLOYMENTS}/{name}/spec").json().get("paused")) is paused


def memory(real: Living, name: str) -> object:
    return real.http.get(f"/api/v1/vms/{name}/spec").json().get("resources", {}).get("memory")


def revision(real: Living, name: str) -> int:
    found = real.http.get(f"/api/v1/resources/virtualmachinedeployments/{name}").json()
    return int(found["status"]["revision"])
