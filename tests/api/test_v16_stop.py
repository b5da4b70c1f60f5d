from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.harness import Api, refused
from tests.rig.waiting import wait_until


def halted(api: Api, name: str) -> bool:
    machine = api.operator.machine(name)
    return machine is not None and machine.spec.run_strategy == "Halted"


def test_v16_stop_waits_for_the_shutdown(api: Api, name: str) -> None:
    api.create_running(name)
    with ThreadPoolExecutor(1) as pool:
        stop = pool.submit(api.http.post, f"/api/v1/vms/{name}/stop")
        wait_until(lambda: halted(api, name), 10, "the spec says Halted")
        # Others are served meanwhile, and see it on its way down.
        assert api.get(name)["status"] == "stopping"
        assert not stop.done()
        api.operator.stopped(name)
        answer = stop.result(10)
    assert answer.status_code == 200
    assert answer.json() == {"name": name, "status": "stopped", "plugin": None}


def test_v16_no_power_is_cut(api: Api, name: str) -> None:
    api.create_running(name)
    api.http.post(f"/api/v1/vms/{name}/stop?wait=0")
    assert "poweredOffAt" not in api.http.get(f"/api/v1/vms/{name}/spec").json()


def test_v16_a_shutdown_that_takes_longer_is_202(api: Api, name: str) -> None:
    api.create_running(name)
    answer = api.http.post(f"/api/v1/vms/{name}/stop?wait=0")
    assert answer.status_code == 202
    assert answer.json()["status"] == "stopping"


def test_v16_a_stopped_machine_is_409(api: Api, name: str) -> None:
    api.create(name, spec={"runStrategy": "Halted"})
    api.operator.stopped(name)
    assert refused(api.http.post(f"/api/v1/vms/{name}/stop"), 409, "vm_already_stopped") == {"name": name}


def test_v16_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.post("/api/v1/vms/none-such/stop"), 404, "vm_not_found")
