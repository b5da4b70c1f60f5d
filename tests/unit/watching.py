"""Machines with screens and keyboards, and those who come before them: bob owns ``web``, eve may see it, sam may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.base import OWNER
from homeostat.models.host import Host, HostMeta, HostStatus
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.journal import Deed, DeedOutcome
from homeostat.service.service import Service
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written, resource

LIBVIRT = "test:///default"
DOMAIN = "6695eb01-f6a4-8304-79aa-97f2502e193f"
"""The uuid of the domain that each test driver of libvirt has."""

EVERY = frozenset(Right)
BOB = Actor("session", name="bob", rights=EVERY)
EVE = Actor("session", name="eve", rights=EVERY, grants=(Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"),))
SAM = Actor("session", name="sam", rights=EVERY)
MONA = Actor("session", Role.MODERATOR, "mona", rights=EVERY)


@dataclass
class Notes:
    """A journal in memory: what was done, by whom, and how it ended."""

    lines: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    async def begin(self, actor: Actor, deed: Deed) -> str | None:
        assert not deed.name.startswith("secret")
        return "begun"

    async def end(self, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
        self.lines.append((actor.name, deed.verb, f"{deed.kind}/{deed.name}", outcome, deed.message))


def machine(name: str = "web", /, uid: str = "", owner: str = "bob", status: bool = True, **spec: Any) -> VirtualMachine:
    """Returns a machine that runs as the domain of the test driver, or has no status."""
    found = resource(VirtualMachine, name, spec, **({"state": "Running", "domainUuid": DOMAIN} if status else {}))
    labels = {OWNER: owner} if owner else {}
    return found.model_copy(
        update={"metadata": found.metadata.model_copy(update={"labels": labels, "uid": uid or f"uid-{name}"})}
    )


def reported(machine: VirtualMachine, **status: Any) -> VirtualMachine:
    """Returns a machine with another status."""
    assert machine.status is not None
    return machine.model_copy(update={"status": machine.status.model_copy(update=status)})


def host(name: str, operator: str = "one", api: str = "") -> Host:
    return Host(metadata=HostMeta(name=name), status=HostStatus(operator=operator, api=api))


class Watched:
    """A service over machines whose host has libvirt's test driver."""

    def __init__(self, state: Path, *resources: VirtualMachine | Host, **allowed: Any) -> None:
        self.state = StateFolder.open(state)
        self.state.remember_libvirt(LIBVIRT)
        self.written = Written(*resources)
        self.notes = Notes()
        self.service: Service = self.written.service(state, self.notes, **allowed)

    def desk(self, actor: Actor = BOB) -> Desk:
        return self.service.asked_by(actor)

    def now(self, machine: VirtualMachine) -> None:
        """Puts another machine in the place of one, or the same one as it is by now."""
        self.written.resources[machine.key] = machine
