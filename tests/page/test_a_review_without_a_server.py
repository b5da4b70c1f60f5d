"""Whoever asks what a change takes while the server does not answer is told so, and asks again once it does."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import edited, edits, plan, press, review, write

API = "*/api/v1/*"
SAID = "document.querySelector('main .failure')?.innerText.includes('the server does not answer')"


def test_of_a_machine(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        page.lose(API)
        review(page)
        page.wait(SAID, "it says why there is no plan")
        page.lose()
        review(page)
        assert "resources.memory" in plan(page)
        assert not page.run(SAID)


def test_of_something_new(opens: Opens, name: str) -> None:
    with opens("new/disks") as page:
        edits(page, "blank")
        write(page, f"apiVersion: homeostat.dev/v1alpha1\nkind: Disk\nmetadata: {{name: {name}}}\nspec: {{size: 1Mi}}\n")
        page.lose(API)
        press(page, "See what it takes")
        page.wait(SAID, "it says why there is no plan")
        page.lose()
        press(page, "See what it takes")
        page.wait("document.querySelector('dialog .plan')", "the plan is shown")


def test_of_an_editor_that_cannot_be_fetched(opens: Opens) -> None:
    with opens("disks") as page:
        page.wait("document.querySelector('main h1')", "the list is shown")
        page.lose("*")
        page.run("location.hash = '#/new/disks'")
        page.wait("document.querySelector('main .failure')?.innerText", "it says why there is nothing to write in")
