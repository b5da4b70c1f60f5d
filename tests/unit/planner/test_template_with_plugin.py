"""What a machine is made of when it follows a plugin: its own spec, and for the rest the plugin's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.machine import RunStrategy, VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.models.probe import Probes
from homeostat.planner.template import plugin_fingerprint, with_plugin

ROOTFS = {"url": "https://example.org/nginx.qcow2"}
KERNEL = {"url": "https://example.org/vmlinuz"}


def plugin(**spec: Any) -> Plugin:
    image = {} if "kernel" in spec else {"rootfs": ROOTFS}
    return Plugin.model_validate({"metadata": {"name": "nginx"}, "spec": {"version": "1", **image, **spec}})


def made(of: Plugin, labels: dict[str, str] | None = None, **spec: Any) -> VirtualMachine:
    body = {"metadata": {"name": "web", "labels": labels or {}}, "spec": {"pluginRef": {"name": "nginx"}, **spec}}
    return with_plugin(VirtualMachine.model_validate(body), of)


def test_an_empty_spec_is_the_plugins() -> None:
    web = made(plugin(rootfsSize="2Gi", resources={"vcpu": 2, "memory": "1Gi"}, cloudInit={"userData": "#"}))
    assert (web.spec.resources.vcpu, web.spec.resources.memory) == (2, 2**30)
    (root,) = web.spec.disks
    assert (root.name, root.size, root.image and root.image.url) == ("root", 2 * 2**30, ROOTFS["url"])
    assert [(nic.name, nic.network) for nic in web.spec.nics] == [("lan", "default")]
    assert web.spec.cloud_init and web.spec.cloud_init.user_data == "#"
    assert web.spec.run_strategy is RunStrategy.ALWAYS
    assert web.spec.probes is None


def test_what_the_machine_sets_stands_field_by_field() -> None:
    of = plugin(resources={"vcpu": 2, "memory": "1Gi", "cpu": {"model": "qemu64", "features": ["+aes"]}})
    resources = made(of, resources={"memory": "512Mi", "cpu": {"model": "max"}}).spec.resources
    assert (resources.vcpu, resources.memory) == (2, 512 * 2**20)  # the default, but said
    assert (resources.cpu.model, resources.cpu.features) == ("max", ("+aes",))


def test_what_the_machine_sets_to_nothing_is_nothing() -> None:
    of = plugin(workload={"type": "http", "port": 80}, cloudInit={"userData": "#"})
    web = made(of, nics=[], probes={}, cloudInit={"enabled": False})
    assert (web.spec.nics, web.spec.probes, web.spec.seed) == ((), Probes(), None)


def test_null_sets_nothing_as_in_kubernetes() -> None:
    of = plugin(workload={"type": "http", "port": 80}, cloudInit={"userData": "#"})
    assert made(of, probes=None, cloudInit=None).spec == made(of).spec


def test_own_disks_take_the_place_of_the_plugins_of_their_name() -> None:
    of = plugin(disks=[{"name": "data", "size": "1Gi"}])
    own = [{"name": "more", "size": "3Gi"}, {"name": "data", "size": "2Gi"}, {"name": "root", "size": "20Gi"}]
    root, data, more = made(of, disks=own).spec.disks
    assert (root.name, root.size, root.image and root.image.url) == ("root", 20 * 2**30, ROOTFS["url"])
    assert (data.name, data.size, data.image) == ("data", 2 * 2**30, None)
    assert more.name == "more"


def test_an_own_image_replaces_the_plugins() -> None:
    (root,) = made(plugin(rootfsSize="9Gi"), disks=[{"name": "root", "image": {"path": "/srv/own.qcow2"}}]).spec.disks
    assert root.image and (root.image.path, root.image.url, root.size) == ("/srv/own.qcow2", None, None)


def test_the_order_to_boot_from_may_name_the_plugins_disks() -> None:
    assert made(plugin(), boot={"order": ["root"]}).spec.boot.order == ("root",)


def test_a_kernel_boots_with_what_the_workload_is_told() -> None:
    hostile = ["/bin/sh", "-c", "echo 'a b' \"$HOME\"; init=/x"]
    of = plugin(kernel=KERNEL, initramfs=KERNEL, cmdline="console=ttyS0", workload={"entrypoint": hostile, "env": {"Ä": "1 2"}})
    boot = made(of).spec.boot
    assert boot.kernel and boot.kernel.url == KERNEL["url"] and boot.initramfs
    first, entrypoint, env = (boot.cmdline or "").split(" ")
    assert first == "console=ttyS0"
    assert json.loads(base64.urlsafe_b64decode(entrypoint.removeprefix("homeostat.entrypoint="))) == hostile
    assert json.loads(base64.urlsafe_b64decode(env.removeprefix("homeostat.env="))) == {"Ä": "1 2"}


def test_an_own_kernel_is_booted_as_it_is() -> None:
    of = plugin(kernel=KERNEL, workload={"entrypoint": ["/init"]})
    boot = made(of, boot={"kernel": {"path": "/boot/own"}}).spec.boot
    assert boot.kernel and (boot.kernel.path, boot.cmdline) == ("/boot/own", None)


def test_a_command_line_that_a_kernel_would_cut_off_is_refused() -> None:
    with pytest.raises(ValidationError, match="a kernel reads 2047"):
        plugin(kernel=KERNEL, workload={"env": {"LONG": "x" * 2000}})
    plugin(workload={"env": {"LONG": "x" * 2000}})


@pytest.mark.parametrize(("type", "field"), [("http", "http_get"), ("tcp", "tcp_socket")])
def test_a_workload_that_serves_a_port_is_ready_when_it_answers(type: str, field: str) -> None:
    probes = made(plugin(workload={"type": type, "port": 8080})).spec.probes
    assert probes and probes.readiness and getattr(probes.readiness, field).port == 8080


def test_probes_that_are_given_stand() -> None:
    liveness = {"liveness": {"guestAgentPing": {}}}
    probes = made(plugin(workload={"type": "tcp", "port": 80}, probes=liveness)).spec.probes
    assert probes and probes.readiness is None and probes.liveness


def test_a_batch_workload_runs_once_unless_told_otherwise() -> None:
    batch = plugin(workload={"type": "batch"})
    assert made(batch).spec.run_strategy is RunStrategy.ONCE
    assert made(batch, runStrategy="Always").spec.run_strategy is RunStrategy.ALWAYS


def test_labels_join_and_the_machines_win() -> None:
    web = made(plugin(labels={"a": "plugin", "b": "plugin"}), labels={"a": "own"})
    assert web.metadata.labels == {"a": "own", "b": "plugin"}


def test_a_plugin_gives_no_label_that_homeostat_goes_by() -> None:
    given = plugin(labels={"a": "plugin", "homeostat.dev/id": "hers", "homeostat.dev/owner": "alice"})
    assert made(given).metadata.labels == {"a": "plugin"}
    assert made(given, labels={"homeostat.dev/id": "own"}).metadata.labels == {"a": "plugin", "homeostat.dev/id": "own"}


def test_whatever_changes_a_guest_is_in_the_fingerprint() -> None:
    known = plugin_fingerprint(plugin())
    for same in (
        {"enabled": False},
        {"description": "x"},
        {"labels": {"a": "b"}},
        {"openapi": {}},
        {"workload": {"baseUrl": "http://x/"}},
        {"workload": {"type": "daemon"}, "resources": {"vcpu": 1}},
    ):
        assert plugin_fingerprint(plugin(**same)) == known, same
    for other in (
        {"version": "2"},
        {"rootfsSize": "1Gi"},
        {"resources": {"vcpu": 2}},
        {"workload": {"env": {"A": "1"}}},
        {"probes": {"liveness": {"guestAgentPing": {}}}},
        {"cloudInit": {"userData": "#"}},
        {"disks": [{"name": "data", "size": "1Gi"}]},
        {"nics": [{"name": "lan", "bridge": "br0"}]},
        {"kernel": KERNEL},
    ):
        assert plugin_fingerprint(plugin(**other)) != known, other


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"disks": [{"name": "root", "size": "1Gi"}]}, "kept for the disk that rootfs makes"),
        ({"disks": [{"name": "a", "size": "1Gi"}] * 2}, "'a' is used twice"),
        ({"nics": [{"name": "a", "network": "default"}] * 2}, "'a' is used twice"),
        ({"rootfs": None}, "needs a rootfs, or a kernel"),
        ({"workload": {"type": "http"}}, "needs a port"),
    ],
)
def test_a_plugin_that_cannot_work_is_refused(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        plugin(**spec)


def test_the_next_version_of_homeostat_replaces_no_machine_for_its_plugin() -> None:
    """The fingerprint of a plugin is written down: were it made in another way, every machine would be made anew."""
    spec = {"version": "1", "kernel": {"path": "/boot/k"}, "resources": {"vcpu": 3, "memory": "1Gi"}, "cmdline": "quiet"}
    made = Plugin.model_validate({"metadata": {"name": "p"}, "spec": {**spec, "workload": {"type": "http", "port": 80}}})
    assert plugin_fingerprint(made) == "a5004333cdc8"
