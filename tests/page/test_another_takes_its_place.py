"""A machine that is deleted and declared again while somebody thinks about the first one: over a folder both have one uid."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, plan, press, running
from tests.rig.waiting import wait_until


def test_nothing_is_done_to_the_new_one(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    before = real.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]
    with opens(f"virtualmachines/{name}") as page:
        press(page, "Delete")
        plan(page)
        real.http.delete(f"/api/v1/vms/{name}").raise_for_status()
        wait_until(lambda: real.http.get(f"/api/v1/vms/{name}").status_code == 404, 20, "it is deleted")
        running(real, name, SMALL)
        after = real.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]
        assert (after["uid"] == before["uid"]) and after["creationTimestamp"] != before["creationTimestamp"]
        shown = f"[...document.querySelectorAll('time')].some(one => one.dateTime === '{after['creationTimestamp']}')"
        page.wait(shown, "the page shows the new one behind the dialog")
        press(page, "Delete")
        page.shows("another one has taken its place meanwhile")
        assert real.http.get(f"/api/v1/vms/{name}").json()["status"] == "running"
