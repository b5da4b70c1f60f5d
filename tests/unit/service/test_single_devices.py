"""One device, or one medium, of a machine: what its spec is then, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.devices import MachineDevices
from homeostat.service.refusals import DeviceExists, MustBeOff, NoSuchDevice, OtherMedium, Refusal
from tests.unit.serving import Written, resource

ROOT, DATA = {"name": "root", "size": "1Gi"}, {"name": "data", "size": "2Gi"}
ISO, OTHER = {"url": "https://x.example/a.iso"}, {"url": "https://x.example/b.iso"}


def drive(name: str, image: Any = None) -> dict[str, Any]:
    return {"name": name, "type": "cdrom", **({"image": image} if image else {})}


async def edited(
    tmp_path: Path, spec: dict[str, Any], what: str, *given: Any, state: str = "Running", **more: Any
) -> dict[str, Any]:
    """Returns the patch of the spec."""
    machine = resource(VirtualMachine, "web", spec, state=state)
    devices = MachineDevices(Written(machine).desk(tmp_path).machines)
    patch: Any = await getattr(devices, what)(*given, **more)(machine)
    return dict(patch["spec"])


async def test_a_device_comes(tmp_path: Path) -> None:
    assert await edited(tmp_path, {"disks": [ROOT]}, "attach", "disks", DATA) == {"disks": [ROOT, DATA]}
    assert await edited(tmp_path, {"disks": [ROOT]}, "attach", "nics", {"name": "root"}) == {"nics": [{"name": "root"}]}
    off = {"only_off": True, "state": "Stopped"}
    assert await edited(tmp_path, {"disks": [ROOT]}, "attach", "disks", DATA, **off) == {"disks": [ROOT, DATA]}


@pytest.mark.parametrize(
    ("order", "gone", "patch"),
    [
        (None, "data", {"disks": [ROOT]}),
        (["root"], "data", {"disks": [ROOT]}),
        (["data", "root"], "data", {"disks": [ROOT], "boot": {"order": ["root"]}}),
        (["root"], "root", {"disks": [DATA], "boot": {"order": None}}),
    ],
)
async def test_a_device_goes_and_the_boot_order_is_without_it(
    tmp_path: Path, order: list[str] | None, gone: str, patch: dict[str, Any]
) -> None:
    spec = {"disks": [ROOT, DATA], **({"boot": {"order": order}} if order else {})}
    assert await edited(tmp_path, spec, "detach", "disks", gone) == patch
    assert await edited(tmp_path, spec, "detach", "disks", gone, only_off=True, state="Stopped") == patch


@pytest.mark.parametrize(
    ("disks", "given", "after"),
    [
        ([ROOT, drive("a"), drive("b")], (ISO,), [ROOT, drive("a", ISO), drive("b")]),
        ([ROOT, drive("a"), drive("b")], (ISO, "b"), [ROOT, drive("a"), drive("b", ISO)]),
        ([drive("a", ISO), drive("b")], (OTHER,), [drive("a", OTHER), drive("b")]),
        ([drive("a", ISO), drive("b", OTHER)], (None,), [drive("a"), drive("b", OTHER)]),
        ([drive("a", ISO), drive("b", OTHER)], (None, "b"), [drive("a", ISO), drive("b")]),
    ],
)
async def test_a_medium_is_put_into_a_drive_or_taken_out(
    tmp_path: Path, disks: list[dict[str, Any]], given: tuple[Any, ...], after: list[dict[str, Any]]
) -> None:
    assert await edited(tmp_path, {"disks": disks}, "mount", *given) == {"disks": after}


async def test_only_one_drive_may_have_a_medium_where_that_is_asked_for(tmp_path: Path) -> None:
    one = {"only_one": True}
    assert await edited(tmp_path, {"disks": [drive("a", ISO), drive("b")]}, "mount", OTHER, "a", **one)  # it takes its place
    assert await edited(tmp_path, {"disks": [drive("a"), {**ROOT, "image": ISO}]}, "mount", ISO, **one)  # no drive
    both = {"disks": [drive("a", ISO), drive("b", ISO)]}
    assert (await edited(tmp_path, both, "mount", None, "b", **one))["disks"][1] == drive("b")
    with pytest.raises(OtherMedium, match="web has a medium in drive a: take that out first") as refused:
        await edited(tmp_path, {"disks": [drive("a", ISO), drive("b")]}, "mount", ISO, "b", **one)
    assert refused.value.details == {"name": "web", "drive": "a"}


LONG = "x" * 70


@pytest.mark.parametrize(
    ("what", "given", "refusal", "said", "name"),
    [
        ("attach", ("disks", ROOT), DeviceExists, "web has disks[root] already: give the other one another name", "root"),
        ("attach", ("nics", {"name": "lan"}), DeviceExists, "web has nics[lan] already", "lan"),
        ("detach", ("disks", "lan"), NoSuchDevice, "web has no disks[lan]", "lan"),
        ("detach", ("nics", LONG), NoSuchDevice, f"web has no nics[{LONG[:64]}]", LONG[:64]),
        ("mount", (ISO, "root"), NoSuchDevice, "web has no disks[root]", "root"),
        ("mount", (None,), NoSuchDevice, "web has no cdrom drive: attach a disk of type cdrom first", ""),
        ("attach", ("disks", DATA, True), MustBeOff, "web runs: stop it first", "web"),
        ("detach", ("disks", "root", True), MustBeOff, "web runs: stop it first", "web"),
    ],
)
async def test_what_is_refused(
    tmp_path: Path, what: str, given: tuple[Any, ...], refusal: type[Refusal], said: str, name: str
) -> None:
    spec = {"disks": [ROOT], "nics": [{"name": "lan", "network": "default"}]}
    only_off = {"only_off": True} if given[-1] is True else {}
    with pytest.raises(refusal) as refused:
        await edited(tmp_path, spec, what, *(part for part in given if part is not True), **only_off)
    assert str(refused.value).startswith(said) and refused.value.details == {"name": name}
