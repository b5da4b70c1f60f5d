"""One registry of kinds: each table of a layer that differs by kind covers all that it is about, and no name means two."""

from __future__ import annotations

import ast
from inspect import getsource
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from homeostat.cli.commands import delete, describe, get, wait
from homeostat.models.base import Key
from homeostat.models.kinds import KINDS, REGISTRY, kind_named, kind_of
from tests.unit.kind_tables import KIND_TABLES, kind_table
from tests.unit.parsed import parsed

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("about", KIND_TABLES)
def test_a_table_covers_the_kinds(about: str) -> None:
    assert set(kind_table(about)) == set(KINDS)


def test_every_table_that_is_keyed_by_kind_is_tried() -> None:
    found = {
        (path.relative_to(ROOT), node.target.id)
        for room in ("operator", "api")
        for path in (ROOT / room).rglob("*.py")
        if "Mapping[type[Resource], " in path.read_text(encoding="utf-8")
        for node in parsed(path).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if ast.unparse(node.annotation).startswith("Mapping[type[Resource], ")
    }
    tried = {(Path(module.__file__ or "").relative_to(ROOT), name) for module, name in KIND_TABLES.values()}
    assert found - {(Path("operator/homeostat/models/kinds.py"), "REGISTRY")} == tried


def test_every_kind_has_a_spec_and_a_status_that_says_of_which_generation_it_is() -> None:
    for cls, kind in REGISTRY.items():
        assert kind.name == cls.KIND and cls.model_fields["kind"].default == cls.KIND
        assert "spec" in cls.model_fields
        if "status" in cls.model_fields:
            (status,) = (one for one in cls.model_fields["status"].annotation.__args__ if one is not type(None))  # type: ignore[union-attr]
            assert {"observed_generation", "conditions"} <= set(status.model_fields)


def test_no_name_means_two_kinds() -> None:
    named = [name for kind in REGISTRY.values() for name in {kind.name.lower(), kind.plural, kind.noun, *kind.words}]
    assert len(named) == len(set(named))
    for cls in KINDS:
        kind = kind_of(cls)
        for name in (kind.name, kind.plural, kind.noun, *kind.words):
            assert kind_named(name) is cls
    assert kind_named("MachineRevision") is None, "nobody declares these in a folder"


def test_what_a_kind_rests_on_is_of_a_kind_that_stands_behind_it() -> None:
    order = [cls.KIND for cls in REGISTRY]
    nics = {"nics": [{"name": "lan", "networkRef": {"name": "lan"}}, {"name": "dmz", "networkRef": {"name": "lan"}}]}
    app = {"pluginRef": {"name": "app"}, "disks": [{"name": "data", "diskRef": {"name": "letters"}}], **nics}
    back = {"restoreFrom": {"snapshot": "before", "token": "1"}}
    documents: dict[str, dict[str, Any]] = {
        "VirtualMachine": {"spec": {**app, **back}},
        "VirtualMachineDeployment": {"spec": {"template": {"spec": app}}},
        "Plugin": {"spec": {"version": "1", "rootfs": {"url": "https://example.org/a.img"}, **nics}},
    }
    plugin, network = Key("Plugin", "shop", "app"), Key("Network", "shop", "lan")
    for cls, kind in REGISTRY.items():
        if (document := documents.get(cls.KIND)) is None:
            continue
        made = cls.model_validate({"metadata": {"name": "web", "namespace": "shop"}, **document})
        restored = (Key("Snapshot", "shop", "before"),) if cls.KIND == "VirtualMachine" else ()
        expected = (plugin, Key("Disk", "shop", "letters"), network, *restored)
        assert tuple(kind.rests_on(made)) == ((network,) if cls.KIND == "Plugin" else expected)
        assert all(order.index(key.kind) > order.index(cls.KIND) for key in kind.rests_on(made))


@pytest.mark.parametrize("command", [delete, describe, get, wait], ids=lambda module: str(module.__name__).rpartition(".")[2])
def test_a_command_about_any_resource_asks_none_for_its_kind(command: ModuleType) -> None:
    calls = [node.func for node in ast.walk(ast.parse(getsource(command))) if isinstance(node, ast.Call)]
    assert not {"isinstance", "issubclass"} & {function.id for function in calls if isinstance(function, ast.Name)}
