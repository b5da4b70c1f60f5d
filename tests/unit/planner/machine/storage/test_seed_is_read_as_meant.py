"""cloud-init reads our meta-data with PyYAML (YAML 1.1), others with YAML 1.2: to each of them it is the text that was meant."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.storage.seed import seed_files
from homeostat.planner.template import with_plugin

# Names that a machine may have, and texts that variables and an environment may hold.
NAMES = (
    "0777", "123", "0", "007", "1e5", "1e-5", "0x1f", "0b101", "0o17", "12-30", "2024-01-02", "2024-1-2", "20240102", "no",
    "yes", "on", "off", "y", "n", "true", "false", "null", "nan", "inf", "infinity", "0x", "0b", "1-2", "123e4", "0e0",
    "9007199254740993", "a", "web-1", "e5", "x0",
)  # fmt: skip
TEXTS = (
    *NAMES, "", " ", "~", "=", "<<", "-", "- a", "a: b", "#", "# no", "!!int 3", "&a", "*a", "[", "{}", "'", "\"", "NO",
    "No", "Null", "TRUE", "1_000", "12:30", "12:30:45", "1.5", ".5", "-.5", "+1", "-0", ".inf", "-.INF", ".nan", "1,000",
    "0x_1", "0.", "1.e3", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "a\nb", "\n", "a\n\n b\n", "\t", "\ta: 1", "größe",
    "\u2028", "\x85", "\ufeffa", "a" * 300, "a b " * 100, "%", "@", "`", "|", ">", "? a", ": b", "a #b", "---", "...",
    "\x7f",
)  # fmt: skip
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=40)


def machine(name: str, **init: Any) -> VirtualMachine:
    document = {"metadata": {"name": name, "uid": "6f1a5a39-5d2e-4b43-9a53-3c2a5c0f8d11"}, "spec": {"cloudInit": init}}
    return VirtualMachine.model_validate(document)


def meta_text(vm: VirtualMachine) -> str:
    return dict(seed_files(vm))["meta-data"]


def by_others(text: str) -> Any:
    """As a reader of YAML 1.2 has it."""
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("name", NAMES)
def test_br12_a_name_stays_a_name(name: str) -> None:
    wanted = {"instance-id": "6f1a5a39-5d2e-4b43-9a53-3c2a5c0f8d11", "local-hostname": name}
    text = meta_text(machine(name))
    assert yaml.safe_load(text) == by_others(text) == wanted
    assert re.search(rf"^local-hostname: (\"{name}\"|'{name}'|{name})$", text, re.MULTILINE)


@pytest.mark.parametrize("uid", ["12345678-1234-4123-8123-123456789012", "123", "1e5", "2024-01-02"])
def test_br12_an_identity_stays_one(uid: str) -> None:
    vm = VirtualMachine.model_validate({"metadata": {"name": "a", "uid": uid}, "spec": {"cloudInit": {}}})
    assert yaml.safe_load(meta_text(vm))["instance-id"] == by_others(meta_text(vm))["instance-id"] == uid


def test_a_seed_that_was_read_as_meant_already_stays_the_same() -> None:
    """Another text is another seed, which every machine with cloudInit would have to be restarted for."""
    assert meta_text(machine("web-1")) == "instance-id: 6f1a5a39-5d2e-4b43-9a53-3c2a5c0f8d11\nlocal-hostname: web-1\n"


@pytest.mark.parametrize("text", TEXTS)
def test_br12_variables_keep_their_types(text: str) -> None:
    variables = {text or "empty": text, "list": [text, {"in": text}], "number": 7, "float": 1.5, "truth": True, "none": None}
    for init in ({}, {"metaData": "local-hostname: box\n"}):
        read = yaml.safe_load(meta_text(machine("box", variables=variables, **init)))
        assert {name: value for name, value in read.items() if name not in ("instance-id", "local-hostname")} == variables
        assert read["local-hostname"] == "box"


@pytest.mark.parametrize("text", [text for text in TEXTS if text.isprintable()])
def test_br12_other_readers_see_text_too(text: str) -> None:
    assert by_others(meta_text(machine("box", variables={"a": text})))["a"] == text


@given(PRINTABLE, PRINTABLE.filter(bool))
@settings(max_examples=60, deadline=None)
def test_br12_any_printable_text_comes_through(value: str, name: str) -> None:
    read = yaml.safe_load(meta_text(machine("no", variables={name: value, "list": [value]})))
    assert read == {"instance-id": read["instance-id"], "local-hostname": "no", **{name: value, "list": [value]}} or name in (
        "instance-id", "local-hostname", "list",
    )  # fmt: skip


def test_br12_what_a_plugin_tells_its_workload_is_text() -> None:
    env = {text or "EMPTY": text for text in TEXTS}
    workload = {"entrypoint": list(TEXTS), "env": env}
    spec = {"version": "1", "rootfs": {"url": "https://example.org/web.qcow2"}, "workload": workload}
    plugin = Plugin.model_validate({"metadata": {"name": "web"}, "spec": spec})
    vm = VirtualMachine.model_validate({"metadata": {"name": "off", "uid": "u"}, "spec": {"pluginRef": {"name": "web"}}})
    read = yaml.safe_load(meta_text(with_plugin(vm, plugin)))
    assert (read["homeostat_entrypoint"], read["homeostat_env"], read["local-hostname"]) == (list(TEXTS), env, "off")


def test_br12_the_users_own_words_keep_their_writing_beside_variables() -> None:
    given = "local-hostname: 'no'\nzip: 0777\nwhen: 2024-01-02\nratio: 1e5\nreplaced: old\nkept: {a: [no, \"no\"]}\n"
    text = meta_text(machine("box", metaData=given, variables={"replaced": "0123"}))
    for line in ("local-hostname: 'no'", "zip: 0777", "when: 2024-01-02", "ratio: 1e5", 'kept: {a: [no, "no"]}'):
        assert line in text.splitlines()
    assert yaml.safe_load(text) == {**yaml.safe_load(given), "replaced": "0123"}
    assert "replaced: old" not in text


def test_a_seed_with_variables_stays_the_same_too() -> None:
    text = meta_text(machine("box", metaData="{instance-id: i-7}", variables={"tier": "front"}))
    assert text == "instance-id: i-7\ntier: front\n"


@pytest.mark.parametrize("given", ["", "# nothing\n", "null", "{}", "? 1\n: c\n", "&x a: &y {b: 1}\n<<: *y\n"])
def test_variables_join_whatever_is_a_mapping(given: str) -> None:
    read = yaml.safe_load(meta_text(machine("box", metaData=given, variables={"a": "off"})))
    assert read["a"] == "off"
