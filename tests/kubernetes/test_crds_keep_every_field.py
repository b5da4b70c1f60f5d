"""A real API server stores what was written, whole: nothing pruned, nothing added to a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from homeostat.models.kinds import STORED, kind_of
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.unit.documents import DOCUMENTS

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
MANUAL = sorted((ROOT / "docs" / "spec").glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_document_with_every_field(crds: list[str], plane: ControlPlane, kubectl: Kubectl, document: dict[str, Any]) -> None:
    kind, name = STORED[document["kind"]], document["metadata"]["name"]
    kubectl.create(document)
    path = path_of(kind_of(kind).plural, name, "" if kind_of(kind).scope == "Cluster" else kubectl.namespace)
    if "status" in document:
        set_status(plane, path, **document["status"])

    stored = plane.api("GET", path)
    if kind_of(kind).scope == "Cluster":
        kubectl.delete(kind_of(kind).plural, name)

    assert stored["spec"] == document["spec"]
    assert stored.get("status") == document.get("status")
    assert kind.model_validate(stored).metadata.uid == stored["metadata"]["uid"], "the model reads what the server gives"


def test_empty_text(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web", restartedAt=""))

    assert kubectl.get("vm", "web")["spec"] == {"restartedAt": ""}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example(crds: list[str], kubectl: Kubectl, path: Path) -> None:
    stays(kubectl, path.read_text())


@pytest.mark.parametrize("path", MANUAL, ids=lambda path: path.name)
def test_an_example_of_the_manual(crds: list[str], kubectl: Kubectl, path: Path) -> None:
    first = path.read_text().partition("```yaml\n")[2].partition("```")[0]
    stays(kubectl, first)


def stays(kubectl: Kubectl, text: str) -> None:
    for document in yaml.safe_load_all(text):
        would = yaml.safe_load(kubectl.apply(document, options=("--dry-run=server", "-o", "yaml")))
        assert holds(would.get("spec", {}), document.get("spec", {}))


def holds(whole: object, part: object) -> bool:
    """Whether all of ``part`` is in ``whole``, which may have defaults besides."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and holds(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part
