"""The hosts, which are seen over REST, and declared elsewhere: whoever writes one says where libvirt is asked, and as whom."""

from __future__ import annotations

from collections.abc import Collection as Collected
from collections.abc import Mapping
from typing import Any

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.store.three_way import Applied

from .asking import Asking
from .collection import Collection, Patch
from .marks import NO_MARKS, Marks
from .refusals import NotAllowed


class Hosts(Collection[Host]):
    """The hosts of all namespaces."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Host)

    async def create(
        self, document: Mapping[str, Any], dry: bool = False, marks: Marks = NO_MARKS, needed: Collected[Key] = ()
    ) -> Host:
        raise _elsewhere()

    async def apply(self, document: Mapping[str, Any], dry: bool = False) -> tuple[Host | None, Applied]:
        raise _elsewhere()

    async def patch(
        self,
        resource: Host,
        merge_patch: Patch,
        expected_version: str | None = None,
        dry: bool = False,
        needed: Collected[Key] = (),
    ) -> Host:
        raise _elsewhere()

    async def delete(self, resource: Host, force: bool = False) -> None:
        raise _elsewhere()


def _elsewhere() -> NotAllowed:
    return NotAllowed("hosts are declared in the folder of the server, or by kubectl, and not over REST")
