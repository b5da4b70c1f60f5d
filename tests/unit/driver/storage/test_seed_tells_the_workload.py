"""What a plugin's workload is told, and no kernel of the plugin's has on its command line, stands in the seed's meta-data."""

from __future__ import annotations

import io
from typing import Any

import pycdlib
import pytest
import yaml
from pydantic import ValidationError

from homeostat.driver.storage.seed import build_seed
from homeostat.models.cloud_init import CloudInit
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.storage.seed import seed_files
from homeostat.planner.template import with_plugin

ENTRYPOINT = ["/bin/sh", "-c", "echo 'a b' \"$HOME\"; exec x: y\n- {}"]
ENV = {"PORT": "8080", "GREETING": "größe: 'yes'\n#no", "EMPTY": ""}
TOLD = {"homeostat_entrypoint": ENTRYPOINT, "homeostat_env": ENV}
ROOTFS = {"url": "https://example.org/web.qcow2"}
KERNEL = {"url": "https://example.org/vmlinuz"}


def made(plugin: dict[str, Any], **spec: Any) -> VirtualMachine:
    workload = {"entrypoint": ENTRYPOINT, "env": ENV}
    body = {"version": "1", "rootfs": ROOTFS, "workload": workload, **plugin}
    of = Plugin.model_validate({"metadata": {"name": "web"}, "spec": body})
    metadata = {"name": "web-1", "uid": "uid-1"}
    return with_plugin(VirtualMachine.model_validate({"metadata": metadata, "spec": {"pluginRef": {"name": "web"}, **spec}}), of)


def seed(machine: VirtualMachine) -> dict[str, str]:
    """The files as the guest finds them; empty where it has no seed."""
    if not (files := seed_files(machine)):
        return {}
    disc, found = pycdlib.PyCdlib(), {}
    disc.open_fp(io.BytesIO(build_seed(files)))
    for name, _ in files:
        disc.get_file_from_iso_fp(out := io.BytesIO(), joliet_path=f"/{name}")
        found[name] = out.getvalue().decode()
    disc.close()
    return found


def meta_data(machine: VirtualMachine) -> Any:
    return yaml.safe_load(seed(machine)["meta-data"])


def test_it_gets_a_seed_where_there_was_none() -> None:
    assert meta_data(made({})) == {"instance-id": "uid-1", "local-hostname": "web-1", **TOLD}
    assert seed(made({}))["user-data"] == ""


def test_it_joins_the_seed_of_plugin_or_machine() -> None:
    given = {"userData": "#cloud-config\n", "metaData": "{instance-id: i-7}", "variables": {"tier": "front"}}
    for machine in (made({"cloudInit": given}), made({"cloudInit": {"userData": "#!/bin/no"}}, cloudInit=given)):
        assert meta_data(machine) == {"instance-id": "i-7", "tier": "front", **TOLD}
        assert seed(machine)["user-data"] == "#cloud-config\n"


def test_a_workload_that_is_told_nothing_makes_no_seed() -> None:
    assert seed(made({"workload": {"type": "daemon"}})) == {}


def test_with_the_plugins_kernel_it_stands_on_the_command_line_only() -> None:
    assert seed(made({"kernel": KERNEL})) == {}
    assert meta_data(made({"kernel": KERNEL}, boot={"kernel": {"path": "/boot/own"}}))["homeostat_env"] == ENV


def test_a_machine_that_wants_no_seed_gets_none() -> None:
    assert seed(made({"cloudInit": {"userData": "#!/bin/no"}}, cloudInit={"enabled": False})) == {}


def test_other_words_make_another_seed_and_the_same_words_the_same() -> None:
    assert seed_files(made({})) == seed_files(made({}))
    assert seed_files(made({})) != seed_files(made({"workload": {"entrypoint": ["/init"]}}))


@pytest.mark.parametrize("text", ["- a list", "a word", "a: [", "x: !!python/object:os.system {}", "[" * 1000])
def test_meta_data_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="metaData"):
        CloudInit.model_validate({"metaData": text})


MERGES = "a0: &a0 {a: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 11))


@pytest.mark.parametrize("text", [MERGES, "a: !!bool x", "a: !!timestamp x", "a: 2024-13-45", "&a {<<: *a}", "? [a]\n: b"])
@pytest.mark.parametrize("field", ["metaData", "networkConfig"])
def test_what_no_values_can_be_made_of_is_refused_at_once(text: str, field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        CloudInit.model_validate({field: text})
