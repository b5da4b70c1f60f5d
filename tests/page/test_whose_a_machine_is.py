"""A machine of a deployment is of whoever has that: he is named, and offered what one does with it."""

from __future__ import annotations

from pathlib import Path

from homeostat.accounts.rights import Role
from tests.api.living import living
from tests.api.people import Person, settle
from tests.page.steps import ROW, sign_in
from tests.rig.browser import browse


def test_the_machines_of_ones_deployment_are_ones_own(tmp_path: Path) -> None:
    settle(tmp_path / "state", ann=Role.USER)
    with living(tmp_path) as real:
        person = Person(real.http, "ann")
        spec = {"replicas": 1, "template": {"spec": {"resources": {"memory": "64Mi"}}}}
        person.ask("POST", "deployments", json={"name": "shop", "spec": spec}).raise_for_status()
        with browse(f"{real.api.http.base_url}/", tmp_path / "profile") as page:
            sign_in(page, "ann")
            page.shows("shop-1")
            page.wait(f"{ROW.format('shop-1')}.innerText.includes('ann')", "its owner is named")
            page.run("location.hash = '#/virtualmachines/shop-1'")
            page.wait("document.querySelector('.deeds')", "what one does with it is offered")
