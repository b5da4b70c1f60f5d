"""Disks, network cards, media and schedules of a machine, by the small forms of its page: each with its plan first."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import AXE, SMALL, closed, findings, plan, press, running, spec_of
from tests.rig.browser import Page


def send(page: Page, form: str, **fields: str) -> None:
    """Fills the form of that label in, and sends it."""
    found = f"document.querySelector('form[aria-label=\"{form}\"]')"
    page.wait(found, f"there is {form}")
    for name, value in fields.items():
        page.run(f"{found}.elements[{name!r}].value = {value!r}")
    page.run(f"{found}.requestSubmit()")
    plan(page)


def dialog(page: Page) -> str:
    return str(page.run("document.querySelector('dialog').textContent"))


def disks_of(real: Living, name: str) -> list[dict[str, Any]]:
    found: Any = spec_of(real, name).get("disks", [])
    return list(found)


def test_a_disk_comes_and_goes(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        send(page, "Add a disk", name="data", size="1Gi")
        said = dialog(page)
        assert "disks[data]" in said and "1Gi" in said and "curl -X POST" in said
        page.wait("document.querySelector('dialog .yaml')?.textContent.includes('name: data')", "the same in YAML")
        assert disks_of(real, name) == []
        press(page, "Add")
        closed(page)
        assert disks_of(real, name) == [{"name": "data", "size": "1Gi"}]
        page.run(AXE.read_text())
        assert findings(page) == []
        page.wait("document.querySelector('[aria-label=\"Remove data\"]')", "it is shown")
        page.run("document.querySelector('[aria-label=\"Remove data\"]').click()")
        page.shows(f"Remove data from {name}?")
        page.wait("document.querySelector('dialog table')", "the plan is shown")
        press(page, "Remove")
        closed(page)
        assert disks_of(real, name) == []


def test_a_card_that_cannot_be_is_refused_before(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        send(page, "Add a network card", name="lan", network="")
        assert "nics[lan]" in dialog(page)
        press(page, "Add")
        closed(page)
        assert spec_of(real, name)["nics"] == [{"name": "lan", "user": {}}]
        send(page, "Add a network card", name="lan", network="")
        page.wait("document.querySelector('dialog .failure')", "that there is one of that name")
        assert page.run("document.querySelector('dialog .primary').disabled") is True


def test_a_medium_is_put_in_and_taken_out(real: Living, opens: Opens, name: str) -> None:
    source = Path(real.kernel().removeprefix("file://"))
    image = {"url": source.as_uri(), "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Image", "metadata": {"name": "tools"}, "spec": {"source": image}}
    real.http.post("/api/v1/resources/images", json=document).raise_for_status()
    spec = {**SMALL, "disks": [{"name": "cd", "type": "cdrom"}]}
    running(real, name, spec)
    with opens(f"virtualmachines/{name}") as page:
        send(page, "Put an image into cd", image="tools")
        press(page, "Put in")
        closed(page)
        assert disks_of(real, name) == [{"name": "cd", "type": "cdrom", "image": {"imageRef": {"name": "tools"}}}]
        press(page, "Take out")
        page.wait("document.querySelector('dialog table')", "the plan is shown")
        press(page, "Take out")
        closed(page)
        assert disks_of(real, name) == [{"name": "cd", "type": "cdrom"}]


def test_a_schedule_is_made(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}/snapshots") as page:
        send(page, "New schedule", schedule="@weekly", count="3")
        press(page, "Create")
        closed(page)
        made = real.http.get(f"/api/v1/resources/snapshotschedules/{name}-daily").json()["spec"]
        assert (made["schedule"], made["keep"]["count"]) == ("@weekly", 3)
        page.shows("@weekly")


def test_what_was_typed_stays_until_it_is_done(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}") as page:
        send(page, "Add a disk", name="data", size="2Gi")
        press(page, "Cancel")
        closed(page)
        assert page.run("document.querySelector('form[aria-label=\"Add a disk\"]').elements.size.value") == "2Gi"
