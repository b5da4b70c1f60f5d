from __future__ import annotations

from tests.api.harness import Api


def test_v11_without_config_the_defaults_hold(api: Api, name: str) -> None:
    assert api.create(name)["resources"] == {"vcpu": 1, "memory_mb": 512}
