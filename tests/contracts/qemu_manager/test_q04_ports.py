"""Q04: each machine has a port of its own, from 5900 on, which no other one gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contracts.qemu_manager.manager import Manager


def test_q04_ports_differ_and_are_not_given_again(manager: Manager, name: str) -> None:
    first, second = manager.make(f"{name}-a"), manager.make(f"{name}-b")
    assert 5900 <= first["vnc_port"] < second["vnc_port"]
    assert manager.http.delete(f"/api/vms/{second['id']}").status_code == 200
    assert manager.make(f"{name}-b")["vnc_port"] > second["vnc_port"]
    assert manager.get(first["id"])["vnc_port"] == first["vnc_port"]


def test_q04_many_at_once_get_ports_of_their_own(manager: Manager, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: manager.make(f"{name}-{number}"), range(16)))
    assert len({vm["vnc_port"] for vm in made}) == 16


def test_q04_nothing_listens_there(manager: Manager, name: str) -> None:
    """The number is a name. A port of the host would show the screen to every user of it."""
    vm = manager.make(name)
    assert "vnc" not in manager.served.real.api.written("virtualmachines", vm["name"])
