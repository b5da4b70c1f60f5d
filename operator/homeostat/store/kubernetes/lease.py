"""A coordination.k8s.io Lease: of several operators that could do one job, only one does it.

The rules and the seconds are those of client-go's leader election, as Kubernetes' own controllers have them:
https://pkg.go.dev/k8s.io/client-go/tools/leaderelection. Clocks of several hosts are never compared. A holder counts as dead when
its record has not changed for its own duration, by our clock.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from homeostat.models.base import Key
from homeostat.store.errors import AlreadyExists, Conflict, NotFound, StoreError

from .cluster import Cluster
from .errors import LeadershipLost
from .paths import LEASES

log = logging.getLogger(__name__)

DURATION = 15.0
"""Seconds after its last sign of life after which others take over. With RETRY and a request that becomes 17 to 18."""
DEADLINE = 10.0
"""Seconds after which a holder that could not renew stops acting, whatever it does. That is before others may begin."""
RETRY = 2.0
"""Seconds between two renewals, and between two tries of those who wait."""
MOMENT = 0.1
"""The shortest pause between two tries, in seconds."""
KIND = "Lease"


def host_lease(host: str) -> str:
    """Returns the name of the lease that a host's operator holds."""
    return f"homeostat-host-{host}"


class Lease:
    """The lease of one job, for one event loop. ``check`` is the fence: call it before each act of the job."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, identity: str) -> None:
        self._cluster = cluster
        self._key = Key(KIND, namespace, name)
        self._identity = identity
        self._renewed = float("-inf")  # when the last successful renewal began, by _clock
        self._said = ""  # the last reason that was said why we do not have it
        self._record: dict[str, Any] | None = None
        self._seen: tuple[str, float] = ("", 0.0)  # resourceVersion of another's last record, and since when we know it
        self._expires = float("inf")  # when that other one counts as dead, unless it shows a sign of life

    @property
    def held(self) -> bool:
        """Tells whether we may act now. A process that was stopped for a while may not, because the clock went on."""
        return _clock() - self._renewed < DEADLINE

    def check(self) -> None:
        """Checks that we may act.

        Raises:
            LeadershipLost: we may not.
        """
        if not self.held:
            raise LeadershipLost(f"lease {self._key.name} is not ours any more: another operator may have taken over")

    async def lead(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Waits for the lease, does ``work`` while it holds the lease, and gives it back when work ends or ``stop`` is set. When
        the lease is lost, it cancels work and returns.

        Raises:
            Whatever ``work`` raises.
        """
        while not stop.is_set():
            if await self._try():
                break
            await _sleep(stop, min(RETRY, max(self._expires - _clock(), MOMENT)))
        if stop.is_set():
            return
        log.info("lease %s: acquired by %s", self._key.name, self._identity)
        task = asyncio.ensure_future(work())
        try:
            await self._hold(task)
        finally:
            if not task.done():
                task.cancel()
                (ended,) = await asyncio.gather(task, return_exceptions=True)
                if isinstance(ended, Exception):
                    log.warning("lease %s: what we stopped ended with: %r", self._key.name, ended)
            if self.held:
                await self._release()
            self._renewed = float("-inf")
        if not task.cancelled():
            task.result()

    async def _hold(self, task: asyncio.Future[None]) -> None:
        """Renews until the work is done, or until the deadline has passed without a renewal."""
        while not task.done():
            await asyncio.wait({task}, timeout=RETRY)
            if task.done():
                return
            await self._try()
            if not self.held:
                log.warning("lease %s: could not be renewed in time; others may act now, we stop", self._key.name)
                return

    async def _try(self) -> bool:
        """Acquires or renews the lease. Returns False where another one has it, or the server does not answer."""
        begun = _clock()
        left = self._renewed + DEADLINE - begun if self.held else DEADLINE  # a later answer is of no use
        try:
            async with asyncio.timeout(left):
                if not await self._write():
                    return False
        except (StoreError, TimeoutError) as error:
            self._say(str(error) or "no answer in time")
            return False
        self._said = ""
        self._renewed = begun
        return True

    def _say(self, why: str) -> None:
        """Logs why, once for several tries with the same reason."""
        if why != self._said:
            log.warning("lease %s: %s", self._key.name, why)
        self._said = why

    async def _write(self) -> bool:
        if self._record is None:
            try:
                self._record = await self._cluster.get(LEASES, self._key)
            except NotFound:
                return await self._create()
        spec = self._record.get("spec") or {}
        if not self._is_anothers(spec):
            return await self._replace(spec)
        self._record = None  # read it again at the next try
        self._renewed = float("-inf")  # if it was ours and somebody deleted it, its new holder acts already
        return False

    def _is_anothers(self, spec: dict[str, Any]) -> bool:
        """Tells whether somebody else holds it and shows signs of life."""
        holder = spec.get("holderIdentity") or ""
        if not holder or holder == self._identity:
            return False
        assert self._record is not None
        version = self._record["metadata"]["resourceVersion"]
        if version != self._seen[0]:
            self._seen = (version, _clock())
        self._expires = self._seen[1] + float(spec.get("leaseDurationSeconds") or DURATION)
        return _clock() < self._expires

    async def _create(self) -> bool:
        meta = {"name": self._key.name, "namespace": self._key.namespace}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": KIND, "metadata": meta, "spec": self._spec({})}
        try:
            self._record = await self._cluster.create(LEASES, self._key, body, self._identity)
        except AlreadyExists:
            return False
        except NotFound as error:
            namespace = self._key.namespace
            raise StoreError(
                f"leases are kept in namespace {namespace!r}, which is not there: kubectl create namespace {namespace}, or name "
                "another with --lease-namespace"
            ) from error
        return True

    async def _replace(self, spec: dict[str, Any]) -> bool:
        assert self._record is not None
        try:
            body = {**self._record, "spec": self._spec(spec)}
            self._record = await self._cluster.replace(LEASES, self._key, body, self._identity)
        except (Conflict, NotFound):  # somebody else was faster
            self._record = None
            return False
        return True

    def _spec(self, before: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mine = before.get("holderIdentity") == self._identity
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(DURATION),
            "acquireTime": before.get("acquireTime") if mine else now,
            "renewTime": now,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (not mine and bool(before)),
        }

    async def _release(self) -> None:
        """Gives the lease back, so that others need not wait until it expires."""
        if self._record is None:
            return
        spec = {**(self._record.get("spec") or {}), "holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            await self._cluster.replace(LEASES, self._key, {**self._record, "spec": spec}, self._identity)
        except StoreError as error:
            log.info("lease %s: not given back: %s", self._key.name, error)
        self._record = None


class LeaseWatch:
    """Tells whether the leases of others are held, by whomever: each must change once within its duration."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._seen: dict[str, tuple[str, float]] = {}

    async def holder(self, name: str) -> str:
        """Returns who holds a lease; empty: nobody. At first it counts as held, until its duration has passed.

        Raises:
            ClusterError: the server did not answer, or refused.
        """
        try:
            record = await self._cluster.get(LEASES, Key(KIND, self._namespace, name))
        except NotFound:
            return ""
        spec, version = record.get("spec") or {}, record["metadata"]["resourceVersion"]
        if self._seen.get(name, ("", 0.0))[0] != version:
            self._seen[name] = (version, _clock())
        alive_until = self._seen[name][1] + float(spec.get("leaseDurationSeconds") or DURATION)
        return (spec.get("holderIdentity") or "") if _clock() < alive_until else ""


def _clock() -> float:
    """Returns seconds. This clock goes on while the process is stopped and while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
