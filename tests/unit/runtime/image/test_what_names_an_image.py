"""Which resources name an Image, and which files of images a resource names itself."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.plugin import Plugin
from homeostat.runtime.image.refs import users_of
from homeostat.runtime.plugin.reconcile import images_named
from tests.unit.machines import machine

URL = "https://example.org/debian.qcow2"
NAMED, FILE = {"imageRef": {"name": "debian"}}, {"url": URL}


def of(kind: type[Resource], name: str, **spec: Any) -> Any:
    return kind.model_validate({"metadata": {"name": name}, "spec": spec})


def disk(name: str, image: dict[str, Any] | None) -> Disk:
    found: Disk = of(Disk, name, size="1Gi", **({"source": {"image": image}} if image else {}))
    return found


class Store:
    def __init__(self, *resources: Resource) -> None:
        self.resources = resources

    async def list(self, kind: type[Any], namespace: str | None = None) -> list[Any]:
        return [one for one in self.resources if isinstance(one, kind) and namespace in (None, one.metadata.namespace)]


async def test_each_kind_that_can_name_one() -> None:
    boots = {"disks": [{"name": "root", "image": NAMED}]}
    other = {"disks": [{"name": "root", "image": {"imageRef": {"name": "other"}}}, {"name": "data", "size": "1Gi"}]}
    store = Store(
        machine(name="web", **boots),
        machine(name="db", **other),
        of(VirtualMachineDeployment, "shop", replicas=1, template={"spec": boots}),
        of(VirtualMachineDeployment, "bare", replicas=1, template={"spec": other}),
        of(Plugin, "page", version="1", rootfs=NAMED),
        of(Plugin, "none", version="1", kernel=FILE, **other),
        disk("store", NAMED), disk("blank", None), disk("file", FILE), disk("others", {"imageRef": {"name": "other"}}),
    )  # fmt: skip
    found = await users_of(store, Key(Image.KIND, "default", "debian"))
    assert [(key.kind, key.name) for key in found] == [
        ("VirtualMachine", "web"), ("VirtualMachineDeployment", "shop"), ("Plugin", "page"), ("Disk", "store"),
    ]  # fmt: skip
    assert await users_of(store, Key(Image.KIND, "prod", "debian")) == []


@pytest.mark.parametrize(
    ("resource", "urls"),
    [
        (disk("a", FILE), [URL]),
        (disk("a", NAMED), []),
        (disk("a", None), []),
        (of(Image, "debian", source={"url": URL, "sha256": "0" * 64}), [URL]),
        (of(Image, "debian", source={"upload": {}}), []),
        (of(Plugin, "page", version="1", rootfs=FILE, kernel={"url": f"{URL}-kernel"}), [f"{URL}-kernel", URL]),
        (of(Plugin, "page", version="1", rootfs=NAMED, kernel=NAMED), []),
        (machine(disks=[{"name": "root", "image": FILE}]), [URL]),
        (of(VirtualMachineDeployment, "shop", replicas=1, template={"spec": {}}), []),
    ],
)
def test_the_files_that_a_resource_names_itself(resource: Resource, urls: list[str]) -> None:
    assert [ref.url for ref in images_named(resource)] == urls
