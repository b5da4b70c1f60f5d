"""Reading domains: libvirt's answers as ObservedDomain. All of it runs on the connection's threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import libvirt

from homeostat.planner.domain import DomainConfig, Record
from homeostat.planner.observed import LEFT_SAVING, REVERTED, DomainState, ObservedDomain, Tap

from ..connection.connection import LibvirtConnection
from ..connection.events import Aspect
from ..xml import has_record, parse_domain, parse_root, parse_xml
from ..xml.cpu import running_cpu
from ..xml.devices.agent import agent_connected
from ..xml.devices.display import vnc_address
from ..xml.devices.nics import parse_taps
from ..xml.general import parse_balloon
from .bridged import of_its_network
from .marks import RunMarks

STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: DomainState.RUNNING,  # the test and Xen drivers' "no particular state"
    libvirt.VIR_DOMAIN_RUNNING: DomainState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: DomainState.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: DomainState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: DomainState.SHUTTING_DOWN,
    libvirt.VIR_DOMAIN_SHUTOFF: DomainState.SHUTOFF,
    libvirt.VIR_DOMAIN_CRASHED: DomainState.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: DomainState.SUSPENDED,
}

# In the order of libvirt's enums (virDomainRunningReason and so on): a reason's number is its place.
_REASONS: dict[DomainState, tuple[str, ...]] = {
    DomainState.RUNNING: (
        "unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused", "migration-canceled",
        "save-canceled", "wakeup", "crashed", "postcopy", "postcopy-failed",
    ),
    DomainState.PAUSED: (
        "unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from-snapshot", "shutting-down",
        "snapshot", "crashed", "starting-up", "postcopy", "postcopy-failed", "api-error",
    ),
    DomainState.SHUTTING_DOWN: ("unknown", "user"),
    DomainState.SHUTOFF: (
        "unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon",
    ),
    DomainState.CRASHED: ("unknown", "panicked"),
    DomainState.SUSPENDED: ("unknown", "disk"),
}  # fmt: skip

# What a domain that is off does not have.
_OFF: Mapping[str, Any] = {
    "live": None, "pid": None, "vnc": None, "agent": False, "run": "", "taps": (), "balloon": 0, "unplugged": {},
}  # fmt: skip

Unplugged = Callable[[Sequence[Tap]], Mapping[str, str]]  # see links.unplugged

SECURE = libvirt.VIR_DOMAIN_XML_SECURE  # with the VNC password, which is compared and never shown
_ID = re.compile(r" id='([^']*)'")


@dataclass(frozen=True, slots=True)
class Bulk:
    """One bulk listing: what libvirt says of all domains in a fixed number of calls."""

    domains: dict[str, libvirt.virDomain]
    states: dict[str, tuple[DomainState, str]]
    stats: dict[str, dict[str, Any]]
    autostart: frozenset[str]
    saved: frozenset[str]
    transient: frozenset[str]


STATS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_BLOCK
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
)

SAVING = (DomainState.PAUSED, "save")
IDLE = "balloon.rss"  # among what libvirt tells without waiting only of a domain that it is not busy with


def read_bulk(connection: LibvirtConnection) -> Bulk:
    """Makes four calls, however many domains there are. A busy domain answers with less, and is not waited for."""
    handle, request = connection.handle, connection.request
    nowait = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    try:
        answers = request(handle.getAllDomainStats, STATS, nowait)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
            raise
        answers = request(handle.getAllDomainStats, STATS, 0)  # the test driver knows no flags
    stats = {domain.UUIDString(): (domain, values) for domain, values in answers}

    def having(flag: int) -> frozenset[str]:
        return frozenset(domain.UUIDString() for domain in request(handle.listAllDomains, flag))

    return Bulk(
        domains={uuid: domain for uuid, (domain, _) in stats.items()},
        states={uuid: _state(connection, domain, values) for uuid, (domain, values) in stats.items() if "state.state" in values},
        stats={uuid: values for uuid, (_, values) in stats.items()},
        autostart=having(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART),
        saved=having(libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE),
        transient=having(libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT),
    )


def name_state(state: int, reason: int) -> tuple[DomainState, str]:
    named = STATES.get(state, DomainState.RUNNING)
    words = _REASONS[named]
    return named, words[reason] if 0 <= reason < len(words) else "unknown"


def _state(connection: LibvirtConnection, domain: libvirt.virDomain, values: Mapping[str, Any]) -> tuple[DomainState, str]:
    """Names the state that statistics tell. libvirt pauses a guest while it saves its memory into a snapshot; where libvirtd is
    killed meanwhile, the next one does not let it go on. So such a pause has a reason of its own where nothing is under way."""
    named = name_state(values["state.state"], values.get("state.reason", 0))
    if named != SAVING or IDLE not in values:
        return named
    try:
        job = connection.request(domain.jobInfo)[0]  # some jobs, such as `virsh save`, let a domain be asked meanwhile
    except libvirt.libvirtError:
        return named  # it has ended, or another job has begun: that is read next time
    return (DomainState.PAUSED, LEFT_SAVING) if job == libvirt.VIR_DOMAIN_JOB_NONE else named


def _state_now(connection: LibvirtConnection, domain: libvirt.virDomain) -> tuple[DomainState, str]:
    named = name_state(*connection.request(domain.state))
    if named != SAVING:
        return named
    answers = connection.request(
        connection.handle.domainListGetStats, [domain], STATS, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    )
    return next((_state(connection, domain, values) for _, values in answers), named)


def just_made(name: str, uuid: str) -> ObservedDomain:
    """Returns a domain as libvirt makes it: persistent, not started with the host, and without saved memory."""
    return ObservedDomain(name, uuid, DomainState.SHUTOFF, "unknown", True, False, False, None, None)


class DomainReader:
    """Reads single domains, on any thread. Two readings of the same domain must not overlap."""

    def __init__(
        self, connection: LibvirtConnection, pid_of: Callable[[str, str], int | None], unplugged: Unplugged, marks: RunMarks
    ) -> None:
        self._connection, self._pid_of, self._unplugged, self._marks = connection, pid_of, unplugged, marks
        self._definitions: dict[str, int] = {}  # by uuid: the hash of its inactive XML

    def forget(self, uuid: str) -> None:
        self._definitions.pop(uuid, None)

    def read(self, domain: Any, previous: ObservedDomain | None, aspects: Aspect, bulk: Bulk | None = None) -> ObservedDomain:
        """Reads what ``aspects`` asks for and takes the rest from ``previous``. Of a domain that is not known yet it reads
        everything.

        Raises:
            libvirt.libvirtError: also when the domain has gone.
            ValueError: its XML cannot be understood.
        """
        request, uuid = self._connection.request, domain.UUIDString()
        if bulk is not None and uuid in bulk.states:
            state, reason = bulk.states[uuid]
        else:
            state, reason = _state_now(self._connection, domain)
        if previous is None:
            previous = just_made(domain.name(), uuid)
            aspects |= Aspect.CONFIG | Aspect.LIVE | Aspect.FLAGS
        if state.active and not previous.state.active:
            aspects |= Aspect.LIVE
        if previous.state.active and not state.active and previous.record is not None:
            aspects |= Aspect.CONFIG  # what the next start boots: not every change of it causes an event
        if reason == "saved":
            aspects |= Aspect.FLAGS
        if reason == REVERTED and (previous.reason != reason or Aspect.LIVE in aspects):
            aspects |= Aspect.CONFIG  # a snapshot brings back the definition of its time
        # Starting a domain removes its managed save, so a running one has none.
        saved = previous.managed_save and not state.active
        found: dict[str, Any] = {"state": state, "reason": reason, "managed_save": saved, **({} if state.active else _OFF)}
        if Aspect.FLAGS in aspects:
            found |= self._flags(domain, state.active, bulk)
        config, record = previous.config, previous.record
        if Aspect.CONFIG in aspects:
            config, record = self._definition(uuid, request(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE | SECURE))
            found |= {"config": config, "record": record, **({"name": config.name} if config else {})}
            if config and previous.config and _sources(config) != _sources(previous.config):
                aspects |= Aspect.LIVE  # both at the same time: that decides which of two files is newer
        if not found["managed_save"] or record is None:
            found["saved"] = None
        elif Aspect.FLAGS in aspects or previous.saved is None:
            found["saved"] = self._saved(domain, config)
        if state.active and record is None:
            found |= _OFF
        elif state.active and (Aspect.LIVE in aspects or previous.live is None):
            name = found.get("name", previous.name)
            found |= self._live(name, uuid, config, domain, request(domain.XMLDesc, SECURE))
        return replace(previous, **found)

    def _flags(self, domain: Any, active: bool, bulk: Bulk | None) -> dict[str, Any]:
        if bulk is not None:
            uuid = domain.UUIDString()
            return {
                "persistent": uuid not in bulk.transient,
                "autostart": uuid in bulk.autostart,
                "managed_save": uuid in bulk.saved,
            }
        request = self._connection.request
        persistent = bool(request(domain.isPersistent))
        return {
            "persistent": persistent,
            "autostart": persistent and bool(request(domain.autostart)),
            "managed_save": not active and bool(request(domain.hasManagedSaveImage)),
        }

    def _definition(self, uuid: str, text: str) -> tuple[DomainConfig | None, Record | None]:
        """Returns what the definition says, and our record in it. A domain without one is not ours, and not read further."""
        root = parse_xml(text)
        if not has_record(root):
            return None, None
        self._definitions[uuid] = hash(text)
        self._marks.define(uuid, root)
        config = parse_root(root)
        return config, config.record

    def _saved(self, domain: Any, config: DomainConfig | None) -> DomainConfig | None:
        """Returns the definition that goes on with the saved memory. None: nothing can, as it cannot be read."""
        try:
            return parse_domain(self._connection.request(domain.managedSaveGetXMLDesc, 0))
        except libvirt.libvirtError as error:
            return config if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT else None  # the test driver

    def _live(self, name: str, uuid: str, config: DomainConfig | None, domain: Any, text: str) -> dict[str, Any]:
        found = _ID.search(text, 0, text.find(">"))
        domain_id = found[1] if found else ""
        vnc, agent, live = None, False, config
        taps: tuple[Tap, ...] = ()
        balloon, mark = 0, ""
        halfway: Mapping[str, str] = {}
        # With the test driver it is word for word the definition; then it need not be parsed.
        plain = text[: found.start()] + text[found.end() :] if found else text
        if hash(plain) != self._definitions.get(uuid):
            root = parse_xml(text)
            vnc, agent, live, taps = vnc_address(root), agent_connected(root), parse_root(root), parse_taps(root)
            balloon, mark = parse_balloon(root), self._marks.of_run(domain, root)
            if config is not None:
                live = replace(live, cpu=running_cpu(config.cpu, live.cpu))
                live, halfway = of_its_network(self._connection, config, live)
                live = config if live == config else live  # one object for both: there may be thousands of machines
        pid = self._pid_of(name, uuid)
        own = mark or pid
        return {
            "live": live, "pid": pid, "vnc": vnc, "agent": agent, "run": f"{domain_id}-{own}" if own else domain_id,
            "taps": taps, "balloon": balloon, "unplugged": {**(self._unplugged(taps) if taps else {}), **halfway},
        }  # fmt: skip


def _sources(config: DomainConfig) -> list[str | None]:
    return [disk.source for disk in config.disks]


class PidFiles:
    """QEMU's pid, from libvirt's file. None where that folder is on another host, or not readable for us."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def __call__(self, name: str, uuid: str) -> int | None:
        for folder in self._folders:
            try:
                pid = int((folder / f"{name}.pid").read_text(encoding="ascii"))
                # A file that was left behind may name a pid that another program has by now.
                if uuid.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
            except (OSError, ValueError):
                continue
        return None
