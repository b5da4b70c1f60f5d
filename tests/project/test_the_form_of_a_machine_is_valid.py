"""What the form of a new machine writes, from whatever it is made, is what the models accept."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from homeostat.models.kinds import STORED

WEB = Path(__file__).resolve().parents[2] / "web"
ESBUILD = WEB / "node_modules" / ".bin" / "esbuild"

SOURCES = ("image", "url", "plugin", "iso", "snapshot")
PRINTING = """
import { documentsOf, NEW_FORM } from "./page/app/newmachine";
const form = { ...NEW_FORM, name: "web", image: "a", url: "https://a.example/b.img", plugin: "a", iso: "a", snapshot: "a" };
const forms = %s.map((from) => documentsOf({ ...form, from }, "users: []"));
console.log(JSON.stringify(forms.flat()));
"""


@pytest.mark.skipif(not ESBUILD.exists() or shutil.which("node") is None, reason="needs Node.js, and `make web`")
def test_the_form_writes_what_the_models_accept() -> None:
    source = PRINTING % json.dumps(SOURCES)
    bundle = [str(ESBUILD), "--bundle", "--format=esm", "--platform=node", "--loader=ts"]
    built = subprocess.run(bundle, cwd=WEB, input=source, capture_output=True, text=True, check=True).stdout
    running = ["node", "--input-type=module"]
    printed = subprocess.run(running, cwd=WEB, input=built, capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    for document in found:
        STORED[document["kind"]].model_validate(document)
    assert len(found) == len(SOURCES) + 1
