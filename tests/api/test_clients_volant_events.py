"""What Volant's own command line reads of events: only ``data:`` lines, and JSON type, status, ip_address in them."""

from __future__ import annotations

from datetime import datetime

from tests.api.harness import Api, Stream
from tests.api.living import Living


def test_clients_volant_events(api: Api, name: str) -> None:
    stream = Stream(api.port)
    api.operator.event(name, "Created", plugin="nginx-alpine")
    api.operator.event(name, "Started", ip="10.0.0.10")
    api.operator.event(name, "Stopped", "stopped (shutdown)")
    api.operator.event(name, "Started", ip=None)
    api.operator.event(name, "Stopped", "stopped (crashed)")
    api.operator.event(name, "Deleted")
    events = stream.events(6)
    stream.close()
    assert [(e.content["type"], e.content["status"]) for e in events] == [
        ("VM_CREATED", "starting"),
        ("VM_RUNNING", "running"),
        ("VM_STOPPED", "stopped"),
        ("VM_RUNNING", "running"),
        ("VM_CRASHED", "crashed"),
        ("VM_DELETED", "stopped"),
    ]
    assert (events[1].content["ip_address"], events[3].content["ip_address"]) == ("10.0.0.10", None)
    assert events[4].event == "vm.stopped" and events[1].content["ip"] == "10.0.0.10", "the document's names stay"
    assert all(datetime.fromisoformat(e.content["timestamp"]) for e in events)


def test_clients_volant_events_that_it_has_no_type_for(api: Api, name: str) -> None:
    stream = Stream(api.port)
    api.operator.event(name, "HealthChanged", "unhealthy: no answer", status="unhealthy")
    api.operator.event(name, "Failed", "the image is gone")
    health, error = stream.events(2)
    stream.close()
    assert "type" not in health.content and health.content["status"] == "unhealthy"
    assert "type" not in error.content and error.content["message"] == "the image is gone"


def test_clients_volant_events_of_a_real_life(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    stream = Stream(real.api.port)
    real.api.create(name, plugin=f"p-{name}", cpu_cores=1, memory_mb=64)
    real.until(lambda: real.api.get(name)["status"] == "running", "it runs")
    assert real.http.delete(f"/api/v1/vms/{name}").status_code == 204
    events = stream.events(4)
    stream.close()
    assert [e.content["type"] for e in events] == ["VM_CREATED", "VM_RUNNING", "VM_STOPPED", "VM_DELETED"]
