from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.harness import Api, refused
from tests.api.living import Living
from tests.rig.waiting import wait_until


def deleting(api: Api, name: str) -> bool:
    machine = api.operator.machine(name)
    return machine is not None and machine.deleting


def test_v20_delete_waits_until_the_machine_is_gone(api: Api, name: str) -> None:
    api.create_running(name)
    with ThreadPoolExecutor(1) as pool:
        delete = pool.submit(api.http.delete, f"/api/v1/vms/{name}")
        wait_until(lambda: deleting(api, name), 10, "the machine is being deleted")
        assert api.get(name)["status"] == "stopping"
        refused(api.http.post("/api/v1/vms", json={"name": name}), 409, "vm_exists")
        refused(api.http.post(f"/api/v1/vms/{name}/start"), 409, "vm_deleting")
        api.operator.release(name)
        answer = delete.result(10)
    assert (answer.status_code, answer.content) == (204, b"")
    refused(api.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")
    assert not api.written("virtualmachines", name)
    api.create(name)


def test_v20_force_leaves_no_grace(api: Api, name: str) -> None:
    api.create_running(name)
    answer = api.http.delete(f"/api/v1/vms/{name}?force=true&wait=0")
    assert (answer.status_code, answer.json()["status"]) == (202, "stopping")
    machine = api.operator.machine(name)
    assert machine is not None
    assert machine.metadata.deletion_grace_period_seconds == 0


def test_v20_a_real_machine_goes_and_its_name_is_free(real: Living, name: str) -> None:
    for query in ("", "?force=true"):
        real.api.create(name)
        real.until(lambda: real.api.get(name)["status"] == "running", f"{name} runs")
        answer = real.http.delete(f"/api/v1/vms/{name}{query}")
        assert (answer.status_code, answer.content) == (204, b"")
        refused(real.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")


def test_v20_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.delete("/api/v1/vms/none-such"), 404, "vm_not_found")
