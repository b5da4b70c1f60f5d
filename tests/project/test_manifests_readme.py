"""What manifests/README.md shows is what there is: documents that the kinds take, folders and kinds that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from homeostat.models.host import Host
from homeostat.models.host_uri import unallowed
from homeostat.models.kinds import STORED
from tests.unit.crd_schemas import refusals

FOLDER = Path(__file__).parents[2] / "manifests"
TEXT = (FOLDER / "README.md").read_text()
DOCUMENTS: list[dict[str, Any]] = [
    document for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) for document in yaml.safe_load_all(block)
]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [one for one in DOCUMENTS if one["kind"] == kind]


def test_its_host_is_taken_and_served_by_the_central_operator() -> None:
    (host,) = of_kind("Host")
    assert refusals(Host.model_validate(host).dump()) == []
    operator = (FOLDER / "overlays/central/operator.yaml").read_text()
    ((key, value),) = host["metadata"]["labels"].items()
    assert f"--host-selector, {key}={value}," in operator
    assert "--host-file, /etc/homeostat/hosts]" in operator and not unallowed(host["spec"]["uri"], ["/etc/homeostat/hosts"])
    assert "mountPath: /etc/homeostat/hosts," in operator and "keyfile=/etc/homeostat/hosts/" in host["spec"]["uri"]


def test_flux_waits_for_kinds_that_there_are() -> None:
    checks = [check for one in of_kind("Kustomization") for check in one.get("spec", {}).get("healthChecks", ())]
    assert {check["kind"] for check in checks} == {"VirtualMachine", "VirtualMachineDeployment"} <= set(STORED)


def test_links_and_folders_exist() -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", TEXT):
        assert (FOLDER / target).exists(), target
    (overlay,) = [one for one in of_kind("Kustomization") if "resources" in one]
    assert all((FOLDER / "overlays/mine" / path).resolve().is_dir() for path in overlay["resources"])
    for path in re.findall(r"(?:manifests|examples)/[\w/.-]+\w", TEXT):
        assert (FOLDER.parent / path).exists(), path
