"""What the page begins a new document with, and what its form of a new machine writes, is what the models accept."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from homeostat.models.kinds import BY_PLURAL, STORED

WEB = Path(__file__).resolve().parents[2] / "web"
ESBUILD = WEB / "node_modules" / ".bin" / "esbuild"

KINDS = (
    "virtualmachines",
    "virtualmachinedeployments",
    "snapshotschedules",
    "snapshots",
    "images",
    "disks",
    "networks",
    "plugins",
)
SOURCES = ("image", "url", "plugin", "iso", "snapshot")
PRINTING = """
import { documentsOf, NEW_FORM, templateOf } from "./page/app/newmachine";
const form = { ...NEW_FORM, name: "web", image: "a", url: "https://a.example/b.img", plugin: "a", iso: "a", snapshot: "a" };
const templates = Object.fromEntries(%s.map((kind) => [kind, templateOf(kind, "web")]));
const forms = %s.map((from) => documentsOf({ ...form, from }, "users: []"));
console.log(JSON.stringify({ templates, documents: forms.flat() }));
"""


@pytest.mark.skipif(not ESBUILD.exists() or shutil.which("node") is None, reason="needs Node.js, and `make web`")
def test_the_page_writes_what_the_models_accept() -> None:
    source = PRINTING % (json.dumps(KINDS), json.dumps(SOURCES))
    bundle = [str(ESBUILD), "--bundle", "--format=esm", "--platform=node", "--loader=ts"]
    built = subprocess.run(bundle, cwd=WEB, input=source, capture_output=True, text=True, check=True).stdout
    running = ["node", "--input-type=module"]
    printed = subprocess.run(running, cwd=WEB, input=built, capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    # what a person must fill in
    found["templates"]["images"]["spec"]["source"] = {"url": "https://a.example/b.img", "sha256": "0" * 64}
    found["templates"]["plugins"]["spec"]["rootfs"]["imageRef"]["name"] = "a"
    for plural, document in found["templates"].items():
        BY_PLURAL[plural].model_validate(document)
    for document in found["documents"]:
        STORED[document["kind"]].model_validate(document)
    assert len(found["documents"]) == len(SOURCES) + 1
