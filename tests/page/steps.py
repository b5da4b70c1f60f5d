"""What one does with the page, and looks for in it, in more than one test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from homeostat.driver.storage import Storage
from homeostat.planner.actions import SetAside
from tests.api.living import Living
from tests.api.people import PASSWORD
from tests.page.conftest import Opens
from tests.rig.browser import Page
from tests.rig.waiting import wait_until
from tests.unit.images import qcow2

EDITOR = "document.querySelector('.code')?.shadowRoot.querySelector('.cm-content')"
BUTTON = "[...document.querySelectorAll('button')].filter(one => one.textContent.trim() === {!r}).pop()"
FIELD = "[...document.querySelectorAll('label')].find(one => one.innerText.trim().startsWith({!r}))"
ROW = "[...document.querySelectorAll('tbody tr')].find(one => one.innerText.includes({!r}))"
SIGNING_IN = "document.getElementById('password')?.hidden === false"
DRAWN = """document.querySelector("main h1") &&
  ![...document.querySelectorAll("main [role=status]")].some((one) => one.innerText === "Reading…")"""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUNS = """axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(
  ({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((one) => one.html).slice(0, 3) }))
)"""
SMALL: dict[str, object] = {"resources": {"vcpu": 1, "memory": "64Mi"}}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@home"


def visit(page: Page, where: str) -> None:
    """Goes to an address within the page, which stays loaded, and waits until it is drawn."""
    page.run(f"location.hash = '#/{where}'")
    page.wait(DRAWN, f"{where or 'the fleet'} is drawn")


def press(page: Page, button: str) -> None:
    """Clicks the last button of that text."""
    found = BUTTON.format(button)
    page.wait(f"{found} && !{found}.disabled", f"there is {button}")
    page.run(f"{found}.click()")


def plan(page: Page) -> str:
    """Waits for the plan of a change, and returns what is said of it."""
    page.wait("document.querySelector('dialog table, dialog .plan')", "the plan is shown")
    return str(page.run("document.querySelector('dialog').innerText"))


def closed(page: Page) -> None:
    """Waits until no dialog is open."""
    page.wait("!document.querySelector('dialog')", "the dialog is closed")


def fill(page: Page, label: str, text: str) -> None:
    """Types into a field as a person does."""
    page.run(f"{FIELD.format(label)}.control.select()")
    page.type(text)


def choose_machines(page: Page, name: str, letters: str) -> None:
    """Chooses the machines NAME-a, NAME-b and so on in the fleet, by keys, and nothing else that is shown then."""
    page.shows(f"{name}-{letters[-1]}")
    page.tab_to("Search")
    page.type(name)
    for letter in letters:
        page.tab_to(f"Choose {name}-{letter}")
        page.press(" ")
    page.shows(f"{len(letters)} chosen")


def choose(page: Page, label: str, value: str) -> None:
    """Chooses one of what a field offers."""
    offers = f"[...({FIELD.format(label)}?.control.options ?? [])].some(one => one.value === {value!r})"
    page.wait(offers, f"{label} offers {value}")
    control = f"{FIELD.format(label)}.control"
    page.run(f"{control}.value = {value!r}; {control}.dispatchEvent(new Event('change', {{bubbles: true}}))")


def edits(page: Page, text: str) -> None:
    """Waits until the editor shows the text."""
    page.wait(f"{EDITOR}?.textContent.includes({text!r})", f"the editor shows {text!r}")


@contextmanager
def edited(real: Living, opens: Opens, name: str) -> Iterator[Page]:
    """Yields the page with the YAML of a machine that runs, as SMALL says."""
    running(real, name, SMALL)
    with opens(f"virtualmachines/{name}/yaml") as page:
        edits(page, "64Mi")
        yield page


def write(page: Page, text: str) -> None:
    """Puts the text into the editor, in place of what is there."""
    page.wait(EDITOR, "the editor is there")
    page.run(f"{EDITOR}.focus(); getSelection().selectAllChildren({EDITOR})")
    page.run("document.execCommand('selectAll')")
    page.type(text)


def review(page: Page) -> None:
    """Asks for the plan of what is in the editor."""
    page.run("[...document.querySelectorAll('.editor button')].find(one => one.textContent.includes('takes')).click()")


def reload(page: Page) -> None:
    """Loads the page again, as whoever is asked whether to leave says yes."""
    page.run("BeforeUnloadEvent.prototype.preventDefault = () => {}")
    page.reload()
    page.wait(DRAWN, "the page is drawn again")


def sign_in(page: Page, name: str) -> None:
    page.wait(SIGNING_IN, "the page to sign in with")
    page.run(f"document.getElementById('account').value = '{name}'; document.getElementById('secret').value = '{PASSWORD}'")
    page.run("document.getElementById('send').click()")
    page.wait("document.querySelector('nav.main')", "the page")


def sign_in_again(page: Page, name: str) -> None:
    """Signs in within the page, where a session has ended."""
    page.shows("Your session has ended")
    form = "document.querySelector('dialog form')"
    page.run(f"{form}.elements.name.value = '{name}'; {form}.elements.password.value = '{PASSWORD}'; {form}.requestSubmit()")


def findings(page: Page) -> list[dict[str, Any]]:
    """Returns what axe finds, which the page has loaded."""
    found: list[dict[str, Any]] = page.awaited(AXE_RUNS)
    return found


def running(real: Living, name: str, spec: Mapping[str, object] | None = None) -> None:
    """Makes a machine, and waits until it runs."""
    real.http.post("/api/v1/vms", json={"name": name, "spec": spec or {}}).raise_for_status()
    wait_until(lambda: status(real, name) == "running", 20, "it runs")


def status(real: Living, name: str) -> str:
    return str(real.http.get(f"/api/v1/vms/{name}").json()["status"])


def spec_of(real: Living, name: str) -> dict[str, Any]:
    found: dict[str, Any] = real.http.get(f"/api/v1/vms/{name}/spec").json()
    return found


def set_aside(state: Path, name: str) -> Path:
    """Puts the disk of a machine that was deleted into the trash, and returns where it lay."""
    folder = state / "machines" / "default" / name
    folder.mkdir(parents=True)
    disk = folder / "root.qcow2"
    disk.write_bytes(qcow2())
    aside = SetAside(f"default.{name}-1", "default", name, "uid", (("root", str(disk)),), 86400.0, True, "deleted")
    asyncio.run(Storage(state, None).execute(aside))
    return disk
