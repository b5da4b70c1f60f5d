"""What the page writes of new resources is what the models accept: its template of each kind, but for what a person must fill in,
the documents of its form for a machine, from whatever that is made, and texts that others read as something else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeostat.models.kinds import BY_PLURAL, STORED

WEB = Path(__file__).parents[2] / "web"
MADE_BY_HAND = sorted(BY_PLURAL.keys() - {"hosts", "machinerevisions"})
FILLED_IN: dict[str, Any] = {
    "images": {"source": {"url": "https://example.org/a.qcow2", "sha256": "0" * 64}},
    "plugins": {"rootfs": {"imageRef": {"name": "debian"}}},
}
TEXTS = ["yes", "on", "No", "y", "~", "0777", "0o17", "1_000", "12:30", "1e3", ".inf", "2026-12-01", "<<", "plain", "a: b"]
SOURCES = ("image", "url", "plugin", "iso", "snapshot")
WRITTEN = """import { API_VERSION, documentsOf, NEW_FORM, templateOf } from "./page/app/newmachine";
import { stringify } from "yaml";
import { AS_WRITTEN } from "./page/parts/yaml";
const form = { ...NEW_FORM, name: "web", image: "a", url: "https://a.example/b.img", plugin: "a", iso: "a", snapshot: "a" };
const templates = Object.fromEntries(PLURALS.map((one) => [one, { apiVersion: API_VERSION, ...templateOf(one, "web") }]));
const forms = Object.fromEntries(SOURCES.map((from) => [from, documentsOf({ ...form, from }, "users: []")]));
const texts = stringify(Object.fromEntries(TEXTS.map((one) => [one, one])), AS_WRITTEN);
console.log(JSON.stringify({ templates, forms, texts }));"""


@pytest.fixture(scope="module")
def written() -> Any:
    """Runs the page's own code."""
    source = WRITTEN.replace("PLURALS", json.dumps(MADE_BY_HAND)).replace("SOURCES", json.dumps(SOURCES))
    source = source.replace("TEXTS", json.dumps(TEXTS))
    bundle = ["node_modules/.bin/esbuild", "--bundle", "--format=cjs", "--platform=node", "--loader=ts"]
    built = subprocess.run(bundle, input=source, cwd=WEB, capture_output=True, text=True, check=True, timeout=60).stdout
    node = ["node", "--input-type=commonjs"]
    said = subprocess.run(node, input=built, cwd=WEB, capture_output=True, text=True, check=True, timeout=60).stdout
    return json.loads(said)


@pytest.mark.parametrize("plural", MADE_BY_HAND)
def test_a_template(written: Any, plural: str) -> None:
    document = {"kind": BY_PLURAL[plural].KIND, **written["templates"][plural]}
    document["spec"].update(FILLED_IN.get(plural, {}))
    resource = BY_PLURAL[plural].model_validate(document)
    assert resource.dump()["spec"] == document["spec"], "and nothing of it means nothing"


@pytest.mark.parametrize("source", SOURCES)
def test_the_form_of_a_machine(written: Any, source: str) -> None:
    documents = written["forms"][source]
    assert [document["kind"] for document in documents] == [*(["Disk"] if source == "snapshot" else []), "VirtualMachine"]
    for document in documents:
        STORED[document["kind"]].model_validate(document)


def test_a_text_stays_one_where_yaml_1_1_is_read_as_in_a_folder_and_by_cloud_init(written: Any) -> None:
    assert yaml.safe_load(written["texts"]) == {text: text for text in TEXTS}
