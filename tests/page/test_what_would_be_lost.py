"""What somebody typed and did not send: the browser asks before the tab is closed, and only then."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, edits, fill, press, running, write
from tests.rig.browser import Page

ASKS = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"


def asks(page: Page, whether: bool, what: str) -> None:
    page.wait(f"{ASKS} === {str(whether).lower()}", what)


def test_yaml_that_was_not_sent(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}/yaml") as page:
        edits(page, "64Mi")
        asks(page, False, "nothing was typed")
        write(page, "spec:\n  resources:\n    memory: 80Mi\n")
        page.shows("Not sent yet")
        asks(page, True, "something was typed")
        page.run("location.hash = '#/trash'")
        page.wait("document.querySelector('h1')?.innerText === 'Trash'", "another view is shown")
        asks(page, True, "it is a draft of this tab still")
        page.run(f"location.hash = '#/virtualmachines/{name}/yaml'")
        edits(page, "80Mi")
        press(page, "Discard")
        asks(page, False, "it was dropped")


def test_a_form_that_was_half_filled(opens: Opens, name: str) -> None:
    with opens("new") as page:
        page.shows("As it is written")
        asks(page, False, "nothing was typed")
        fill(page, "Name", name)
        asks(page, True, "a name was typed")
        press(page, "Discard")
        asks(page, False, "it was dropped")
        fill(page, "Password", "battery staple")
        asks(page, True, "a password is kept nowhere else")


def test_an_upload_that_is_under_way(opens: Opens, name: str) -> None:
    with opens("images") as page:
        page.wait("document.querySelector('input[type=file]')", "the form is there")
        waits = "asked.includes('/uploads') ? new Promise(() => {}) : fetched(asked, ...more)"
        page.run(f"window.fetch = (fetched => (asked, ...more) => {waits})(fetch); 0")
        page.run(
            "const given = new DataTransfer(); given.items.add(new File(['x'], 'x.img'));"
            "document.querySelector('input[type=file]').files = given.files;"
            f"document.querySelector('input[name=name]').value = {name!r};"
            "document.querySelector('main form').requestSubmit()"
        )
        asks(page, True, "it is under way")


def test_yaml_of_something_new(opens: Opens) -> None:
    with opens("new/disks") as page:
        edits(page, "blank")
        asks(page, False, "nothing was typed")
        write(page, "kind: Disk\n")
        asks(page, True, "something was typed")
        press(page, "Discard")
        edits(page, "blank")
        asks(page, False, "it was dropped")
