"""Images that machines name, on the test driver with real files: fetched and told by their contents, waited for, kept while in
use, and never another file than before."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from click.testing import CliRunner

from homeostat.cli.main import cli
from homeostat.models.condition import find_condition
from homeostat.models.image import Image, ImageStatus
from tests.libvirt.hosts import isolated_uri
from tests.libvirt.site import Site, Spec, key_of, living

WEB: Spec = {
    "resources": {"memory": "64Mi"},
    "disks": [{"name": "root", "image": {"imageRef": {"name": "base"}}}],
    "shutdown": {"gracePeriodSeconds": 0},
}


def qcow2(path: Path, size: str = "16M") -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    return path


def image(site: Site, name: str = "base") -> Image | None:
    row = site.store.index.row(key_of(name, "Image"))
    found = site.store.resource(row) if row else None
    assert found is None or isinstance(found, Image)
    return found


def status(site: Site, name: str = "base") -> ImageStatus:
    found = image(site, name)
    return found.status or ImageStatus() if found else ImageStatus()


def why(site: Site, name: str = "base") -> str:
    ready = find_condition(status(site, name).conditions, "Ready")
    return f"{ready.reason}: {ready.message}" if ready else ""


def waits(site: Site, name: str = "web") -> str:
    machine = site.machines().get(name)
    ready = find_condition(machine.status.conditions, "Ready") if machine and machine.status else None
    return f"{ready.reason}: {ready.message}" if ready else ""


async def test_a_machine_waits_for_its_image_and_starts_when_that_comes(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.write("VirtualMachine", "web", WEB)
        site.start()
        await site.until(lambda: waits(site).startswith("ImageNotFound"), "it says so")
        site.write("Image", "base", {"source": {"path": str(qcow2(tmp_path / "a.bin"))}})
        await site.until(lambda: "web" in site.domains(), "it starts")
        await site.until(lambda: status(site).phase == "Ready" and status(site).used_by == ("vm/web",), "it is Ready, and in use")
        said = status(site)
        assert (said.format, said.virtual_size) == ("qcow2", 16 * 2**20) and said.digest.startswith("sha256:")


async def test_what_is_no_image_is_told_and_the_correction_helps(tmp_path: Path) -> None:
    (tmp_path / "page.qcow2").write_text("<html>not found</html>")
    async with living(tmp_path) as site:
        site.write("Image", "base", {"source": {"path": str(tmp_path / "page.qcow2")}})
        site.write("VirtualMachine", "web", WEB)
        site.start()
        await site.until(lambda: "web page" in why(site) and "web page" in waits(site), "both say so")
        assert status(site).phase == "Failed" and "web" not in site.domains()
        site.write("Image", "base", {"source": {"path": str(qcow2(tmp_path / "good.img"))}})
        await site.until(lambda: "web" in site.domains() and status(site).phase == "Ready", "it was not Ready yet: a correction")


async def test_it_stays_while_it_is_in_use_and_goes_with_the_last(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.write("Image", "base", {"source": {"path": str(qcow2(tmp_path / "a.img"))}})
        site.write("VirtualMachine", "web", WEB)
        site.start()
        await site.until(lambda: "web" in site.domains() and status(site).phase == "Ready", "it runs")
        site.remove("base")
        await site.until(lambda: why(site) == "InUse: used by vm/web: it goes with the last", "it waits, and says for whom")
        assert "web" in site.domains()
        site.write("VirtualMachine", "late", WEB)
        await site.until(lambda: waits(site, "late").startswith("ImageBeingDeleted"), "nobody new gets it")
        site.write("VirtualMachine", "other", {"resources": {"memory": "64Mi"}})  # a folder that holds nothing deletes nothing
        site.remove("late")
        site.remove("web")
        await site.until(lambda: image(site) is None and [*site.machines()] == ["other"], "it goes with the last")


async def test_what_it_is_made_of_does_not_change(tmp_path: Path) -> None:
    first, second = qcow2(tmp_path / "a.img"), qcow2(tmp_path / "b.img", "32M")
    async with living(tmp_path) as site:
        site.write("Image", "base", {"source": {"path": str(first)}})
        site.write("VirtualMachine", "web", WEB)
        site.start()
        await site.until(lambda: "web" in site.domains() and status(site).phase == "Ready", "it runs")
        site.write("Image", "base", {"source": {"path": str(second)}})
        await site.until(lambda: why(site).startswith("ImageSourceChanged") and str(first) in why(site), "it says so")
        site.write("VirtualMachine", "late", WEB)
        await site.until(lambda: waits(site, "late").startswith("ImageSourceChanged"), "nobody new starts from the other file")
        assert "web" in site.domains()
        site.write("Image", "base", {"source": {"path": str(first)}})
        await site.until(lambda: "late" in site.domains() and status(site).phase == "Ready", "as it was")


def test_plan_shows_what_is_fetched_for_which_image(tmp_path: Path) -> None:
    folder = tmp_path / "vms"
    folder.mkdir()
    qcow2(tmp_path / "a.img")
    documents: list[Spec] = [
        {"kind": "Image", "metadata": {"name": "base"}, "spec": {"source": {"path": "../a.img"}}},
        {"kind": "Image", "metadata": {"name": "none"}, "spec": {"source": {"path": "../none.img"}}},
        {"kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": WEB},
    ]
    for document in documents:
        named = folder / f"{document['metadata']['name']}.yaml"
        named.write_text(json.dumps({"apiVersion": "homeostat.dev/v1alpha1", **document}))
    given = ["--state", str(tmp_path / "state"), "--connect", isolated_uri(tmp_path)]
    done = CliRunner().invoke(cli, [*given, "plan", str(folder)])
    assert "+ image/base will be created" in done.output and f"fetch image base (file://{tmp_path}/a.img)" in done.output
    assert "! image/none cannot be carried out as it is" in done.output and "none.img: No such file" in done.output
    assert "+ vm/web will be created" in done.output
