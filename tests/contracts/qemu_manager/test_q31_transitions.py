"""Q31: a machine is stopped at first; what may be done in which state."""

from __future__ import annotations

from tests.contracts.qemu_manager.manager import Manager


def test_q31_from_state_to_state(manager: Manager, name: str) -> None:
    id = manager.make(name)["id"]
    assert manager.get(id)["status"] == "stopped"
    assert manager.act(id, "start").json()["vm"]["status"] == "running"
    assert manager.act(id, "stop").status_code == 200 and manager.get(id)["status"] == "stopped"
    assert manager.act(id, "start").status_code == 200


def test_q31_its_power_cut_behind_our_back_is_healed(manager: Manager, name: str) -> None:
    id = manager.make(name)["id"]
    manager.act(id, "start")
    began = manager.get(id)["startedAt"]
    manager.served.real.host("kill", name)
    manager.served.until(lambda: manager.get(id)["startedAt"] not in (None, began), "it runs again")
