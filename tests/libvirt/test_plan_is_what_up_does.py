"""What `homeostat plan` prints is what `homeostat up` then does: the same steps in order, the same refusals, and nothing else."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from homeostat.assembly.job import Job, JobConfig
from homeostat.assembly.standalone import unsettled
from homeostat.cli.show.plans.describe_action import action_text
from homeostat.cli.show.plans.preview import Preview, preview_on
from homeostat.cli.show.plans.preview_host import PreviewHost, copy_state
from homeostat.cli.show.plans.render_deployment import PASSING, DeploymentEntry
from homeostat.cli.show.plans.render_plan import PlanEntry, exit_code, render_plan
from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.storage import Storage
from homeostat.models.condition import find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action, ReleaseResource
from homeostat.planner.files.trash import KEEP
from homeostat.planner.plan import Waiting
from homeostat.runtime.machine.reconcile import MachineReconciler
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from tests.libvirt.hosts import isolated_uri, until
from tests.unit.images import blob

Spec = dict[str, Any]
Ended = dict[str, tuple[str, str]]
KINDS = {"a": "VirtualMachine", "d": "VirtualMachineDeployment", "p": "Plugin"}
SMALL: Spec = {"resources": {"memory": "64Mi"}, "shutdown": {"gracePeriodSeconds": 0}}


@dataclass
class Rig:
    """A folder, a state and a host of its own, on which plan and up take turns."""

    root: Path
    host: LibvirtHost
    storage: Storage
    done: dict[str, list[str]] = field(default_factory=dict)  # by machine: what was carried out
    warned: list[str] = field(default_factory=list)  # what the operator ever warned of

    @property
    def folder(self) -> Path:
        return self.root / "vms"

    def write(self, **specs: Spec | None) -> None:
        """By name; its first letter tells the kind, and None takes it away."""
        for name, spec in specs.items():
            path = self.folder / f"{name}.yaml"
            if spec is None:
                path.unlink()
                continue
            # What comes last stays: a document that ends sooner than before might be cut off, and waits for a moment.
            frame = {"apiVersion": "homeostat.dev/v1alpha1", "kind": KINDS[name[0]], "spec": spec, "metadata": {"name": name}}
            path.write_text(yaml.safe_dump(frame, sort_keys=False))

    async def plan(self) -> Preview:
        with tempfile.TemporaryDirectory() as scratch:
            await copy_state(self.folder, self.root / "state", Path(scratch))
            return await preview_on(self.folder, Path(scratch), PreviewHost(self.host, self.storage))

    async def up(self, teardown: bool = False, awaited: Ended | None = None) -> Ended:
        """Runs the operator until it rests, and for a while until those that are ``awaited`` end as they say. By name: what each
        ended with, reason and message of Stalled or Reconciling."""
        self.done.clear()
        state = StateFolder.open(self.root / "state")
        store, stop = FilesStore.open(self.folder, state, owner=True, settle=0.05), asyncio.Event()

        def admits(machine: VirtualMachine, made_here: bool) -> Waiting | None:
            return unsettled(store, machine.key)

        config = JobConfig(str(state.instance_id), teardown=teardown, admits=admits, settling=lambda key: key in store.settling)
        operator = Job(store, self.host, config)
        running = asyncio.create_task(operator.run(stop))
        try:
            if teardown:
                await running
                return {}
            await until(lambda: store.complete and not store.restless, "the folder is taken in", 20)
            await until(lambda: self._rests(store, operator), "the operator is at rest", 20)
            with suppress(AssertionError):  # the caller compares them
                await until(lambda: (awaited or {}).items() <= _all_ended(store).items(), "all ended so", 10)
            return _all_ended(store)
        finally:
            stop.set()
            await running
            self.warned = [event.message for event in store.events(0, None, 500) if event.type == "Warning"]
            store.close()

    def _rests(self, store: FilesStore, operator: Job) -> bool:
        seen = all(row.key in operator.looked_at for row in store.rows() if row.kind != "MachineRevision")
        gone = all(row.deleted is None for row in store.rows() if row.kind not in ("Image", "Network"))  # they may be in use
        resources: list[Any] = [store.resource(row) for row in store.rows() if row.kind not in ("MachineRevision", "Plugin")]
        newest = all(m.status is not None and m.status.observed_generation == m.metadata.generation for m in resources)
        return (
            seen and gone and newest and not store.restless and operator.queue.idle(within=0.3) and not self.storage._images.busy
        )


def _all_ended(store: FilesStore) -> Ended:
    return {row.key.name: _ended(store.resource(row)) for row in store.rows() if row.kind != "MachineRevision"}


def _ended(resource: Any) -> tuple[str, str]:
    conditions = resource.status.conditions if resource.status else ()
    for type in ("Stalled", "Reconciling"):
        found = find_condition(conditions, type)
        if found is not None and found.status == "True":
            return found.reason, found.message
    return "", ""


@asynccontextmanager
async def rig(root: Path) -> AsyncIterator[Rig]:
    (root / "vms").mkdir(parents=True)
    state = root / "state"
    storage = Storage(state, None)
    async with LibvirtHost(
        isolated_uri(root), storage=storage, storage_root=str(state), labels={"zone": "here"}, trash_keep=KEEP
    ) as host:
        made = Rig(root, host, storage)
        acting = host.execute

        async def noting(action: Action) -> None:
            made.done.setdefault(CURRENT.get(), []).append(action_text(action))
            await acting(action)

        host.execute = noting  # type: ignore[method-assign]
        try:
            yield made
        finally:
            await storage.close()


CURRENT: ContextVar[str] = ContextVar("CURRENT", default="")  # the machine whose plan is being carried out


@pytest.fixture(scope="module", autouse=True)
def _attributed() -> Iterator[None]:
    original = MachineReconciler._execute

    async def named(self: MachineReconciler, machine: VirtualMachine, *rest: Any) -> Any:
        CURRENT.set(machine.metadata.name)
        return await original(self, machine, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MachineReconciler, "_execute", named)
        yield


def planned(found: Preview) -> dict[str, PlanEntry]:
    """By machine, also those that deployments make."""
    entries = [entry for entry in found.entries if isinstance(entry, PlanEntry)]
    entries += [entry for known in found.entries if isinstance(known, DeploymentEntry) for entry in known.machines]
    return {entry.resource.metadata.name: entry for entry in entries}


def shown(found: Preview) -> str:
    return "\n".join(line.text for line in render_plan(found.entries))


async def plan_and_up(made: Rig) -> Preview:
    """Asserts the law, and gives the plan."""
    found = await made.plan()
    ended = await made.up()
    for name, entry in planned(found).items():
        steps = [action_text(action) for action in entry.plan.actions if not isinstance(action, ReleaseResource)]
        assert steps == made.done.pop(name, []), f"{name}: planned, and done"
        outcome = entry.plan.outcome
        said = (outcome.reason, outcome.message) if entry.stalled else ("", "")
        assert said == ended.get(name, ("", "")), f"{name}: planned, and ended with"
    for known in found.entries:
        if isinstance(known, DeploymentEntry):
            said = (known.blocked.reason, known.blocked.message) if known.blocked else ("", "")
            end = ended.get(known.resource.metadata.name, ("", ""))
            assert said == (("", "") if end[0] in PASSING else end), "a deployment: planned, and ended with"
    assert not {name: steps for name, steps in made.done.items() if name}, "done, and not planned"
    again = await made.plan()
    assert all(not entry.plan.actions for entry in planned(again).values()), "nothing is left to do"
    return found


def run(scenario: Callable[[Rig], Awaitable[None]]) -> None:
    async def whole(root: Path) -> None:
        async with rig(root) as made:
            await scenario(made)

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(whole(Path(root)))


def with_disk(**fields: Any) -> Spec:
    return {**SMALL, "disks": [{"name": "root", **fields}]}


def nics(*given: Spec) -> Spec:
    return {**SMALL, "nics": [{"name": f"n{i}", **nic} for i, nic in enumerate(given)]}


FORWARD = {"user": {"forwards": [{"hostPort": 18999, "guestPort": 80}]}}
REFUSALS: dict[str, tuple[dict[str, Spec], str, str]] = {
    "an unknown network": ({"a": nics({"network": "nope"})}, "NetworkUnknown", "no network 'nope'"),
    "two unknown networks": ({"a": nics({"network": "no1"}, {"network": "no2"})}, "NetworkUnknown", "no network 'no2'"),
    "more memory than there is": ({"a": {"resources": {"memory": "64Ti"}}}, "InsufficientMemory", "64Ti"),
    "another host": ({"a": {**SMALL, "hostSelector": {"zone": "there"}}}, "NoHostMatches", "zone=there"),
    "no password file": ({"a": {**SMALL, "display": {"vnc": {"passwordFile": "/no/such"}}}}, "SecretMissing", "/no/such"),
    "no such plugin": ({"a": {"pluginRef": {"name": "p"}}}, "PluginNotFound", "no plugin 'p'"),
    "a disabled plugin": (
        {"a": {"pluginRef": {"name": "p"}}, "p": {"version": "1", "kernel": {"path": "{dir}/kernel"}, "enabled": False}},
        "PluginDisabled",
        "enable it",
    ),
    "an image that is not there": ({"a": with_disk(image={"path": "{dir}/none.img"})}, "ImageFailed", "put the file there"),
    "an image that is a folder": ({"a": with_disk(image={"path": "{dir}"})}, "ImageFailed", "not a regular file"),
    "an image that is a page": ({"a": with_disk(image={"path": "{dir}/page.html"})}, "ImageFailed", "page.html"),
    "an image of another sum": (
        {"a": with_disk(image={"path": "{dir}/blank.img", "sha256": "0" * 64})},
        "ImageFailed",
        "has the SHA-256",
    ),
    "an image from where none are": ({"a": with_disk(image={"path": "/etc/hostname"})}, "ImageFailed", "not read from there"),
    "an image of a metadata service": (
        {"a": with_disk(image={"url": "http://169.254.169.254/x"})},
        "ImageFailed",
        "metadata addresses are refused",
    ),
    "a disk smaller than its image": (
        {"a": with_disk(size="1Mi", image={"path": "{dir}/blank.img"})},
        "DiskTooSmall",
        "its image needs 8Mi",
    ),
    "an image's fetch and then a network": (
        {"a": {**with_disk(image={"path": "{dir}/blank.img"}), "nics": [{"name": "n", "network": "nope"}]}},
        "NetworkUnknown",
        "nope",
    ),
    "an unknown Network": ({"a": nics({"networkRef": {"name": "nope"}})}, "NetworkNotFound", "there is no Network 'nope'"),
    "an unknown Image": ({"a": with_disk(image={"imageRef": {"name": "nope"}})}, "ImageNotFound", "there is no image 'nope'"),
    "an unknown Disk": ({"a": with_disk(diskRef={"name": "nope"})}, "DiskNotReady", "there is no Disk 'nope'"),
    "an order to boot that names nothing": (
        {
            "a": {"pluginRef": {"name": "p"}, "boot": {"order": ["rot"]}},
            "p": {"version": "1", "kernel": {"path": "{dir}/kernel"}},
        },
        "BootOrderUnknown",
        "spec.boot.order",
    ),
    "arguments that are not allowed": (
        {"a": {**SMALL, "qemuArguments": ["-fw_cfg name=a,string=b"]}},
        "QemuArgumentsNotAllowed",
        "--allow-qemu-arguments",
    ),
    "a folder that is not shared": (
        {"a": {**SMALL, "filesystems": [{"name": "f", "path": "/srv/f"}]}},
        "FolderNotShared",
        "--share-folder /srv/f",
    ),
    "a device that is not allowed": (
        {"a": {**SMALL, "hostDevices": [{"name": "key", "usb": {"bus": 1, "device": 4}}]}},
        "HostDevicesNotAllowed",
        "--allow-host-devices",
    ),
    "a template that is refused": (
        {"d": {"replicas": 2, "template": {"spec": nics({"network": "nope"})}}},
        "NetworkUnknown",
        "nope",
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSALS))
def test_findings_plan_refuses_what_up_refuses(case: str) -> None:
    specs, reason, words = REFUSALS[case]

    async def scenario(made: Rig) -> None:
        (made.root / "blank.img").write_bytes(blob(8 << 20))
        (made.root / "kernel").write_bytes(b"\x01" * 512)
        (made.root / "page.html").write_text("<!DOCTYPE html><html></html>")
        made.write(**yaml.safe_load(yaml.safe_dump(specs).replace("{dir}", str(made.root))))
        found = await plan_and_up(made)
        outcomes = [entry.plan.outcome for entry in planned(found).values()]
        assert outcomes and all(outcome.reason == reason and words in outcome.message for outcome in outcomes)
        assert exit_code(found.entries) == 1
        assert shown(found).count(outcomes[0].message) == 1  # each thing is said once

    run(scenario)


def test_findings_plan_refuses_what_another_has() -> None:
    async def scenario(made: Rig) -> None:
        made.write(a=nics(FORWARD))
        await plan_and_up(made)
        made.write(a2=nics(FORWARD))
        assert planned(await plan_and_up(made))["a2"].stalled

    run(scenario)


def test_findings_plan_of_a_change_that_waits_for_what_the_host_lacks() -> None:
    async def scenario(made: Rig) -> None:
        for policy in ("OnNextBoot", "Immediate"):
            made.write(a={**nics({"network": "default"}), "updatePolicy": policy})
            await plan_and_up(made)
            made.write(a={**nics({"network": "nope"}), "updatePolicy": policy})
            found = planned(await plan_and_up(made))["a"]
            assert found.plan.outcome.reason == "NetworkUnknown" and found.plan.pending

    run(scenario)


def test_findings_plan_of_a_template_that_boots_from_nothing() -> None:
    async def scenario(made: Rig) -> None:
        (made.root / "kernel").write_bytes(b"\x01" * 512)
        order = {"pluginRef": {"name": "p"}, "boot": {"order": ["rot"]}, "shutdown": SMALL["shutdown"]}
        plugin = {"version": "1", "kernel": {"path": f"{made.root}/kernel"}, "resources": SMALL["resources"]}
        made.write(d={"replicas": 1, "template": {"spec": order}}, p=plugin)
        found = await plan_and_up(made)
        assert "! BootOrderUnknown: template.spec.boot.order: " in shown(found) and exit_code(found.entries) == 1
        assert not planned(found)

    run(scenario)


def test_findings_plan_of_a_deployment_whose_name_leaves_no_room_for_numbers() -> None:
    async def scenario(made: Rig) -> None:
        made.write(**{"d" * 62: {"replicas": 1, "template": {"spec": SMALL}}})
        found = await plan_and_up(made)
        assert "! NameTooLong: what is made next would be named " in shown(found) and exit_code(found.entries) == 1
        assert not planned(found)

    run(scenario)


def test_findings_plan_of_a_machine_that_has_the_name_of_a_deployments() -> None:
    async def scenario(made: Rig) -> None:
        made.write(**{"a": SMALL, "d": {"replicas": 2, "template": {"spec": SMALL}}})
        (made.folder / "a.yaml").write_text((made.folder / "a.yaml").read_text().replace("name: a", "name: d-2"))
        for _ in range(2):  # before, and once all of it is there
            found = await plan_and_up(made)
            assert "! NameTaken: machine d-2 is not of this deployment: remove or rename it" in shown(found)
            assert "create 2 machines" not in shown(found) and exit_code(found.entries) == 1
        (made.folder / "a.yaml").unlink()
        assert exit_code((await made.plan()).entries) == 2

    run(scenario)


def test_findings_plan_of_disks_that_cannot_be_as_the_spec_says() -> None:
    async def scenario(made: Rig) -> None:
        for name in ("one.img", "two.img"):
            (made.root / name).write_bytes(blob(1 << 20))
        made.write(a=with_disk(size="16Mi"), a2=with_disk(image={"path": str(made.root / "one.img")}))
        await plan_and_up(made)
        made.write(a=with_disk(size="8Mi"), a2=with_disk(image={"path": str(made.root / "two.img")}))
        found = planned(await plan_and_up(made))
        assert found["a"].plan.outcome.reason == "DiskShrink"
        assert found["a2"].plan.outcome.reason == "ReplaceRequired"

    run(scenario)


def test_findings_plan_of_a_name_that_somebody_else_has() -> None:
    async def scenario(made: Rig) -> None:
        made.host._connection.handle.defineXML(
            "<domain type='test'><name>a</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"
        )
        await until(lambda: made.host.domain_named("a"), "it is known")
        made.write(a=SMALL)
        assert planned(await plan_and_up(made))["a"].plan.outcome.reason == "NameInUse"

    run(scenario)


DISKS = st.lists(
    st.sampled_from(
        [
            {"name": "data", "size": "8Mi"},
            {"name": "data", "size": "16Mi"},
            {"name": "logs", "size": "8Mi", "reclaimPolicy": "Retain"},
            {"name": "root", "image": {"path": "{dir}/blank.img"}},
            {"name": "cd", "type": "cdrom"},
        ]
    ),
    max_size=3,
    unique_by=lambda disk: disk["name"],
)
SPECS = st.fixed_dictionaries(
    {"resources": st.sampled_from([{"memory": "64Mi"}, {"memory": "96Mi", "vcpu": 2}])},
    optional={
        "disks": DISKS,
        "nics": st.sampled_from([[{"name": "n", "network": "default"}], [{"name": "n", "network": "nope"}]]),
        "runStrategy": st.sampled_from(["Always", "Halted", "Once", "RerunOnFailure"]),
        "cloudInit": st.sampled_from([{"userData": "#cloud-config\n"}, {"userData": "#!/bin/sh\ntrue\n"}]),
        "updatePolicy": st.sampled_from(["Immediate", "Never", "OnNextBoot"]),
        "suspend": st.sampled_from([False, False, True]),
        "restartedAt": st.just("2026-01-01T00:00:00Z"),
    },
)


@given(st.lists(st.one_of(SPECS, SPECS, st.none()), min_size=1, max_size=3))
@settings(max_examples=8, derandomize=True, deadline=None, phases=[Phase.generate])
def test_findings_plan_of_any_edits_is_what_up_does(versions: list[Spec | None]) -> None:
    async def scenario(made: Rig) -> None:
        (made.root / "blank.img").write_bytes(blob(1 << 20))
        there = False
        for spec in versions:
            if spec is None and not there:
                continue
            made.write(a=yaml.safe_load(yaml.safe_dump(spec).replace("{dir}", str(made.root))) if spec else None)
            there = spec is not None
            await plan_and_up(made)

    run(scenario)


def test_findings_plan_of_an_image_that_there_is_no_space_for(small: Path) -> None:
    async def scenario(made: Rig) -> None:
        (made.root / "big.img").write_bytes(blob(900 << 10))
        (made.root / "state").mkdir()
        (made.root / "state" / "images").symlink_to(small)
        made.write(a=with_disk(image={"path": str(made.root / "big.img")}))
        found = planned(await plan_and_up(made))
        assert "needs 900.0 KiB more" in found["a"].plan.outcome.message

    run(scenario)


def test_findings_plan_names_images_by_where_they_came_from() -> None:
    async def scenario(made: Rig) -> None:
        for name in ("one.img", "two.img"):
            (made.root / name).write_bytes(blob(1 << 20))
        made.write(a=with_disk(image={"path": str(made.root / "one.img")}))
        await plan_and_up(made)
        made.write(a=with_disk(image={"path": str(made.root / "two.img")}))
        found = await made.plan()
        assert f"disks[root].image   file://{made.root}/one.img -> file://{made.root}/two.img   NeedsReplace" in shown(found)
        assert "state/images" not in shown(found)

    run(scenario)


def test_attack_a6_plan_of_what_was_taken_down_shows_all_that_comes_back_and_nothing_that_is_gone() -> None:
    async def scenario(made: Rig) -> None:
        made.write(a=with_disk(size="8Mi"), a2=with_disk(size="8Mi"))
        await plan_and_up(made)
        await made.up(teardown=True)
        made.write(a2=None)
        found = await plan_and_up(made)
        assert shown(found).count("start ") >= 1 and "take " in shown(found) and "define domain a" in shown(found)
        assert "disks[root]   its file" not in shown(found)

    run(scenario)
