"""Q09: what does not start is not said to run, and is off again."""

from __future__ import annotations

from tests.api.modes import of_a_folder
from tests.contracts.qemu_manager.manager import Manager, refused


@of_a_folder
def test_q09_an_image_that_is_none_is_not_attached(manager: Manager, name: str) -> None:
    bad = manager.served.images / f"{name}.qcow2"
    bad.write_bytes(b"QFI\xfb" + b"\x00" * 4096)
    vm = manager.make(name)
    assert str(bad) in refused(manager.act(vm["id"], "disks/attach", diskPath=str(bad)), 400)
    assert manager.act(vm["id"], "start").status_code == 200


def test_q09_a_machine_of_somebody_else_has_its_name(manager: Manager, name: str) -> None:
    manager.served.real.host("define", name)
    try:
        vm = manager.make(name)
        assert name in refused(manager.act(vm["id"], "start"), 500)
        manager.served.until(lambda: manager.get(vm["id"])["status"] == "stopped", "it is off again")
    finally:
        manager.served.real.host("undefine", name)
    assert manager.act(vm["id"], "start").status_code == 200
