"""A host's page: whether it takes new machines, which an administrator changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.api.harness import Api, serving
from tests.api.modes import Folder
from tests.api.people import Person, settle
from tests.page.steps import AXE, closed, findings, plan, press, sign_in
from tests.rig.browser import Page, browse

HOSTS = """\
apiVersion: homeostat.dev/v1alpha1
kind: Host
metadata: {name: rack7}
spec: {maintenance: true}
---
apiVersion: homeostat.dev/v1alpha1
kind: Host
metadata: {name: rack8}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("hosts")
    settle(root / "state", mod=Role.MODERATOR)
    write_hosts(StateFolder.open(root / "state"), {name: KnownHost("test:///default") for name in ("rack7", "rack8")})
    where = Folder(root)
    (where.folder / "hosts.yaml").write_text(HOSTS)
    with serving(root, where=where) as found:
        yield found


@pytest.fixture
def page(api: Api, tmp_path: Path) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        yield page


def test_an_administrator_ends_and_begins_it(page: Page, api: Api) -> None:
    sign_in(page, "root")
    page.run("location.hash = '#/hosts/rack7'")
    page.shows("no new machines are placed")
    page.run(AXE.read_text())
    assert findings(page) == []
    press(page, "End maintenance")
    assert "Begin" not in plan(page) and "homeostat uncordon rack7" in whole_dialog(page)
    assert maintained(api, "rack7"), "nothing is changed before he agrees"
    press(page, "End maintenance")
    closed(page)
    page.shows("It takes new machines")
    assert not maintained(api, "rack7")
    press(page, "Begin maintenance")
    assert "run on: stop them before the host is switched off" in plan(page)
    assert "homeostat cordon rack7" in whole_dialog(page)
    press(page, "Begin maintenance")
    closed(page)
    page.shows("no new machines are placed")
    assert maintained(api, "rack7")


def whole_dialog(page: Page) -> str:
    """Returns also what is folded in."""
    return str(page.run("document.querySelector('dialog').textContent"))


def maintained(api: Api, name: str) -> bool:
    host = Person(api.http, "root").ask("GET", f"resources/hosts/{name}").json()
    return bool(host["spec"].get("maintenance"))


def test_whoever_may_not_change_it_reads_only_how_it_is(page: Page) -> None:
    sign_in(page, "mod")
    page.run("location.hash = '#/hosts/rack8'")
    page.shows("It takes new machines")
    assert "Begin maintenance" not in page.text()
