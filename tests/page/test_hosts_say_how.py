"""A host's page: whether it takes new machines, and how an administrator changes that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.api.harness import Api, serving
from tests.api.modes import Folder
from tests.api.people import settle
from tests.page.steps import AXE, findings, sign_in
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


def test_an_administrator_reads_how_maintenance_begins_and_ends(page: Page) -> None:
    sign_in(page, "root")
    for name, says, change in (("rack7", "no new machines are placed", "false"), ("rack8", "It takes new machines", "true")):
        page.run(f"location.hash = '#/hosts/{name}'")
        page.shows(says)
        page.shows(f"maintenance: {change}")
        assert f"kubectl patch vmhost {name}" in page.text()
    page.run(AXE.read_text())
    assert findings(page) == []


def test_whoever_may_not_change_it_reads_only_how_it_is(page: Page) -> None:
    sign_in(page, "mod")
    page.run("location.hash = '#/hosts/rack7'")
    page.shows("no new machines are placed")
    assert "kubectl" not in page.text()
