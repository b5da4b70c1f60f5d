from __future__ import annotations

from tests.api.harness import Api, Stream
from tests.api.living import Living


def test_v49_each_event_once_and_in_order(api: Api, name: str) -> None:
    stream = Stream(api.port)
    api.operator.event(name, "Created", plugin="nginx-alpine")
    api.operator.event(name, "Started", ip="10.0.0.10")
    api.operator.event(name, "DiskCreated", "not one of the contract's")
    api.operator.event(name, "Failed", "the image is gone")
    api.operator.event(name, "Stopped")
    api.operator.event(name, "Deleted")
    events = stream.events(5)
    stream.close()
    assert [e.event for e in events] == ["vm.created", "vm.started", "vm.error", "vm.stopped", "vm.deleted"]
    assert [e.id for e in events] == sorted({e.id for e in events})
    assert events[0].content["plugin"] == "nginx-alpine"
    assert events[1].content["ip"] == "10.0.0.10"
    assert events[2].content["message"] == "the image is gone"
    assert {e.content["name"] for e in events} == {name}


def test_v49_a_real_life_is_told_once_and_in_order(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    stream = Stream(real.api.port)
    real.api.create(name, plugin=f"p-{name}")
    real.until(lambda: real.api.get(name)["status"] == "running", "it runs")
    real.http.post(f"/api/v1/vms/{name}/stop")
    real.http.post(f"/api/v1/vms/{name}/start")
    real.until(lambda: real.api.get(name)["status"] == "running", "it runs again")
    assert real.http.delete(f"/api/v1/vms/{name}").status_code == 204
    events = stream.events(6)
    stream.close()
    assert {e.content["name"] for e in events} == {name}
    words = ["vm.created", "vm.started", "vm.stopped", "vm.started", "vm.stopped", "vm.deleted"]
    assert [e.event for e in events] == words
    assert events[0].content["plugin"] == f"p-{name}"
    assert all(set(e.content) >= {"name", "ip", "timestamp"} for e in events if e.event == "vm.started")
