"""What takes long is bounded, or done beside the event loop, so that whoever else asks is answered meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from homeostat.models import explain
from homeostat.service.changing import admission
from homeostat.store.files.reading import validate
from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig
from homeostat_api.http import errors, media

MANY = {f"v{number}": 1 for number in range(2_000)}
DOCUMENT = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "web"}}


@pytest.fixture
def api(tmp_path: Path) -> TestClient:
    (tmp_path / "machines").mkdir()
    return TestClient(create_app(ApiConfig(tmp_path / "machines", tmp_path / "state")))


def post(api: TestClient, body: str) -> Result:
    headers = {"Content-Type": "application/json"}
    return api.simulate_post("/api/v1/vms", body=body, headers=headers, host="localhost")


def test_security_13_of_many_mistakes_a_few_are_explained_and_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    explained = []
    suggest = explain.suggest_field
    monkeypatch.setattr(explain, "suggest_field", lambda *given: explained.append(given) or suggest(*given))  # type: ignore[func-returns-value]
    with pytest.raises(validate.Rejected) as caught:
        validate.validate({**DOCUMENT, "spec": MANY})
    problems = [problem for _, problem in caught.value.problems]
    assert len(explained) == explain.PROBLEMS_MAX == len(problems) - 1
    assert problems[-1].message == f"{len(MANY) - explain.PROBLEMS_MAX} more problems are not listed"
    with pytest.raises(validate.Rejected) as caught:
        validate.validate({**DOCUMENT, "spec": dict(list(MANY.items())[: explain.PROBLEMS_MAX])})
    assert len(caught.value.problems) == explain.PROBLEMS_MAX


@pytest.mark.parametrize("body", [{"name": "web", "spec": MANY}, {"name": "web", **MANY}])
def test_security_13_an_answer_does_not_list_them_all(api: TestClient, body: dict[str, Any]) -> None:
    refused = post(api, json.dumps(body))
    assert refused.status_code == 400
    assert len(refused.json["details"]["fields"]) <= errors.PROBLEMS_MAX + 1
    assert len(refused.content) < 32_000


def test_security_13_a_field_that_is_given_twice_is_found_among_many(api: TestClient) -> None:
    """In a time that grows with their number, not with its square: that would be minutes."""
    refused = post(api, json.dumps({f"v{number}": 1 for number in range(60_000)})[:-1] + ', "v59999": 1}')
    assert (refused.status_code, refused.json["code"]) == (400, "malformed_json")
    assert "'v59999' is given twice" in refused.json["error"]


@pytest.mark.parametrize(("size", "beside"), [(10, False), (2 * media.LARGE, True)])
def test_security_13_large_bodies_are_read_beside_the_loop(
    api: TestClient, monkeypatch: pytest.MonkeyPatch, size: int, beside: bool
) -> None:
    threads: dict[str, threading.Thread] = {}

    def note(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            threads[name] = threading.current_thread()
            return work(*given)

        return noted

    for module, name in ((media, "_parse"), (admission, "_read")):
        monkeypatch.setattr(module, name, note(name, getattr(module, name)))
    body = {"name": "web", "spec": {"cloudInit": {"userData": "#cloud-config\n" + "a" * size}}}
    assert post(api, json.dumps(body)).status_code == 201
    assert (threads["_parse"] is not threading.main_thread()) is beside
    assert threads["_read"] is not threading.main_thread()
