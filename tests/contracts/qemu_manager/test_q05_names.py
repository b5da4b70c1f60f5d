"""Q05: a name is one machine's. A second one is refused, and the first stays as it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q05_a_name_that_is_taken(manager: Manager, name: str) -> None:
    first = manager.make(name, 2)
    text = refused(manager.http.post("/api/vms", json={"name": name, "cpus": 1, "memory": 64}), 400)
    assert name in text and manager.get(first["id"]) == first


def test_q05_names_that_read_alike_are_two(manager: Manager, name: str) -> None:
    one, other = manager.make(f"{name} A"), manager.make(f"{name} a")
    assert one["id"] != other["id"]


def test_q05_eight_at_once_make_one(manager: Manager, name: str) -> None:
    body = {"name": name, "cpus": 1, "memory": 64}
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: manager.http.post("/api/vms", json=body).status_code, range(8)))
    assert codes == [201] + [400] * 7
