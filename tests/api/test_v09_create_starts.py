from __future__ import annotations

from tests.api.harness import Api


def test_v09_a_new_machine_is_to_run(api: Api, name: str) -> None:
    api.create(name)
    assert api.get(name)["status"] == "starting"
    api.operator.running(name)
    assert api.get(name)["status"] == "running"
