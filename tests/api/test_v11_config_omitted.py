from __future__ import annotations

from tests.api.harness import Api
from tests.rig.waiting import wait_until


def test_v11_without_config_the_plugin_says(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    assert api.create(name, plugin=f"p-{name}")["resources"] == {"vcpu": 2, "memory_mb": 256}
    assert api.get(name)["resources"] == {"vcpu": 2, "memory_mb": 256}
    config = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert config["resources"] == {"vcpu": 2, "memory_mb": 256}
    assert config["network"]["mode"] == "network"


def test_v11_lists_follow_a_change_of_the_plugin(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")

    def listed() -> dict[str, int]:
        (machine,) = api.http.get(f"/api/v1/vms?plugin=p-{name}").json()
        resources: dict[str, int] = machine["resources"]
        return resources

    assert listed() == {"vcpu": 2, "memory_mb": 256}
    api.where.rewrite("plugins", f"p-{name}", "256Mi", "1Gi")
    wait_until(lambda: listed() == {"vcpu": 2, "memory_mb": 1024}, 10, "the list shows the plugin's new memory")


def test_v11_without_a_plugin_the_defaults_hold(api: Api, name: str) -> None:
    assert api.create(name)["resources"] == {"vcpu": 1, "memory_mb": 512}
