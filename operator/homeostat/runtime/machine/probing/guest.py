"""How a probe reaches one guest: through its port forwards, at its address, or by its agent."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.runtime.hypervisor import HostDriver

from .attempt import Endpoint


class DomainGuest:
    """Reaches the guest of a domain. It reads the domain at every try, so it follows addresses that change."""

    def __init__(self, host: HostDriver, uuid: str) -> None:
        self._host = host
        self._uuid = uuid

    def locate(self, port: int) -> Endpoint | None:
        domain = self._host.domain(self._uuid)
        if domain is None or domain.live is None:
            return None
        for nic in domain.live.nics:
            for forward in nic.forwards:
                if forward.guest_port == port and forward.protocol == "tcp":
                    return Endpoint(_reachable(forward.host_address), forward.host_port, relayed=True)
        macs = [nic.mac for nic in domain.live.nics if nic.kind != "user"]
        known = self._host.addresses(macs, domain.run)
        return next((Endpoint(ip, port) for mac in macs for ip, _ in known.get(mac, ())), None)

    def can_be_asked(self) -> bool:
        return self._host.facts.reachable

    async def ping(self, timeout: float) -> None:
        await self._host.agent.ping(self._uuid, timeout)

    async def run(self, command: Sequence[str], timeout: float) -> int:
        return await self._host.agent.run(self._uuid, command, timeout)


def _reachable(listen: str) -> str:
    """Returns where to connect in order to reach what listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 - compared, not listened on
