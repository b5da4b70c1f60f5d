"""How the disks of a host are reached from here: by its libvirt, or by the API server that is beside it."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.store.errors import StateError
from homeostat.store.files.hosts import served_hosts
from homeostat.store.files.serving import libvirt_beside
from homeostat.store.files.state import StateFolder
from homeostat.store.index.store import IndexedStore

from ..journal import PassedOn
from ..refusals import ExportRefused


class OnAnotherApi(PassedOn):
    """Another API server has to do it, since the host is beside that one."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"host {host} is beside the API at {address}")
        self.host, self.address = host, address


class NotBesideHost(ExportRefused):
    """The host is served, but nobody who can read its disks is known here."""

    def __init__(self, host: str, name: str) -> None:
        said = (
            f"{name} is on host {host}, and this API server is not beside it: ask one that shares its operator's state folder, "
            "or give that operator the address of such a server (--api-address), so that others pass on what it sends"
        )
        super().__init__("elsewhere", said, name)
        self.host = host


class HostReach:
    def __init__(self, state: StateFolder, store: IndexedStore, clustered: bool) -> None:
        self._state, self._store, self._clustered = state, store, clustered

    async def libvirt_of(self, host: str | None, name: str) -> str:
        """Returns the libvirt of a host whose disks can be read here. ``name``: of what is on it.

        Raises:
            ExportRefused: nobody can read them here, and nobody says who can.
            OnAnotherApi.
        """
        return await self._in_cluster(host, name) if self._clustered else self._in_folder(host, name)

    def _in_folder(self, host: str | None, name: str) -> str:
        """Returns the libvirt by the state's last `up`. All hosts of a folder open the files of its state folder."""
        try:
            hosts = served_hosts(self._state)
        except StateError as error:
            raise ExportRefused("failed", str(error), name) from error
        uri = hosts.get(host or "", "") if hosts else self._state.libvirt
        if not uri:
            said = f"{name} is on host {host}, which is not served by the `homeostat up` of this state folder"
            raise ExportRefused("elsewhere", said, name)
        return uri

    async def _in_cluster(self, at: str | None, name: str) -> str:
        if at is None:
            raise ExportRefused("not_there", f"{name} is on no host yet: its conditions say why", name)
        host = await self._store.get(Host, Key(Host.KIND, "default", at))
        operator = host.status.operator if host is not None and host.status is not None else ""
        if host is None or host.status is None or not operator:
            said = f"{name} is on host {at}, which no operator serves: see `kubectl describe vmhost {at}`"
            raise ExportRefused("elsewhere", said, name)
        if uri := libvirt_beside(self._state, at, operator):
            return uri
        if host.status.api:
            raise OnAnotherApi(at, host.status.api)
        raise NotBesideHost(at, name)
