from __future__ import annotations

from tests.api.harness import Stream
from tests.api.living import Living


def test_v35_a_replica_that_was_killed_runs_again(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 2)
    real.settles(name, f"{name}-1", f"{name}-2")
    stream = Stream(real.api.port)
    real.host("kill", f"{name}-1")
    stopped, started = stream.events(2)
    stream.close()
    assert [(e.event, e.content["name"]) for e in (stopped, started)] == [
        ("vm.stopped", f"{name}-1"),
        ("vm.started", f"{name}-1"),
    ]
    real.settles(name, f"{name}-1", f"{name}-2")
