from __future__ import annotations

from tests.api.harness import Api


def test_v05_a_bare_array_of_machines(api: Api, name: str) -> None:
    api.create(name, config={"resources": {"vcpu": 2, "memory_mb": 256}})
    api.operator.running(name, ip="10.0.0.7", pid=77)
    found = next(vm for vm in api.http.get("/api/v1/vms").json() if vm["name"] == name)
    volants = {field: found.pop(field) for field in ("runtime", "ip_address", "mac_address", "cpu_cores", "memory_mb")}
    assert (volants["ip_address"], volants["cpu_cores"], volants["memory_mb"]) == ("10.0.0.7", 2, 256)
    created = found.pop("created_at")
    assert created.endswith("Z") and created[10] == "T"
    assert found == {
        "name": name,
        "status": "running",
        "plugin": None,
        "ip": "10.0.0.7",
        "pid": 77,
        "resources": {"vcpu": 2, "memory_mb": 256},
    }


def test_v05_view_resource_shows_whole_resources(api: Api, name: str) -> None:
    api.create_running(name)
    found = next(vm for vm in api.http.get("/api/v1/vms?view=resource").json() if vm["metadata"]["name"] == name)
    assert found["kind"] == "VirtualMachine"
    assert found["status"]["state"] == "Running"
