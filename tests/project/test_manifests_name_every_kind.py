"""The rights of the operator, of the API and of people name each kind: a new one is not forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from homeostat.models.base import API_GROUP
from homeostat.models.host import Host
from homeostat.models.kinds import REGISTRY

FOLDER = Path(__file__).parents[2] / "manifests/base"
PLURALS = {kind.plural for kind in REGISTRY.values()}
NOT_FOR_PEOPLE = {REGISTRY[Host].plural}


@pytest.mark.parametrize(("file", "kinds"), [("operator", PLURALS), ("api", PLURALS), ("users", PLURALS - NOT_FOR_PEOPLE)])
def test_the_rights_name_every_kind(file: str, kinds: set[str]) -> None:
    roles = [one for one in yaml.safe_load_all((FOLDER / f"{file}-rbac.yaml").read_text()) if one["kind"] == "ClusterRole"]
    rules = [rule for role in roles for rule in role["rules"] if API_GROUP in rule["apiGroups"]]
    assert {resource for rule in rules for resource in rule["resources"] if "/" not in resource} == kinds
