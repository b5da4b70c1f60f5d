"""The hosts, which are seen over REST, and declared elsewhere: whoever writes one says where libvirt is asked, and as whom. Only
their maintenance changes here, which says nothing of that."""

from __future__ import annotations

from collections.abc import Collection as Collected
from collections.abc import Mapping
from typing import Any

from homeostat.accounts.rights import Right
from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.store import errors as store_errors
from homeostat.store.three_way import Applied

from ..asking import Asking
from ..naming.marks import NO_MARKS, Marks
from ..refusals import NotAllowed
from .collection import Collection, Patch

MAINTENANCE = frozenset({"maintenance", "maintenanceWindows"})
"""The fields of a host's spec that change over REST."""


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
        """Changes a host's maintenance. It concerns the machines of everybody, so that it takes the right to administer.

        Raises:
            NotAllowed: the patch changes something else.
            Denied: in the cluster the account of the server only reads hosts.
        """
        said = {part: value for part, value in merge_patch.items() if value}
        if not (said.keys() <= {"spec"} and said.get("spec", {}).keys() <= MAINTENANCE):
            raise _elsewhere()
        await self._check(Right.ADMINISTER, resource)
        try:
            return await super().patch(resource, merge_patch, expected_version, dry, needed)
        except store_errors.Denied as error:
            mend = "the API only reads hosts here, until its account has the ClusterRole homeostat-maintain"
            raise store_errors.Denied(f"{error}: {mend}") from error

    async def delete(self, resource: Host, force: bool = False) -> None:
        raise _elsewhere()


def _elsewhere() -> NotAllowed:
    return NotAllowed(
        "hosts are declared in the folder of the server, or by kubectl, and not over REST, where only their spec.maintenance and "
        "spec.maintenanceWindows change"
    )
