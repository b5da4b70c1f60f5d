"""The pictures of the page in docs/pictures: ``python -m tests.page.pictures`` takes them of a real server with an operator, over
a small fleet on libvirt's test driver. Look at each one afterwards."""

from __future__ import annotations

import io
import math
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from PIL import Image

from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.living import Living, living
from tests.api.people import settle
from tests.page import steps
from tests.page.steps import KEY, ROW, SIGNING_IN, choose, closed, edits, fill, press, sign_in, visit
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = (1280, 800)
MACHINES = {
    "backup": ({"app": "backup", "tier": "ops"}, 1, "64Mi"),
    "build-1": ({"app": "ci", "tier": "ops"}, 4, "256Mi"),
    "build-2": ({"app": "ci", "tier": "ops"}, 4, "256Mi"),
    "database": ({"app": "shop", "tier": "data"}, 2, "256Mi"),
    "mail": ({"app": "mail", "tier": "front"}, 1, "128Mi"),
    "monitor": ({"app": "monitor", "tier": "ops"}, 1, "128Mi"),
    "wiki": ({"app": "wiki", "tier": "front"}, 1, "64Mi"),
}
HALTED = "backup"
STALLED = "mail"  # no host of the fleet has its network
PENDING = "database"
WRITTEN = """metadata:
  labels:
    app: shop
    tier: data
spec:
  resources:
    vcpu: 2
    memory: 320Mi
  nics:
    - name: lan
      network: default
  pluginRef:
    name: debian
"""


def main() -> None:
    with TemporaryDirectory(prefix="hs-pictures-") as folder:
        root = Path(folder)
        with living(root) as real:
            furnish(real)
            with browse(f"{real.api.http.base_url}/", root / "profile") as page:
                page.shows("wiki")
                page.hide_scrollbars()
                take(page, VIEWS)
                with_a_change_by_others(real, page)
    with TemporaryDirectory(prefix="hs-pictures-") as folder:
        root = Path(folder)
        settle(root / "state", ann=Role.USER, bob=Role.USER, eve=Role.MODERATOR)
        with serving(root) as api, browse(f"{api.http.base_url}/", root / "profile") as page:
            page.hide_scrollbars()
            take(page, {"signing-in": (SIZE[0], "light", signing_in), "people": (SIZE[0], "light", people)})


def take(page: Page, views: dict[str, View]) -> None:
    for name, (width, theme, view) in views.items():
        page.resize(width, SIZE[1])
        page.prefer(theme)
        view(page)
        keep(name, page.picture())


def furnish(real: Living) -> None:
    """Makes the fleet, and waits until it is as the pictures want it."""
    real.install("debian")
    file = {"file": ("debian-12.img", b"\xfa" + b"\x90" * 509 + b"\x55\xaa" + b"\x00" * 2**20)}
    real.http.post("/api/v1/images", data={"name": "debian-12"}, files=file).raise_for_status()
    steps.set_aside(real.api.state, "ledger")
    for name, (labels, vcpu, memory) in MACHINES.items():
        write(real, "VirtualMachine", name, spec_of(name, vcpu, memory), labels)
    template = {"metadata": {"labels": {"app": "shop", "tier": "front"}}, "spec": spec_of("shop", 1, "128Mi")}
    write(real, "VirtualMachineDeployment", "shop", {"replicas": 3, "template": template}, {})
    running = {name for name in MACHINES if name not in (HALTED, STALLED)} | {f"shop-{number}" for number in (1, 2, 3)}
    wait_until(lambda: running <= set(real.running("")), 60, "the machines run")
    labels, vcpu, _ = MACHINES[PENDING]
    write(real, "VirtualMachine", PENDING, spec_of(PENDING, vcpu, "320Mi"), labels)


def spec_of(name: str, vcpu: int, memory: str) -> dict[str, Any]:
    network = "dmz" if name == STALLED else "default"
    spec = {
        "resources": {"vcpu": vcpu, "memory": memory},
        "nics": [{"name": "lan", "network": network}],
        "pluginRef": {"name": "debian"},
    }
    return {"runStrategy": "Halted", **spec} if name == HALTED else spec


def write(real: Living, kind: str, name: str, spec: dict[str, Any], labels: dict[str, str]) -> None:
    """Writes a resource into the folder, as a person does."""
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}
    (real.api.folder / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def fleet(page: Page) -> None:
    page.press("Escape")
    closed(page)
    visit(page, "")
    page.shows("One needs you")
    page.shows("1 change")


def machine(page: Page) -> None:
    visit(page, f"virtualmachines/{PENDING}")
    page.shows("Conditions")


def plan(page: Page) -> None:
    page.press("Escape")
    steps.write(page, WRITTEN.replace("320Mi", "384Mi").replace("vcpu: 2", "vcpu: 4"))
    press(page, "See what it takes")
    steps.plan(page)


def editor(page: Page) -> None:
    visit(page, f"virtualmachines/{PENDING}/yaml")
    edits(page, "320Mi")
    steps.write(page, WRITTEN + "  shu")
    page.type("t")
    page.wait("document.querySelector('.code').shadowRoot.querySelector('.cm-completionInfo')", "a field is offered")


def new(page: Page) -> None:
    visit(page, "new")
    fill(page, "Name", "forum")
    choose(page, "From", "url")
    page.wait("document.querySelector('input[type=url]')", "an address is asked for")
    page.run("document.querySelector('input[type=url]').focus()")
    page.type("https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2")
    fill(page, "SSH keys", KEY)
    fill(page, "Password", "correct horse")
    page.wait("document.querySelector('.create').innerText.includes('hashed_passwd')", "the YAML is shown")


def deployment(page: Page) -> None:
    visit(page, "virtualmachinedeployments/shop")
    page.shows("shop-3")


def plan_of_many(page: Page) -> None:
    visit(page, "?search=shop")
    for name in ("shop-1", "shop-2"):
        page.run(f"{ROW.format(name)}.querySelector('input').click()")
    press(page, "Stop")
    steps.plan(page)


def history(page: Page) -> None:
    page.press("Escape")
    closed(page)
    visit(page, f"virtualmachines/{PENDING}/history")
    page.shows("Generation 2")


def shown(where: str, text: str) -> Callable[[Page], None]:
    def view(page: Page) -> None:
        visit(page, where)
        page.shows(text)

    return view


def with_a_change_by_others(real: Living, page: Page) -> None:
    """Takes the picture of two people who change one machine."""

    def conflict(page: Page) -> None:
        visit(page, f"virtualmachines/{PENDING}/yaml")
        press(page, "Discard")
        edits(page, "320Mi")
        steps.write(page, WRITTEN.replace("320Mi", "384Mi"))
        labels, _, memory = MACHINES[PENDING]
        write(real, "VirtualMachine", PENDING, spec_of(PENDING, 4, memory), labels)
        path = f"/api/v1/vms/{PENDING}/spec"
        wait_until(lambda: real.http.get(path).json()["resources"]["vcpu"] == 4, 20, "somebody else changed it")
        steps.review(page)
        page.shows("Somebody else changed it meanwhile")

    take(page, {"conflict": (SIZE[0], "light", conflict)})


def signing_in(page: Page) -> None:
    page.wait(SIGNING_IN, "the page to sign in with")


def people(page: Page) -> None:
    sign_in(page, "root")
    visit(page, "people")
    page.shows("eve")


View = tuple[int, str, Callable[[Page], None]]
VIEWS: dict[str, View] = {
    "fleet": (SIZE[0], "light", fleet),
    "machine": (SIZE[0], "light", machine),
    "editor": (SIZE[0], "light", editor),
    "plan": (SIZE[0], "light", plan),
    "fleet-dark": (SIZE[0], "dark", fleet),
    "fleet-360": (360, "light", fleet),
    "new": (SIZE[0], "light", new),
    "deployment": (SIZE[0], "light", deployment),
    "plan-of-many": (SIZE[0], "light", plan_of_many),
    "history": (SIZE[0], "light", history),
    "snapshots": (SIZE[0], "light", shown(f"virtualmachines/{PENDING}/snapshots", "Take one")),
    "images": (SIZE[0], "light", shown("images", "debian-12")),
    "activity": (SIZE[0], "light", shown("activity", "database")),
    "trash": (SIZE[0], "light", shown("trash", "ledger")),
    "machine-dark": (SIZE[0], "dark", machine),
}


def keep(name: str, picture: bytes) -> None:
    """Writes a picture in its 256 most frequent colours, which are the page's: a third of the bytes, and it looks the same."""
    path = TARGET / f"page-{name}.png"
    with Image.open(io.BytesIO(picture)) as taken:
        whole = taken.convert("RGB")
    pixels: list[tuple[int, int, int]] = list(whole.get_flattened_data())
    kept = [colour for colour, _ in Counter(pixels).most_common(256)]
    nearest = {colour: min(range(len(kept)), key=lambda index: math.dist(colour, kept[index])) for colour in set(pixels)}
    shown = Image.new("P", whole.size)
    shown.putpalette([part for colour in kept for part in colour])
    shown.putdata([nearest[pixel] for pixel in pixels])
    shown.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
