"""What a dry run finds of images, of all machines together, and on which host it looks. The host is libvirt's test driver."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.images.named import write_image_note
from homeostat.driver.storage.paths import Rooms
from homeostat.models.base import ObjectMeta, OwnerReference, Resource
from homeostat.models.deployment import MachineRevision, MachineRevisionSpec, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.actions import ImageRef
from homeostat.planner.allowed import Allowed
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.template import template_with_plugin
from homeostat.runtime.deployment.reconcile import owner_reference
from homeostat.service.changing import foresight
from homeostat.service.changing.foresight import Foreseen, _AsIf
from homeostat.store.files.allowing import said_allowed, say_allowed
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.unit.images import qcow2
from tests.unit.serving import Written, disk_of, resource

LIBVIRT = "test:///default"
NOWHERE = "/nowhere/a.img"
FAR = "http://x.example/a.img"
NODE = """<node><cpu><mhz>1</mhz><model>m</model><active>1</active><nodes>1</nodes><sockets>1</sockets><cores>1</cores>
<threads>1</threads></cpu><memory>4000000</memory>"""
BAD = "http://169.254.169.254/a.img"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    found = StateFolder.open(tmp_path / "state")
    found.remember_libvirt(LIBVIRT)
    return found


def look(state: StateFolder, wanted: Resource, *others: Resource, **allowed: Any) -> Foreseen:
    desk = Written(*others).desk(state.root, **allowed)
    found = asyncio.run(desk.machines.foresee(wanted))  # type: ignore[arg-type]
    assert found is not None
    return found


def machine(name: str = "new", **spec: Any) -> VirtualMachine:
    return resource(VirtualMachine, name, spec)


def on(image: dict[str, Any]) -> dict[str, Any]:
    return {"name": "root", "size": "1Gi", "image": image}


def needing(memory: str, strategy: str = "Always", name: str = "new") -> VirtualMachine:
    return machine(name, runStrategy=strategy, resources={"memory": memory})


def going(of: VirtualMachine) -> VirtualMachine:
    meta = of.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return of.model_copy(update={"metadata": meta})


@pytest.mark.parametrize(
    ("wanted", "others", "asked"),
    [
        (needing("2Gi"), [], ""),
        (needing("2Gi"), [needing("2Gi", name="a")], "4Gi"),
        (needing("2Gi"), [needing("2Gi", name="a"), needing("1Gi", name="b")], "5Gi"),
        (needing("2Gi"), [needing("2Gi", "Halted", name="a")], ""),
        (needing("2Gi"), [going(needing("2Gi", name="a"))], ""),
        (needing("2Gi"), [needing("2Gi")], ""),  # it is the same machine, before the change
        (needing("2Gi", "Halted"), [needing("2Gi", name="a")], ""),
        (needing("2Gi", "Halted"), [needing("9Gi", name="a")], ""),
        (needing("3Gi"), [], ""),  # all that the host has
        (needing("2Gi"), [needing("1Gi", name="a"), needing("2Gi", "Halted", name="b")], ""),
    ],
)
def test_the_memory_of_all_machines_that_are_to_run(
    state: StateFolder, wanted: VirtualMachine, others: list[Resource], asked: str
) -> None:
    notes = [f"the machines that are to run ask for {asked} of memory together, and host local has 3Gi"] if asked else []
    assert list(look(state, wanted, *others).notes) == notes


def made_from(path: str) -> list[Resource]:
    """Returns one of each kind that is made from that image."""
    image = {"url": path} if "://" in path else {"path": path}
    template = {"replicas": 1, "template": {"spec": {"disks": [on(image)]}}}
    return [
        machine(disks=[on(image)]),
        resource(VirtualMachineDeployment, "new", template),
        resource(Disk, "new", {"source": {"image": image}}),
        resource(Plugin, "new", {"version": "1", "rootfs": image}),
        *([resource(Image, "new", {"source": image})] if "url" in image else []),
    ]


@pytest.mark.parametrize("wanted", [*made_from(NOWHERE), *made_from(BAD)], ids=lambda one: one.KIND)
def test_an_image_that_is_not_there_is_found(state: StateFolder, wanted: Resource) -> None:
    found = look(state, wanted, image_folders=(Path("/nowhere"),))
    assert [outcome.reason for outcome in found.findings] == ["ImageFailed"] and list(found.unseen) == []


@pytest.mark.parametrize("wanted", made_from(FAR), ids=lambda one: one.KIND)
def test_an_image_that_is_elsewhere_was_not_looked_at(state: StateFolder, wanted: Resource) -> None:
    found = look(state, wanted)
    assert list(found.findings) == [] and list(found.unseen) == [f"{FAR} is fetched, and looked at, when it is needed"]


@pytest.mark.parametrize("number", range(5), ids=["machine", "deployment", "disk", "plugin", "image"])
def test_an_image_that_is_there_is_no_finding(state: StateFolder, tmp_path: Path, number: int) -> None:
    (tmp_path / "a.img").write_bytes(disk_of(4096))
    found = look(state, made_from(f"file://{tmp_path}/a.img")[number], image_folders=(tmp_path,))
    assert (list(found.findings), list(found.unseen)) == ([], [])


def test_a_disk_of_an_image_that_has_no_file_yet_is_not_ready(state: StateFolder) -> None:
    wanted = resource(Disk, "new", {"source": {"image": {"imageRef": {"name": "debian"}}}, "size": "1Gi"})
    found = look(state, wanted, resource(Image, "debian", {"source": {"upload": {}}}))
    assert [outcome.reason for outcome in found.findings] == ["ImageNotUploaded"] and list(found.unseen) == []


@pytest.mark.parametrize(("noted", "reasons"), [("", []), (ImageRef(FAR).key, []), ("another", ["ImageSourceChanged"])])
def test_what_an_image_is_made_of_does_not_change(state: StateFolder, noted: str, reasons: list[str]) -> None:
    image = resource(Image, "debian", {"source": {"url": FAR}})
    write_image_note(Rooms(state.root, None), image.identity, noted)
    found = look(state, image)
    assert [outcome.reason for outcome in found.findings] == reasons and len(found.unseen) == 1


def test_a_template_that_no_plugin_gives_is_found(state: StateFolder) -> None:
    template = {"template": {"spec": {"pluginRef": {"name": "none"}}}}
    for replicas in (0, 1):
        found = look(state, resource(VirtualMachineDeployment, "new", {"replicas": replicas, **template}))
        assert [outcome.reason for outcome in found.findings] == ["MachinesRefused"]


def test_a_template_that_boots_from_nothing_is_found(state: StateFolder) -> None:
    plugin = resource(Plugin, "p", {"version": "1", "rootfs": {"url": FAR}})
    template = {"spec": {"pluginRef": {"name": "p"}, "boot": {"order": ["rot"]}}}
    wanted = resource(VirtualMachineDeployment, "new", {"replicas": 1, "template": template})
    found = look(state, wanted, plugin)
    assert [outcome.reason for outcome in found.findings] == ["BootOrderUnknown"]
    whole = template_with_plugin(wanted.spec.template, plugin)
    spec = MachineRevisionSpec(deployment="new", revision=1, template=whole, fingerprint="f")
    owner = OwnerReference(api_version=wanted.api_version, kind=wanted.kind, name="new", uid=wanted.metadata.uid, controller=True)
    for uid, found_too in ((wanted.metadata.uid, False), ("another's", True)):
        owners = (owner.model_copy(update={"uid": uid}),)
        made = MachineRevision(metadata=ObjectMeta(name="new-1", owner_references=owners), spec=spec)
        found = look(state, wanted, plugin, made)
        assert ("BootOrderUnknown" in [outcome.reason for outcome in found.findings]) is found_too


WHOLE = 0x30008  # bytes: so far go the tables that the header names


def test_what_lies_there_is_of_a_machine_that_is_there(state: StateFolder) -> None:
    """A machine that a deployment has yet to make is planned as if nothing lay in its place."""
    spec = {"disks": [{"name": "root", "size": "1Gi"}]}
    for name in ("new", "new-1"):
        disk = state.root / "machines" / "default" / name / "root.qcow2"
        disk.parent.mkdir(parents=True)
        disk.write_bytes(qcow2(2 * 2**30).ljust(WHOLE, b"\0"))
    assert [outcome.reason for outcome in look(state, machine(**spec)).findings] == ["DiskShrink"]
    deployment = resource(VirtualMachineDeployment, "new", {"replicas": 1, "template": {"spec": spec}})
    assert list(look(state, deployment).findings) == []


@pytest.mark.parametrize(
    ("replicas", "its_own", "reasons"), [(1, True, []), (2, True, ["NameInUse"]), (0, True, []), (1, False, ["NameInUse"])]
)
def test_a_replica_that_is_there_has_its_own_domain(
    state: StateFolder, tmp_path: Path, replicas: int, its_own: bool, reasons: list[str]
) -> None:
    spec: dict[str, Any] = {"replicas": replicas, "template": {"spec": {}}}
    deployment, replica = resource(VirtualMachineDeployment, "new", spec), resource(VirtualMachine, "new-1")
    if its_own:
        owned = replica.metadata.model_copy(update={"owner_references": (owner_reference(deployment),)})
        replica = replica.model_copy(update={"metadata": owned})
    domains = {"new-1": domain_uuid(replica.identity), "new-2": domain_uuid("another's")}
    made = "".join(
        f"<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>9000</memory><os><type>hvm</type></os></domain>"
        for name, uuid in domains.items()
    )
    node = tmp_path / "node.xml"
    node.write_text(f"{NODE}{made}</node>")
    state.remember_libvirt(f"test://{node}")
    assert [outcome.reason for outcome in look(state, deployment, replica).findings] == reasons


@pytest.mark.parametrize(("enabled", "reasons"), [(True, []), (False, ["PluginDisabled"])])
def test_a_plugin_that_makes_no_new_machines_is_found_of_a_new_one(state: StateFolder, enabled: bool, reasons: list[str]) -> None:
    plugin = resource(Plugin, "p", {"version": "1", "rootfs": {"url": FAR}, "enabled": enabled})
    found = look(state, machine(pluginRef={"name": "p"}), plugin)
    assert [outcome.reason for outcome in found.findings] == reasons


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("qemuArguments", ["-fw_cfg name=a,string=b"]),
        ("hostDevices", [{"name": "d", "usb": {"vendor": "046d", "product": "c31c"}}]),
        ("filesystems", [{"name": "f", "path": "/srv/a"}]),
    ],
)
def test_options_of_the_operator_are_not_known(state: StateFolder, field: str, given: list[Any]) -> None:
    found = look(state, machine(**{field: given}))
    assert not [outcome.reason for outcome in found.findings if "Allowed" in outcome.reason or "Shared" in outcome.reason]
    assert list(found.unseen) == [f"whether the operator's options allow {field} is not known here"]


def test_what_the_state_folder_is_called(state: StateFolder) -> None:
    nothing: Any = None
    looking = foresight._Look(nothing, nothing, nothing, state)
    assert looking._instance == ""
    state.identity.write_text("c0ffee\n")
    assert looking._instance == "c0ffee"


def test_a_disk_for_which_there_is_no_space(state: StateFolder) -> None:
    (note,) = look(state, resource(Disk, "new", {"size": "900Ti"})).notes
    assert "900Ti" in note
    assert list(look(state, resource(Disk, "new", {"size": "1Mi"})).notes) == []


@pytest.mark.parametrize(
    ("allowed", "reasons"), [(Allowed(), ["QemuArgumentsNotAllowed"]), (Allowed(qemu_arguments=True), [])], ids=["no", "yes"]
)
def test_options_of_the_last_up_are_known(state: StateFolder, allowed: Allowed, reasons: list[str]) -> None:
    say_allowed(state, allowed)
    found = look(state, machine(qemuArguments=["-fw_cfg name=a,string=b"]))
    assert [outcome.reason for outcome in found.findings] == reasons and list(found.unseen) == []


def test_folders_of_the_last_up_are_known(state: StateFolder) -> None:
    say_allowed(state, Allowed(folders=("/srv/a",)))
    for path, reasons in (("/srv/a", []), ("/srv/b", ["FolderNotShared"])):
        found = look(state, machine(filesystems=[{"name": "f", "path": path}]))
        assert [outcome.reason for outcome in found.findings if "Folder" in outcome.reason] == reasons and not found.unseen


def test_what_the_last_up_said_is_read_back_or_unknown(state: StateFolder) -> None:
    said = Allowed(True, False, ("/srv/a", "/srv/b"))
    say_allowed(state, said)
    before = state.allowed_file.stat().st_ino
    say_allowed(state, said)
    assert said_allowed(state) == said and state.allowed_file.stat().st_ino == before  # nothing is written twice
    for text in ("", "[]", '{"qemu_arguments": "yes"}'):
        state.allowed_file.write_text(text)
        assert said_allowed(state) is None
    state.allowed_file.unlink()
    assert said_allowed(state) is None


def test_the_host_is_looked_at_by_who_records_nothing(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, Any]] = []

    def opens(uri: str, **options: Any) -> LibvirtHost:
        opened.append({"uri": uri, **options})
        return LibvirtHost(uri, **options)

    monkeypatch.setattr(foresight, "LibvirtHost", opens)
    labels = {"rack": "7"}
    local = resource(Host, "local", {"uri": LIBVIRT})
    local = local.model_copy(update={"metadata": local.metadata.model_copy(update={"labels": labels})})
    for known, has in (((), None), ((local,), labels)):
        look(state, machine(), *known)
        asked = opened.pop()
        assert (asked["uri"], asked["marks_runs"], asked["labels"]) == (LIBVIRT, False, has)


def test_which_host_is_looked_at(state: StateFolder) -> None:
    new, there = machine(), resource(VirtualMachine, "new", {}, host="a")
    assert look(state, new).host == "local"
    write_hosts(state, {"a": KnownHost(LIBVIRT)})
    assert look(state, there).host == "a"
    found = look(state, new)
    assert found.host == "" and "VirtualMachine new is on no host yet" in found.unseen[0]
    assert "which no operator serves" in look(state, there, clustered=True).unseen[0]


def test_of_a_folder_that_nobody_serves_nothing_is_known(tmp_path: Path) -> None:
    bare = StateFolder.open(tmp_path / "bare")
    assert "no `homeostat up` has run" in look(bare, machine()).unseen[0]
    write_hosts(bare, {"a": KnownHost(LIBVIRT)})
    assert look(bare, resource(VirtualMachine, "new", {}, host="a")).host == "a"
    assert "on no host yet" in look(StateFolder.open(tmp_path / "other"), machine(), clustered=True).unseen[0]


async def test_the_store_as_it_would_be() -> None:
    a, b, far = machine("a"), machine("b"), machine("c")
    far = far.model_copy(update={"metadata": far.metadata.model_copy(update={"namespace": "lab"})})
    changed = machine("a", suspend=True)
    store: Any = _AsIf(Written(a, b, far), changed)
    assert await store.get(VirtualMachine, a.key) is changed and await store.get(VirtualMachine, b.key) is b
    assert await store.list(VirtualMachine) == [b, far, changed]
    assert await store.list(VirtualMachine, "default") == [b, changed]
    assert await store.list(VirtualMachine, "lab") == [far] and await store.list(Disk) == []
