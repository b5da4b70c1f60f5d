"""L42: docs/swagger.yaml describes what is served, is served itself, and names each route and what LIMEN's document names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.contracts.limen.people import Limen

FILE = Path(__file__).parents[3] / "docs/swagger.yaml"
DOCUMENTED = {
    "/api/health": {"get"},
    "/api/health_proxy": {"get"},
    "/api/auth/login": {"post"},
    "/api/auth/register": {"post"},
    "/api/auth/session": {"get", "post", "delete"},
    "/api/auth/refresh": {"post"},
    "/api/vms": {"get", "post"},
    "/api/vms/{vm}/action": {"post"},
    "/ws/vnc": {"get"},
    "/vnc": {"get"},
    "/vnc/{vm}": {"get"},
}


def written() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


def test_l42_the_file_is_what_is_served(limen: Limen) -> None:
    answer = limen.visitor().get("/swagger.yaml")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/yaml"
    assert answer.text == FILE.read_text(), "run `python docs/generate.py`"
    assert limen.somebody("bob").browser.get("/openapi.json").json() == written()


def test_l42_it_names_what_is_documented() -> None:
    paths = written()["paths"]
    for path, methods in DOCUMENTED.items():
        assert methods <= set(paths[path]), path


def test_l42_what_it_names_is_there(limen: Limen) -> None:
    bob = limen.somebody("bob")
    for path, methods in written()["paths"].items():
        allowed = bob.browser.options(path.replace("{vm}", "1")).headers["Allow"].split(", ")
        assert {method.upper() for method in methods} <= set(allowed), path
