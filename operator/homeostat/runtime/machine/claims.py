"""Who has what only one machine of a host can have. This is the only place where it is claimed and released."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.planner.files.disk_file import is_named_disk
from homeostat.planner.machine.host.claims import UNTIL_DONE, Claim, Standing, claims_held, claims_of, standing
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.observed import ObservedDomain

from ..hypervisor import Domains
from .observe import own_domain


class _Found(NamedTuple):
    """What was found of one machine, and of what."""

    spec: VirtualMachineSpec
    identity: str
    root: str
    domain: ObservedDomain | None
    asked: frozenset[Claim]  # by the spec
    claims: frozenset[Claim]  # and by the domain


class Claims:
    """What machines claim of their host. The first one to ask gets it. But a machine that has it already, as its domain shows,
    keeps it from one that only asks for it. A domain that is only defined while its machine is refused does not count as having
    it.

    ``freed`` receives each machine that may now have what it was refused.
    """

    def __init__(self, freed: Callable[[Key], None] = lambda key: None) -> None:
        self._freed = freed
        self._standing: dict[Key, Standing] = {}
        self._claims: dict[Key, frozenset[Claim]] = {}
        self._found: dict[Key, _Found] = {}
        self._refused: set[Key] = set()
        self._asking: dict[tuple[str, str], dict[Key, None]] = {}  # by slot; the holder is the first that collides

    def update(self, machine: VirtualMachine, host: Domains) -> Mapping[str, str]:
        """Records what this machine claims. Returns those claims that another machine holds, and which one. ``machine`` includes
        its plugin's part."""
        key, domain = machine.key, own_domain(machine, host)
        claims, stands = self._look(key, machine, domain, host.facts.storage_root), standing(domain)
        if stands is Standing.DEFINED and key in self._refused:
            stands = Standing.WANTS
        if claims != self._claims.get(key) or stands != self._standing.get(key):
            self._take(key, claims, stands)
        found = ((claim, self._holder(key, claim)) for claim in claims)
        held = {str(claim): self._told(holder, claim, machine) for claim, holder in found if holder is not None}
        held = {**_with_strangers(machine, claims, host), **held}
        (self._refused.add if held else self._refused.discard)(key)
        return held

    def _look(self, key: Key, machine: VirtualMachine, domain: ObservedDomain | None, root: str) -> frozenset[Claim]:
        """Returns what it claims. That is found once for all looks at the same spec and the same domain: neither changes."""
        spec, identity, known = machine.spec, machine.identity, self._found.get(key)
        asked = known.asked if known and known.spec is spec and (known.identity, known.root) == (identity, root) else None
        if known and asked is not None and known.domain is domain:
            return known.claims
        if asked is None:
            asked = frozenset(claims_of(machine, root))
        held = frozenset(claims_held(domain))
        claims = asked if held <= asked else asked | held  # of equal ones that of the spec, which has words
        self._found[key] = _Found(spec, identity, root, domain, asked, claims)
        return claims

    def begin(self, machine: VirtualMachine, host: Domains) -> Mapping[str, str]:
        """Updates the claims right before the machine is started. Where nobody else holds any of them, it counts as running from
        now on."""
        if not (held := self.update(machine, host)):
            self._take(machine.key, self._claims[machine.key], Standing.RUNS)
        return held

    def hold(self, key: Key, files: Collection[str]) -> str:
        """Keeps machines from starting with these files, while a Disk opens them. Returns who has one already; empty: nobody, and
        they are held until ``release``."""
        for path in files:
            running = (
                other for other in self._asking.get(("file", path), ()) if other != key and self._standing[other] is Standing.RUNS
            )
            if (holder := next(running, None)) is not None:
                return f"{_word(holder)} {holder.name}"
        self._take(key, frozenset(Claim("file", path) for path in files), Standing.RUNS)
        return ""

    def borrowers(self, path: str) -> list[Key]:
        """Returns the Disks that hold a file now."""
        return [key for key in self._asking.get(("file", path), ()) if key.kind == Disk.KIND]

    def release(self, key: Key) -> None:
        """Releases all claims of a machine that has gone, or of a Disk."""
        self._refused.discard(key)
        self._found.pop(key, None)
        if key in self._claims:
            self._take(key, frozenset(), Standing.WANTS)
            del self._claims[key], self._standing[key]

    def _take(self, key: Key, claims: frozenset[Claim], stands: Standing) -> None:
        before = self._claims.get(key, frozenset())
        self._claims[key], self._standing[key] = claims, stands
        wanted = {claim.slot for claim in claims}
        for slot in wanted.union(claim.slot for claim in before):
            asking = self._asking.setdefault(slot, {})
            others = [other for other in asking if other != key]
            if slot in wanted:
                asking.setdefault(key)  # where it asked before, it keeps its place
            else:
                asking.pop(key, None)
            for other in others:
                self._freed(other)
            if not asking:
                del self._asking[slot]

    def _holder(self, key: Key, claim: Claim) -> Key | None:
        """Returns who else has it. None: it may be ``key``'s."""
        asking = self._asking[claim.slot]
        if len(asking) == 1:
            return None
        rivals = [other for other in asking if any(claim.collides(theirs) for theirs in self._claims[other])]
        first = max(rivals, key=lambda other: self._standing[other])  # of equal ones, the one that asked first
        return None if first == key else first

    def _told(self, holder: Key, claim: Claim, machine: VirtualMachine) -> str:
        same = holder.namespace == machine.metadata.namespace
        word = _word(holder)
        name = f"{word} {holder.name}" if same else f"{word} {holder.namespace}/{holder.name}"
        if holder.kind == Disk.KIND:
            return f"{name}{UNTIL_DONE}"
        asked = claim.kind == "file" or any(theirs.told for theirs in self._claims[holder] if claim.collides(theirs))
        return name if asked else f"{name}, until that is restarted"  # its spec does not ask for it any more


def _with_strangers(machine: VirtualMachine, claims: Collection[Claim], host: Domains) -> dict[str, str]:
    """Returns the Disks among the claims that a domain has that runs or is saved, and which one. Its machine may not be known
    yet, where an index was lost, or not any more, where that was given up."""
    root, own = host.facts.storage_root, domain_uuid(machine.identity)
    files = {claim.what for claim in claims if claim.kind == "file" and is_named_disk(root, claim.what)}
    found: dict[str, str] = {}
    for domain in host.domains() if files else ():
        config = domain.live if domain.state.active else domain.saved
        if domain.uuid == own or config is None:
            continue
        for disk in config.disks:
            for path in files & {disk.source, *(file.path for file in disk.chain or ())}:
                found[path] = f"domain {domain.name}, which {'runs' if domain.state.active else 'is saved'} with it"
    return found


def _word(holder: Key) -> str:
    return "Disk" if holder.kind == Disk.KIND else "machine"
