from __future__ import annotations

from tests.api.harness import Stream
from tests.api.living import Living


def test_v09_a_new_machine_runs_without_another_call(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    stream = Stream(real.api.port)
    assert real.api.create(name, plugin=f"p-{name}")["status"] == "starting"
    real.until(lambda: real.api.get(name)["status"] == "running", f"{name} runs")
    created, started = stream.events(2)
    stream.close()
    assert (created.event, created.content["name"], created.content["plugin"]) == ("vm.created", name, f"p-{name}")
    assert (started.event, started.content["name"]) == ("vm.started", name)
    assert started.id > created.id
