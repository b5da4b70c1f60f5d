"""What a new document of each kind begins with is one that the models accept, but for what a person must fill in."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.kinds import BY_PLURAL

WEB = Path(__file__).parents[2] / "web"
MADE_BY_HAND = sorted(BY_PLURAL.keys() - {"hosts", "machinerevisions"})
FILLED_IN: dict[str, Any] = {
    "images": {"source": {"url": "https://example.org/a.qcow2", "sha256": "0" * 64}},
    "plugins": {"rootfs": {"imageRef": {"name": "debian"}}},
}


@cache
def templates() -> dict[str, Any]:
    """Runs the page's own code."""
    wanted = json.dumps(MADE_BY_HAND)
    script = f"""import {{ API_VERSION, templateOf }} from "./page/app/newmachine";
    console.log(JSON.stringify([API_VERSION, Object.fromEntries({wanted}.map((one) => [one, templateOf(one, "web")]))]));"""
    bundle = [WEB / "node_modules" / ".bin" / "esbuild", "--bundle", "--format=esm", "--platform=node", "--loader=ts"]
    built = subprocess.run(bundle, input=script, cwd=WEB, capture_output=True, text=True, check=True, timeout=60).stdout
    node = ["node", "--input-type=module"]
    said = subprocess.run(node, input=built, cwd=WEB, capture_output=True, text=True, check=True, timeout=60).stdout
    version, found = json.loads(said)
    return {plural: {"apiVersion": version, "kind": BY_PLURAL[plural].KIND, **template} for plural, template in found.items()}


@pytest.mark.parametrize("plural", MADE_BY_HAND)
def test_it_is_accepted(plural: str) -> None:
    document = templates()[plural]
    document["spec"].update(FILLED_IN.get(plural, {}))
    resource = BY_PLURAL[plural].model_validate(document)
    assert resource.dump()["spec"] == document["spec"], "and nothing of it means nothing"
