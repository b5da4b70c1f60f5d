"""Plugins and what is made from them, on the test driver: refusals are told and end by themselves, versions roll deployments,
and a plugin that is in use stays."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.condition import Condition, find_condition
from homeostat.models.machine import MachineState
from homeostat.models.plugin import Plugin
from tests.libvirt.site import Site, key_of, living, numbered, state_of

REF = {"pluginRef": {"name": "hello"}, "shutdown": {"gracePeriodSeconds": 0}}


def image(root: Path, text: bytes = b"kernel") -> dict[str, str]:
    """A kernel that the test driver never looks into."""
    path = root / "vmlinuz"
    path.write_bytes(text.ljust(4096, b"\0"))
    return {"url": path.as_uri(), "sha256": "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()}


def install(site: Site, kernel: dict[str, str], version: str = "1.0.0", **spec: Any) -> None:
    resources = {"memory": "64Mi"}
    site.write("Plugin", "hello", {"version": version, "kernel": kernel, "resources": resources, **spec})


def plugin(site: Site) -> Plugin | None:
    row = site.store.index.row(key_of("hello", "Plugin"))
    found = site.store.resource(row) if row else None
    assert found is None or isinstance(found, Plugin)
    return found


def told(site: Site, type: str) -> Condition | None:
    found = plugin(site)
    return find_condition(found.status.conditions, type) if found and found.status else None


async def test_an_unknown_plugin_is_waited_for(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 2, REF)
        site.start()
        await site.until(lambda: (c := site.condition("web", "ReplicaFailure")) and "'hello'" in c.message, "it says so")
        ready = site.condition("web", "Ready")
        assert ready is not None and (ready.status, ready.reason) == ("False", "MachinesRefused")
        assert not site.machines() and not site.domains()
        install(site, image(tmp_path))
        await site.settled("web", *numbered("web", 2))
        assert site.condition("web", "ReplicaFailure") is None


async def test_a_disabled_plugin_makes_no_new_machines(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path))
        site.deploy("web", 2, REF)
        site.start()
        await site.settled("web", *numbered("web", 2))
        install(site, image(tmp_path), enabled=False)
        await site.until(lambda: (c := told(site, "Enabled")) and c.status == "False", "it is disabled")
        site.deploy("web", 4, REF)
        await site.until(lambda: (c := site.condition("web", "ReplicaFailure")) and "disabled" in c.message, "it says so")
        assert site.running() == ["web-1", "web-2"], "those that exist run on"
        site.deploy("web", 1, REF)
        await site.until(lambda: site.running() == ["web-1"], "fewer are always possible")
        site.deploy("web", 3, REF)
        install(site, image(tmp_path))
        await site.settled("web", *numbered("web", 3))


async def test_a_new_version_rolls_the_deployment(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path))
        site.deploy("web", 3, REF)
        site.start()
        await site.settled("web", *numbered("web", 3))
        with site.never_fewer("web-", 3):
            install(site, image(tmp_path), "1.1.0", resources={"memory": "96Mi"})
            new = 96 * 2**20
            await site.until(lambda: {m.spec.resources.memory for m in site.machines().values()} == {new}, "all are new")
            await site.settled("web", *numbered("web", 3))
        assert site.revisions()[2].spec.cause == "the plugin changed"
        words = {"description": "other words", "openapi": {"openapi": "3.1.0"}}
        install(site, image(tmp_path), "1.1.0", resources={"memory": "96Mi"}, **words)
        await site.until(lambda: (p := plugin(site)) and p.spec.description, "the new words are read")
        await site.at_rest()
        assert len(site.revisions()) == 2, "what only describes it replaces nothing"


async def test_deletion_is_held_while_it_is_in_use(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path))
        site.deploy("web", 2, REF)
        site.start()
        await site.settled("web", *numbered("web", 2))
        await site.until(lambda: (p := plugin(site)) and p.status and p.status.machines == 2, "it counts its machines")
        site.remove("hello")
        await site.until(lambda: (c := told(site, "Ready")) and c.reason == "InUse", "it is held")
        condition = told(site, "Ready")
        assert condition is not None and "vmd/web" in condition.message
        await site.at_rest()
        assert site.running() == ["web-1", "web-2"]
        site.write("VirtualMachine", "stays", {"runStrategy": "Halted"})
        site.remove("web")
        await site.until(lambda: plugin(site) is None, "it goes with the last of its users", timeout=5)
        assert not site.running()


async def test_a_batch_machine_runs_once(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path), workload={"type": "batch"})
        site.write("VirtualMachine", "job", REF)
        site.start()
        await site.until(lambda: site.running() == ["job"], "the job runs")
        await site.at_rest()
        site.host._connection.handle.lookupByName("job").shutdown()
        await site.until(lambda: state_of(site, "job") is MachineState.SUCCEEDED, "it has succeeded")
        await site.at_rest()
        assert not site.running() and site.events("job", "VirtualMachine").count("Started") == 1
        await site.stop()
        site.start()
        await site.until(lambda: key_of("job", "VirtualMachine") in site.operator.looked_at, "another operator looks")
        await site.at_rest()
        assert not site.running() and state_of(site, "job") is MachineState.SUCCEEDED


async def test_a_batch_machine_that_is_cut_off_has_failed_until_it_is_started_again(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path), workload={"type": "batch"})
        site.write("VirtualMachine", "job", REF)
        site.start()
        await site.until(lambda: site.running() == ["job"], "the job runs")
        await site.at_rest()
        site.host._connection.handle.lookupByName("job").destroy()
        await site.until(lambda: state_of(site, "job") is MachineState.FAILED, "it has failed")
        await site.at_rest()
        status = site.machines()["job"].status
        stalled = find_condition(status.conditions, "Stalled") if status else None
        assert stalled is not None and stalled.reason == "RunFailed" and "`homeostat start job`" in stalled.message
        assert site.events("job", "VirtualMachine").count("Failed") == 1 and not site.running()
        site.write("VirtualMachine", "job", {**REF, "restartedAt": "now"})
        await site.until(lambda: state_of(site, "job") is MachineState.RUNNING, "it runs again")


async def test_a_deployment_of_a_batch_plugin_is_stalled_until_it_is_none(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        install(site, image(tmp_path), workload={"type": "batch"})
        site.deploy("web", 2, REF)
        site.start()
        await site.until(lambda: site.condition("web", "Stalled"), "it says so")
        stalled = site.condition("web", "Stalled")
        assert (
            stalled is not None and stalled.reason == "RunsToCompletion" and "plugin 'hello' is of type batch" in stalled.message
        )
        await site.at_rest()
        assert not site.machines() and not site.revisions() and site.events("web").count("Failed") == 1
        install(site, image(tmp_path), workload={"type": "daemon"})
        await site.settled("web", *numbered("web", 2))
        assert site.condition("web", "Stalled") is None
        install(site, image(tmp_path), "2.0.0", workload={"type": "batch"})
        await site.until(lambda: site.condition("web", "Stalled"), "it says so again")
        await site.at_rest()
        assert site.running() == ["web-1", "web-2"], "those that exist run on"
        assert len(site.revisions()) == 1
        site.deploy("web", 2, {**REF, "runStrategy": "Always"})
        await site.until(lambda: len(site.revisions()) == 2, "to run it over and over is another thing")
        await site.settled("web", *numbered("web", 2))


async def test_a_wrong_checksum_never_boots(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        kernel = image(tmp_path)
        install(site, {**kernel, "sha256": "sha256:" + "0" * 64})
        site.deploy("web", 2, REF)
        seen: list[list[str]] = []
        site.checks.append(lambda: seen.append(site.running()))
        site.start()
        await site.until(lambda: (c := told(site, "ImagesReady")) and c.reason == "ImageFailed", "the plugin says so")
        await site.until(lambda: (c := site.condition("web", "ReplicaFailure")) and "sha256" in c.message, "the deployment too")
        assert not any(seen), "a wrong image ran"
        install(site, kernel)
        await site.until(lambda: (c := told(site, "ImagesReady")) and c.status == "True", "the right one is taken")
        await site.settled("web", *numbered("web", 2))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://[fd00:ec2::254]/latest", "fd00:ec2::254"),
        ("file:///etc/shadow", "/etc"),
        ("file:///proc/self/environ", "/proc"),
    ],
)
async def test_places_that_hold_no_images(tmp_path: Path, url: str, said: str) -> None:
    async with living(tmp_path) as site:
        install(site, {"url": url})
        site.deploy("web", 1, REF)
        site.start()
        await site.until(lambda: (c := told(site, "Ready")) and c.status == "False" and said in c.message, "it is refused")
        await site.until(lambda: site.condition("web", "ReplicaFailure"), "the deployment says so")
        assert not site.running()
        kept = [path for path in (site.state / "images").rglob("*") if path.is_file() and path.stat().st_size]
        assert not kept, kept
