"""Law: what `get -o yaml` and `-o json` print says all that the document said, also where it says none; null says nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.cli.show.output import as_document, to_yaml
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.storage.seed import seed_files
from homeostat.planner.template import with_plugin
from homeostat.store.files.reading.validate import validate
from homeostat.store.files.text.documents import read_documents
from homeostat.store.merge import merge_difference
from homeostat.store.three_way import apply_patch
from tests.unit.machines import flat, specs

PLUGIN = Plugin.model_validate(
    {
        "metadata": {"name": "page"},
        "spec": {
            "version": "1",
            "rootfs": {"url": "https://example.org/page.qcow2"},
            "workload": {"type": "http", "port": 80, "env": {"A": "b"}},
            "cloudInit": {"userData": "#!/bin/sh\n"},
            "nics": [{"name": "lan", "network": "lab"}],
        },
    }
)
NONE: dict[str, Any] = {"nics": [], "disks": [], "probes": {}, "cloudInit": {"enabled": False}, "boot": {}, "resources": {}}
nothings = st.dictionaries(st.sampled_from(sorted(NONE)), st.booleans(), max_size=4)


@settings(max_examples=40)
@given(specs(), nothings)
def test_law(fields: dict[str, Any], nothing: dict[str, bool]) -> None:
    """``nothing``: fields that say none (true), or null (false)."""
    spec = {
        **flat(fields),
        **{name: NONE[name] if said else None for name, said in nothing.items()},
        "pluginRef": {"name": "page"},
    }
    machine = read({"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "a"}, "spec": spec})
    printed = as_document(machine)
    for text in (to_yaml(printed), json.dumps(printed)):
        again = read(read_documents(text).documents[0].value)
        assert again.dump() == machine.dump()
        assert with_plugin(again, PLUGIN) == with_plugin(machine, PLUGIN)
        assert apply_patch(machine.dump(), machine.dump(), again.dump()) == {}
    assert merge_difference(machine.spec.dump(), printed["spec"]) == {}
    effective = with_plugin(machine, PLUGIN)
    assert not (nothing.get("cloudInit") and seed_files(effective))
    assert not (nothing.get("nics") and effective.spec.nics)
    assert nothing.get("probes") is None or (effective.spec.probes == PLUGIN_PROBES) is not nothing["probes"]


def read(value: Any) -> VirtualMachine:
    machine = validate(value)
    assert isinstance(machine, VirtualMachine)
    return machine


PLUGIN_PROBES = with_plugin(VirtualMachine.model_validate({"metadata": {"name": "a"}}), PLUGIN).spec.probes
