"""The trash as each sees it: who had what lies there puts it back or erases it, and nothing is offered that would be refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import API_VERSION
from tests.api.harness import Api, serving
from tests.api.people import Person, settle
from tests.page.steps import closed, plan, press, set_aside, sign_in
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until


@pytest.fixture
def lies(tmp_path: Path) -> dict[str, Path]:
    """Returns where disks lay, by the machine whose they were; those are made by whom they are called after."""
    return {}


@pytest.fixture
def api(tmp_path: Path, lies: dict[str, Path]) -> Iterator[Api]:
    settle(tmp_path / "state", ann=Role.USER, bob=Role.USER, mod=Role.MODERATOR)
    with serving(tmp_path) as found:
        for name in ("ann", "bob"):
            document = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": f"of-{name}"}, "spec": {}}
            Person(found.http, name).ask("POST", "resources/virtualmachines", json=document).raise_for_status()
            lies[name] = set_aside(found.state, f"of-{name}")
        yield found


@pytest.fixture
def page(api: Api, tmp_path: Path) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/#/trash", tmp_path / "profile") as page:
        yield page


def offered(page: Page, shows: str) -> dict[str, list[str]]:
    """Returns the buttons of each row."""
    page.wait(f"document.querySelector('tbody')?.innerText.includes({shows!r})", "the trash is drawn")
    buttons = "[...row.querySelectorAll('button')].map(one => one.innerText)"
    rows = f"[...document.querySelectorAll('tbody tr')].map(row => [row.querySelector('th').innerText, {buttons}])"
    return dict(page.awaited(f"Promise.resolve({rows})"))


def command(page: Page) -> str:
    """Waits for what is asked, and returns it with what is folded away."""
    plan(page)
    return str(page.run("document.querySelector('dialog').textContent"))


def test_one_puts_back_what_was_ones_own(page: Page, lies: dict[str, Path]) -> None:
    sign_in(page, "ann")
    assert offered(page, "of-ann") == {"of-ann": ["Restore", "Erase"]}
    press(page, "Restore")
    assert "homeostat trash restore default.of-ann-1" in command(page)
    press(page, "Restore")
    wait_until(lies["ann"].exists, 20, "it lies where it lay")
    closed(page)
    assert not lies["bob"].exists()


def test_one_erases_what_was_ones_own(page: Page, api: Api) -> None:
    sign_in(page, "bob")
    assert offered(page, "of-bob") == {"of-bob": ["Restore", "Erase"]}
    press(page, "Erase")
    assert "homeostat trash empty default.of-bob-1" in command(page)
    press(page, "Erase")
    wait_until(
        lambda: [one.name for one in (api.state / "trash").iterdir() if one.is_dir()] == ["default.of-ann-1"], 20, "it is erased"
    )


def test_a_moderator_sees_all_and_is_offered_nothing(page: Page) -> None:
    sign_in(page, "mod")
    assert offered(page, "of-ann") == {"of-ann": [], "of-bob": []}
