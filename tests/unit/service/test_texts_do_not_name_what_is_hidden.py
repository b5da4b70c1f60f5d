"""What an account is told of its own names nothing that it does not see: findings of a dry run, and what a status says."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import homeostat
from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.base import API_VERSION, OWNER, Key, Resource
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.runtime.deployment.reconcile import owner_reference
from homeostat.runtime.engine.ports import Event
from homeostat.service.naming.plain_words import PLAIN_WORDS
from homeostat.service.naming.veil import HIDDEN, said_of, veiled
from homeostat.store.errors import AlreadyExists, NotEditable
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Served, Written, condition, resource
from tests.unit.store_fixtures import Room

CARD = {"name": "n", "network": "default", "mac": "52:54:00:aa:bb:cc"}
SEES_WEB = Grant(frozenset({Right.SEE}), "lab", "VirtualMachine", "web")


def actor(role: Role = Role.USER, *grants: Grant) -> Actor:
    return Actor("session", role, "alice", frozenset(Right), grants, author="alice")


ALICE = actor()


def owned(of: Resource, owner: str, namespace: str = "default") -> Any:
    meta = of.metadata.model_copy(update={"labels": {OWNER: owner}, "namespace": namespace})
    return of.model_copy(update={"metadata": meta})


MINE = owned(resource(VirtualMachine, "mine", {"nics": [CARD], "disks": [{"name": "web", "size": "1Gi"}]}), "alice")
BOBS = [
    owned(resource(VirtualMachine, "web", {"nics": [CARD]}), "bob", "lab"),
    owned(resource(Disk, "data", {"size": "1Gi"}), "bob"),
    owned(resource(Network, "lan", {"addresses": [{"cidr": "192.168.9.1/24"}]}), "bob"),
    resource(Host, "local", {"uri": "test:///default"}),
]


async def told(text: str, asks: Actor = ALICE, about: VirtualMachine = MINE) -> str:
    desk = Written(MINE, *BOBS).desk(Path("/nowhere"), asks)
    return (await veiled(desk.asking, about, [text]))[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nics[n]: mac 52:54 on network default is taken by machine lab/web: choose it", "taken by machine (not yours):"),
        ("disks[web]: its file is taken by Disk data, until that goes", "disks[web]: its file is taken by Disk (not yours),"),
        ("overlaps network 'lan', which is up", "overlaps network '(not yours)', which"),
        ("its domain would be named 'lab--web', which", "named '(not yours)', which"),
        ("the file /var/machines/lab/web/root.qcow2 has gone", "/var/machines/lab/(not yours)/root.qcow2"),
        ("used by vm/web.", "used by (not yours)."),
        ("machine mine has it, on host local", "machine mine has it, on host local"),  # its own, and where it is
        ("Web, web2 and a-web are others", "Web, web2 and a-web are others"),
        ("host local has no network 'x': define it with `virsh`, or name one of: default, x; tpm: none", "`virsh`; tpm: none"),
        ("has no network device 'e': name one of eth0, eth1", "device 'e'"),
        ("is taken by domain strange, which runs with it", "by domain (not yours), which runs with it"),
        ("is taken by domain strange, which is saved with it", "by domain (not yours), which is saved with it"),
        ("(uuid 1-2) that belongs to another Homeostat resource (x/y), and", " that belongs to another Homeostat resource, and"),
    ],
)  # fmt: skip
async def test_what_is_hidden_is_not_named(text: str, shown: str) -> None:
    assert shown in await told(text)
    for desk in (HOUSE, actor(Role.MODERATOR)):
        assert await told(text, desk) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nics[n]: host local has no network 'lan': define it with `virsh net-define`", None),
        ("the spec changed disks[d18]", None),
        ("resources.memory is 900Gi, but host local has 18393Mi: less memory", None),
        ("its file is taken by machine host, until that goes", "its file is taken by machine (not yours), until that goes"),
        ("overlaps network 'network', which is up", "overlaps network '(not yours)', which is up"),
        ("belongs to another Network, default/memory", "belongs to another Network, (not yours)"),
    ],
)
async def test_names_that_are_words_of_our_sentences_spoil_none(text: str, shown: str | None) -> None:
    names = ("the", "spec", "changed", "host", "network", "memory", "but", "has", "define", "less")
    bobs = [owned(resource(VirtualMachine, name, {}), "bob") for name in names]
    desk = Written(MINE, *bobs).desk(Path("/nowhere"), ALICE)
    assert (await veiled(desk.asking, MINE, [text]))[0] == (shown or text)


def test_the_words_of_our_messages_are_known() -> None:
    """Most of them: a new message may have some that stand nowhere else."""
    found, word = Counter[str](), re.compile(r"(?<![\w.\[/'`-])[a-z]+(?![\w/'`-])")
    for room in ("planner", "runtime", "driver", "service"):
        for path in Path(homeostat.__file__).parent.joinpath(room).rglob("*.py"):
            nodes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
            found.update(one for node in nodes if " " in str(node.value) for one in word.findall(str(node.value)))
    known = sum(count for word, count in found.items() if word in PLAIN_WORDS)
    assert known / found.total() > 0.85


async def test_what_one_may_see_is_named() -> None:
    text = "is taken by machine lab/web"
    assert await told(text, actor(Role.USER, SEES_WEB)) == text
    named = owned(resource(VirtualMachine, "mine", {"disks": [{"name": "d", "diskRef": {"name": "data"}}]}), "alice")
    assert await told("Disk data is not there yet", about=named) == "Disk data is not there yet"


@pytest.mark.parametrize(("of", "shown"), [("alice", "web-1: 0 of 2 exist"), ("bob", f"{HIDDEN}: 0 of 2 exist")])
async def test_a_replica_is_called_like_a_revision_of_its_deployment(of: str, shown: str) -> None:
    deployment = owned(resource(VirtualMachineDeployment, "web", {"replicas": 1, "template": {"spec": {}}}), of)
    spec = {"deployment": "web", "revision": 1, "template": {"spec": {}}, "fingerprint": "f"}
    parts = [resource(MachineRevision, "web-1", spec), resource(VirtualMachine, "web-1")]
    above = (owner_reference(deployment),)
    its = [one.model_copy(update={"metadata": one.metadata.model_copy(update={"owner_references": above})}) for one in parts]
    desk = Written(deployment, *its).desk(Path("/nowhere"), ALICE)
    assert await veiled(desk.asking, deployment, ["web-1: 0 of 2 exist"]) == [shown]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    found = StateFolder.open(tmp_path / "state")
    found.remember_libvirt("test:///default")
    return found


async def test_a_dry_run_names_nothing_that_is_hidden(state: StateFolder) -> None:
    screen = {"display": {"vnc": {"port": 5999}}}
    rival = owned(resource(VirtualMachine, "rival", {"nics": [CARD], **screen}), "bob")
    new = owned(resource(VirtualMachine, "new", {"nics": [CARD, {"name": "m", "network": "x"}], **screen}), "alice")
    store = Written(rival)
    for asks, named in ((HOUSE, True), (ALICE, False)):
        found = await store.desk(state.root, asks).machines.foresee(new)
        (outcome,) = found.findings if found else ()
        assert outcome.reason == "NetworkUnknown" and "no network 'x'" in outcome.message
        assert outcome.message.count("rival") == (2 if named else 0) and (HIDDEN in outcome.message) is not named
        assert ("name one of" in outcome.message) is named


async def test_a_status_names_nothing_that_is_hidden() -> None:
    said = [condition("Ready", "False", "mac 52:54 is taken by machine lab/web", "MacTaken")]
    mine = owned(resource(VirtualMachine, "mine", {}, conditions=said, host="local", state="Running"), "alice")
    disk = owned(resource(Disk, "own", {"size": "1Gi"}, attachedTo="web", conditions=[]), "alice")
    image = owned(resource(Image, "img", {"source": {"url": "http://x.example/i"}}, usedBy=["vm/web", "vm/mine"]), "alice")
    store = Written(mine, disk, image, *BOBS)
    alice, admin = store.desk(Path("/nowhere"), ALICE), store.desk(Path("/nowhere"))
    seen: Any = (await alice.machines.get("mine")).status
    assert seen.conditions[0].message == f"mac 52:54 is taken by machine {HIDDEN}" and seen.conditions[0].reason == "MacTaken"
    assert (seen.host, seen.state) == ("local", "Running")
    assert ((await alice.disks.get("own")).status or image).attached_to == HIDDEN  # type: ignore[union-attr]
    assert ((await alice.images.get("img")).status or disk).used_by == (HIDDEN, "vm/mine")  # type: ignore[union-attr]
    changed: Any = await alice.machines.patch(await alice.machines.get("mine"), {"spec": {"suspend": True}}, dry=True)
    assert changed.status.conditions[0].message == f"mac 52:54 is taken by machine {HIDDEN}"
    assert await admin.machines.get("mine") == mine and await admin.disks.get("own") == disk


async def test_values_that_differ_name_nothing_that_is_hidden() -> None:
    """``lan`` is a Network of bob's. What alice wrote herself she reads, also where bob has something of that name."""
    drift = [
        {"field": "nics[n].network", "old": "lan", "new": "data", "disruption": "Live"},
        {"field": "disks[d]", "old": "/srv/machines/lab/web/root.qcow2", "new": "removed", "disruption": "Live"},
    ]
    changes = [{"field": "resources.memory", "old": "512Mi", "new": "1Gi", "disruption": "NeedsRestart"}]
    spec = {"nics": [{"name": "n", "network": "data"}]}
    mine = owned(resource(VirtualMachine, "mine", spec, drift=drift, changes=changes), "alice")
    network = resource(
        Network,
        "own",
        {"addresses": [{"cidr": "192.168.8.1/24"}]},
        hosts=[{"name": "local", "network": "own", "changes": [{**drift[0], "field": "bridge"}]}],
    )
    store = Written(mine, owned(network, "alice"), *BOBS)
    alice, admin = store.desk(Path("/nowhere"), ALICE), store.desk(Path("/nowhere"))
    seen: Any = (await alice.machines.get("mine")).status
    assert [(one.old, one.new) for one in seen.drift] == [
        (HIDDEN, "data"),
        (f"/srv/machines/lab/{HIDDEN}/root.qcow2", "removed"),
    ]
    assert [(one.field, one.old, one.new) for one in seen.changes] == [("resources.memory", "512Mi", "1Gi")]
    there: Any = (await alice.networks.get("own")).status
    assert [(one.old, one.new) for one in there.hosts[0].changes] == [(HIDDEN, HIDDEN)]
    assert await admin.machines.get("mine") == mine
    (listed,) = await alice.readable([mine], [said_of(mine)])
    assert listed.status == seen


async def test_many_statuses_and_events_name_nothing_that_is_hidden() -> None:
    """``foreign`` names what is of nobody here, ``fine`` nobody at all."""
    says = {"mine": "is taken by machine lab/web", "fine": "in sync", "foreign": "is taken by domain x, which runs with it"}
    machines = [
        owned(resource(VirtualMachine, name, {}, conditions=[condition("Ready", "False", text)]), "alice")
        for name, text in says.items()
    ]
    store = Written(*machines, *BOBS)
    alice, admin = store.desk(Path("/nowhere"), ALICE), store.desk(Path("/nowhere"))
    said = [said_of(machine) for machine in machines]
    read: Any = await alice.readable(machines, said)
    shown = [one.status.conditions[0].message for one in read]
    assert shown == [f"is taken by machine {HIDDEN}", "in sync", f"is taken by domain {HIDDEN}, which runs with it"]
    assert read[1] is machines[1] and await admin.readable(machines, said) == machines
    event = Event(7, "2026-01-01T00:00:00Z", machines[0].key, "Warning", "Failed", "machine mine: taken by lab/web")
    assert (await alice.told(event)).message == f"machine mine: taken by {HIDDEN}" and await admin.told(event) is event


async def test_a_folder_is_asked_for_names_of_all_kinds_and_namespaces(room: Room) -> None:
    served = Served(room)
    await served.service("lab").machines.make("web", {})
    for name in ("web", "other"):
        await served.service().disks.make(name, {"size": "1Gi"})
    found = room.store.named({"web", "none"})
    assert sorted(found) == [Key("Disk", "default", "web"), Key("VirtualMachine", "lab", "web")]


async def test_what_the_store_refuses_names_nothing_that_is_hidden(room: Room) -> None:
    """Of a name that is taken, not by which file; of a file that is not edited, not who else stands in it."""
    head = "  - apiVersion: homeostat.dev/v1alpha1\n    kind: VirtualMachine\n    metadata: {name: "
    mine = head + f"mine, labels: {{{OWNER}: alice}}}}\n    spec:\n      hostSelector: &web {{a: b}}\n"
    list_of = "apiVersion: v1\nkind: List\nitems:\n" + mine + head + "web}\n    spec:\n      hostSelector: *web\n"
    room.write("secret-plan.yaml", list_of)
    room.sync()
    service = Served(room).whole()
    alice, admin = service.asked_by(ALICE), service.asked_by(HOUSE)
    for desk, named in ((alice, False), (admin, True)):
        for dry in (True, False):
            with pytest.raises(AlreadyExists) as taken:
                await desk.machines.make("web", {}, dry=dry)
            assert ("secret-plan.yaml" in str(taken.value)) is named and "exists already" in str(taken.value)
        with pytest.raises(NotEditable) as changed:
            await desk.machines.patch(await desk.machines.get("mine"), {"spec": {"hostSelector": {"a": "c"}}})
        with pytest.raises(NotEditable) as applied:
            document = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "mine"}}
            await desk.machines.apply({**document, "spec": {"hostSelector": {"a": "c"}}})
        with pytest.raises(NotEditable) as deleted:
            await desk.machines.delete(await desk.machines.get("mine"))
        for refused in (changed, applied, deleted):
            assert ("web" in str(refused.value)) is named and "Nothing was changed" in str(refused.value)
    with pytest.raises(AlreadyExists, match="secret-plan"):
        await alice.machines.make("mine", {})
