"""A plan that is looked at while somebody else changes the machine: the page says so, and plans again."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, choose_machines, closed, edited, plan, press, review, running, spec_of, write
from tests.rig.waiting import wait_until

OVERTAKEN = "Somebody changed it since this was planned."


def test_it_is_planned_again_and_made(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        press(page, "Leave alone")
        assert OVERTAKEN not in plan(page)
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        page.shows(OVERTAKEN)
        assert page.run("document.querySelector('dialog button.primary').disabled"), "it would be refused"
        press(page, "Plan again")
        page.wait("document.querySelector('dialog button.primary')?.disabled === false", "it may be done")
        assert OVERTAKEN not in plan(page)
        page.run("document.querySelector('dialog button.primary').click()")
        closed(page)
        wait_until(lambda: spec_of(real, name).get("suspend") is True, 20, "it is left alone")
        assert spec_of(real, name)["resources"]["vcpu"] == 2


def test_one_of_a_disk_is_planned_again(real: Living, opens: Opens, name: str) -> None:
    running(real, name, {**SMALL, "disks": [{"name": "data", "size": "1Mi"}]})
    with opens(f"virtualmachines/{name}") as page:
        page.wait("document.querySelector('[aria-label=\"Remove data\"]')", "it is shown")
        page.run("document.querySelector('[aria-label=\"Remove data\"]').click()")
        assert OVERTAKEN not in plan(page)
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        page.shows(OVERTAKEN)
        press(page, "Plan again")
        page.wait("document.querySelector('dialog button.primary')?.disabled === false", "it may be done")
        page.run("document.querySelector('dialog button.primary').click()")
        closed(page)
        left = spec_of(real, name)
        assert (left["disks"], left["resources"]["vcpu"]) == ([], 2)


def test_an_edit_of_what_is_no_more_shows_both_versions(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        review(page)
        plan(page)
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        page.shows(OVERTAKEN)
        press(page, "Plan again")
        page.shows("Somebody else changed it meanwhile")
        assert "vcpu: 2" in str(page.run("document.querySelector('.conflict').innerText"))


def test_of_many_the_others_are_changed(real: Living, opens: Opens, name: str) -> None:
    for letter in "ab":
        running(real, f"{name}-{letter}")
    with opens() as page:
        choose_machines(page, name, "ab")
        page.tab_to("Leave alone", back=True)
        page.press("Enter")
        plan(page)
        real.http.patch(f"/api/v1/vms/{name}-a/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        page.shows("Somebody changed some of them")
        page.tab_to("Leave alone 2")
        page.press("Enter")
        page.shows(f"{name}-b done")
        assert [spec_of(real, f"{name}-{letter}").get("suspend") for letter in "ab"] == [None, True]


def test_what_is_done_whatever_else_changed_goes_on(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        press(page, "Stop")
        plan(page)
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        page.run("document.querySelector('dialog button.primary').click()")
        closed(page)
        page.shows("Stopped")
