"""Signing in, snapshots and the trash, with no mouse: what is asked for, where no operator does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.condition import Condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from tests.api.harness import Api, serving
from tests.api.people import PASSWORD, Person, settle
from tests.page.steps import SIGNING_IN, closed, plan, set_aside
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until


def enter_planned(page: Page, name: str) -> str:
    """Presses what asks for a change, and what makes it. Returns what was said of it."""
    page.tab_to(name)
    page.press("Enter")
    said = plan(page)
    page.tab_to(name)
    page.press("Enter")
    return said


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with serving(tmp_path) as found:
        yield found


def test_one_signs_in(tmp_path: Path) -> None:
    settle(tmp_path / "state", ann=Role.USER)
    with serving(tmp_path) as api, browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        page.wait(SIGNING_IN, "the page to sign in with")
        assert page.run("document.activeElement.id") == "account"
        page.type("ann")
        page.press("Tab")
        page.type(PASSWORD)
        page.press("Enter")
        page.shows("No machines yet")
        assert Person(api.http, "root").ask("GET", "sessions?account=ann").json()["sessions"]


def taken(api: Api) -> str:
    """Says of the snapshot that it is taken, as the operator does."""
    [found] = api.operator.all(Snapshot)
    status = SnapshotStatus(conditions=(Condition(type="Ready", status="True", reason="Taken"),), taken_at="2026-01-01T00:00:00Z")
    api.operator._write_status(found, status)
    return found.metadata.name


def test_a_snapshot_is_taken_and_gone_back_to(api: Api, tmp_path: Path) -> None:
    api.create("box")
    with browse(f"{api.http.base_url}/#/virtualmachines/box/snapshots", tmp_path / "profile") as page:
        page.shows("Take one")
        enter_planned(page, "Take one")
        wait_until(lambda: api.operator.all(Snapshot), 20, "it is asked for")
        closed(page)
        name = taken(api)
        page.wait("document.querySelector('.fields .state.good')", "it is taken")
        assert "What was written since is lost" in enter_planned(page, "Restore")

        def asked() -> bool:
            return bool(api.http.get("/api/v1/vms/box/spec").json().get("restoreFrom", {}).get("snapshot") == name)

        wait_until(asked, 20, "it is gone back to")


def test_what_was_deleted_is_put_back(api: Api, tmp_path: Path) -> None:
    disk = set_aside(api.state, "box")
    with browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        page.shows("No machines yet")
        page.tab_to("Trash")
        page.press("Enter")
        page.shows("box")
        enter_planned(page, "Restore")
        wait_until(disk.exists, 20, "it is back")
