"""What somebody typed of a machine that another deletes meanwhile is shown, until he drops it."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, edits, press, running, write


def test_it_is_shown_where_the_machine_was(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}/yaml") as page:
        edits(page, "64Mi")
        write(page, "spec:\n  # an hour of work\n  resources:\n    memory: 80Mi\n")
        page.shows("Not sent yet")
        real.http.delete(f"/api/v1/vms/{name}?wait=20").raise_for_status()
        page.shows(f"There is no {name}")
        page.shows("# an hour of work")
        press(page, "Discard")
        page.wait("!document.body.innerText.includes('an hour of work')", "it was dropped")


def test_of_what_nobody_typed_anything_there_is_nothing(opens: Opens) -> None:
    with opens("virtualmachines/never-there/yaml") as page:
        page.shows("There is no never-there")
        assert "Discard" not in page.text()
