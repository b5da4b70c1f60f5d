"""What a request may ask for: judged by what it changes, with plugins, limits and folders as they are now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.service.asking import Asking
from homeostat.service.changing.admission import Admission
from homeostat.service.refusals import Refusal
from homeostat_api.config import ApiConfig
from homeostat_api.http.errors import Problem
from homeostat_contracts.volant.errors import from_refusal

API = "homeostat.dev/v1alpha1"
ONCE = {"nics": [{"name": "lan", "network": "lab", "mac": "52:54:00:11:22:33"}]}


def plugin(name: str, kind: str, **spec: Any) -> Plugin:
    rootfs = {"url": f"https://plugins.example.com/{name}.qcow2"}
    workload = {"type": kind, **({"port": 80} if kind == "http" else {})}
    return Plugin.model_validate(
        {"metadata": {"name": name}, "spec": {"version": "1", "workload": workload, "rootfs": rootfs, **spec}}
    )


class Shelf:
    """The plugins that there are."""

    def __init__(self) -> None:
        self.plugins = {
            name: plugin(name, kind, **more)
            for name, kind, more in (
                ("web", "http", {}),
                ("batch", "batch", {}),
                ("job", "batch", {}),
                ("off", "http", {"enabled": False}),
            )
        }
        self.workspace: Any = SimpleNamespace(store=self, namespace="default", desired=None)

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        return self.plugins.get(key.name)


def refusal(before: Resource | None, wanted: dict[str, Any], **config: Any) -> Problem | None:
    """None: it is let in. ``wanted``: a document, or a patch of ``before``."""
    changes: Any = None
    admission = Admission(
        Asking(HOUSE, Shelf().workspace, changes, ApiConfig(Path("/srv/machines"), Path("/srv/state"), **config))
    )
    try:
        if before is None:
            asyncio.run(admission.new(wanted))
        else:
            asyncio.run(admission.change(before, wanted))
    except Refusal as refused:
        return from_refusal(refused)
    except Problem as problem:
        return problem
    return None


def code(before: Resource | None, wanted: dict[str, Any], **config: Any) -> tuple[int, str] | None:
    found = refusal(before, wanted, **config)
    return (found.status_code, found.problem_code) if found else None


def machine(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "vm"}, "spec": spec}


def deployment(replicas: int = 1, **template: Any) -> dict[str, Any]:
    spec = {"replicas": replicas, "template": {"spec": template}}
    return {**machine(), "kind": "VirtualMachineDeployment", "spec": spec}


def of(name: str, **more: Any) -> dict[str, Any]:
    return {"pluginRef": {"name": name}, **more}


def stands(document: dict[str, Any]) -> Resource:
    kind = VirtualMachine if document["kind"] == "VirtualMachine" else VirtualMachineDeployment
    return kind.model_validate({**document, "status": {"observedGeneration": 1}})


@pytest.mark.parametrize(
    ("had", "wanted", "limit", "let_in"),
    [
        (None, 5, 5, True),
        (None, 6, 5, False),
        (None, 0, 0, True),
        (None, 1, 0, False),  # of none before, one is more
        (9, 8, 5, True),
        (9, 9, 5, True),
        (9, 10, 5, False),
        (0, 1, 0, False),
    ],
)
def test_replicas_are_bounded_where_they_grow(had: int | None, wanted: int, limit: int, let_in: bool) -> None:
    before = None if had is None else stands(deployment(had))
    asked = deployment(wanted) if had is None else {"spec": {"replicas": wanted}}
    found = refusal(before, asked, max_replicas=limit)
    assert (found is None) is let_in
    if found:
        assert found.status_code == 400 and found.details == {"max_replicas": limit}


def test_a_plugin_must_be_there_and_enabled_where_it_is_chosen() -> None:
    for document in (machine, deployment):
        assert code(None, document(**of("web"))) is None
        assert code(None, document(**of("none"))) == (404, "plugin_not_found")
        assert code(None, document(**of("off"))) == (409, "plugin_disabled")
        assert code(stands(document(**of("off"))), {"spec": {"paused": True} if document is deployment else {}}) is None
    bare = stands(machine())
    assert code(bare, {"spec": of("off")}) == (409, "plugin_disabled")
    assert code(stands(machine(**of("off"))), {"spec": of("web")}) is None
    assert code(stands(machine(**of("web"))), {"spec": of("none")}) == (404, "plugin_not_found")


def test_a_deployment_keeps_no_machines_that_end() -> None:
    assert code(None, machine(**of("batch"))) is None
    found = refusal(None, deployment(**of("batch")))
    assert found is not None and found.details == {"plugin": "batch"}
    assert (found.title or "").startswith("template.spec.pluginRef: ")
    stood = stands(deployment(**of("batch")))
    assert code(stood, {"spec": {"replicas": 2}}) is None, "it was so before"
    for before, name in ((stands(deployment(**of("web"))), "batch"), (stood, "job"), (stands(deployment()), "batch")):
        assert code(before, {"spec": {"template": {"spec": of(name)}}}) == (400, "invalid_request")


def test_what_there_can_be_one_of_is_not_repeated() -> None:
    assert code(None, deployment(0, **ONCE)) is None
    found = refusal(None, deployment(2, **ONCE))
    assert found is not None and found.status_code == 400 and found.title
    before = stands(deployment(2, **ONCE))
    assert code(before, {"spec": {"paused": True}}) is None
    assert code(stands(deployment(2)), {"spec": {"template": {"spec": ONCE}}}) == (400, "invalid_request")
    assert code(stands(deployment(0, **ONCE)), {"spec": {"replicas": 2}}) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("scheme", "place", "let_in"),
    [
        ("url", "https://images.example.com/a.qcow2", True),
        ("url", "file://{}/images/a.qcow2", True),
        ("path", "{}/images/a.qcow2", True),
        ("path", "images/a.qcow2", False),
        ("path", "{}/outside.qcow2", False),
        ("url", "file://{}/outside.qcow2", False),
        ("path", "/boot/vmlinuz", True),  # that one the server names
        ("url", "file:///boot/vmlinuz", False),
    ],
)
def test_images_come_from_the_folders_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, place: str, let_in: bool
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.qcow2").touch()
    (tmp_path / "outside.qcow2").touch()
    monkeypatch.chdir(tmp_path)
    config: dict[str, Any] = {"image_folders": (tmp_path / "none", tmp_path / "images"), "plugin_kernel": "/boot/vmlinuz"}
    disk = {"disks": [{"name": "root", "image": {scheme: place.format(tmp_path)}}]}
    found = refusal(None, machine(**disk), **config)
    assert (found is None) is let_in
    assert code(stands(machine(**disk)), {"spec": {"resources": {"vcpu": 2}}}, **config) is None, "it stood there before"
    changed = refusal(stands(machine()), {"spec": disk}, **config)
    assert (changed is None) is let_in
    if found:
        assert (found.status_code, found.problem_code) == (400, "source_refused")
        assert found.details == {"source": place.format(tmp_path)}
        relative = not place.startswith(("{", "file"))
        assert ("give an http(s):// or file:/// address" in (found.title or "")) is relative


def test_a_refused_image_says_whose_choice_that_is() -> None:
    def title(url: str) -> str:
        found = refusal(None, machine(disks=[{"name": "root", "image": {"url": url}}]))
        assert found is not None
        return found.title or ""

    assert title("file:///etc/shadow").endswith("; the server's --image-folder allows folders")
    assert "--image-folder" not in title("http://169.254.169.254/latest/meta-data")


def test_the_source_that_is_named_is_cut() -> None:
    found = refusal(None, machine(disks=[{"name": "root", "image": {"path": "x" * 1_200}}]))
    assert found is not None and len(found.details["source"]) == 512


def test_password_files_lie_in_a_folder_that_is_named(tmp_path: Path) -> None:
    folders = (tmp_path / "images", tmp_path / "more")
    for place in ("images/vnc", "more/vnc", "more-of-it/vnc", "images"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).mkdir(exist_ok=True) if place == "images" else (tmp_path / place).write_text("secret")
    (tmp_path / "images" / "link").symlink_to(tmp_path / "more-of-it" / "vnc")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place, let_in in {"images/vnc": True, "more/vnc": True, "more-of-it/vnc": False, "images/link": False, "images": False,
                          "loop": False}.items():  # fmt: skip
        vnc = {"display": {"vnc": {"passwordFile": str(tmp_path / place)}}}
        found = refusal(None, machine(**vnc), image_folders=folders)
        assert (found is None) is let_in, place
        assert found is None or found.problem_code == "source_refused"
        assert code(stands(machine(**vnc)), {"spec": {"resources": {"vcpu": 2}}}, image_folders=folders) is None
        changed = {"spec": vnc}
        before = stands(machine(display={"vnc": {}}))
        assert (code(before, changed, image_folders=folders) is None) is let_in


def test_what_is_not_valid_is_the_stores_to_refuse() -> None:
    assert code(None, machine(resources={"vcpu": -1}, **of("none"))) is None
    assert code(stands(machine()), {"spec": {"resources": {"vcpu": -1}, **of("none")}}) is None


def network(**spec: Any) -> Network:
    return Network.model_validate({"apiVersion": API, "kind": "Network", "metadata": {"name": "lan"}, "spec": spec})


def lan(*addresses: str) -> dict[str, Any]:
    return {"addresses": [{"cidr": cidr} for cidr in addresses]}


@pytest.mark.parametrize(
    "cidr",
    ["8.8.8.1/24", "192.0.2.1/24", "11.0.0.1/8", "9.255.0.1/9", "172.15.0.1/11", "2001:db8::1/64", "fe00::1/16", "100.0.0.1/9"],
)
def test_security_a_request_takes_no_subnet_from_the_host(cidr: str) -> None:
    found = refusal(None, network(**lan("10.1.0.1/24", cidr)).dump())
    assert found is not None and "is not private" in found.message
    had = network(**lan(cidr))
    assert code(had, {"spec": {"mtu": 1400}}) is None, "the folder's owner said so"
    assert code(had, {"spec": lan(cidr, "10.1.0.1/24")}) is None
    assert code(network(**lan("10.1.0.1/24")), {"spec": lan(cidr)}) is not None


@pytest.mark.parametrize("cidr", ["10.0.0.1/8", "172.31.255.1/24", "192.168.1.1/24", "100.64.0.1/10", "fd00::1/64"])
def test_security_private_subnets_are_let_in(cidr: str) -> None:
    assert code(None, network(**lan(cidr)).dump()) is None


def test_security_a_request_neither_adopts_a_network_nor_changes_an_adopted_one() -> None:
    dns = {"dns": {"hosts": [{"ip": "10.0.0.66", "names": ["updates.example.com"]}]}}
    had = network(adopt="default")
    for before, wanted in (
        (None, had.dump()),
        (network(**lan("10.1.0.1/24")), {"spec": {"adopt": "default"}}),
        (had, {"spec": dns}),
        (had, {"spec": {"adopt": None, **lan("10.1.0.1/24")}}),
        (had, {"spec": {"adopt": "other"}}),
    ):
        found = refusal(before, wanted)
        assert found is not None and "in the folder" in found.message
    assert code(had, {"metadata": {"labels": {"a": "b"}}}) is None
