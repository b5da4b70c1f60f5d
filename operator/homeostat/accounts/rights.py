"""What there is to be allowed, and the one decision whether somebody may: a pure function of who asks, what for, and whose
it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What an operation asks for. A token's scopes are rights, too."""

    SEE = "see"
    CHANGE = "change"
    COPY = "copy"  # what is on disks, which may hold secrets
    MODERATE = "moderate"  # what concerns others: their consoles, bans, the audit
    ADMINISTER = "administer"  # accounts, roles, grants and quotas


class Role(StrEnum):
    """What an account is. Each role may do what those before it may."""

    USER = "user"
    MODERATOR = "moderator"
    ADMINISTRATOR = "administrator"


EVERYWHERE: Mapping[Role, frozenset[Right]] = {
    Role.USER: frozenset(),
    Role.MODERATOR: frozenset({Right.SEE, Right.MODERATE}),
    Role.ADMINISTRATOR: frozenset(Right),
}
"""What a role may do to whatever there is."""

OWN = frozenset({Right.SEE, Right.CHANGE, Right.COPY})
"""What every account may do to what it owns, and what a grant may give."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: a resource, by its kind, namespace and name, and the account that owns it ("" none)."""

    kind: str
    namespace: str
    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights that an account was given beyond what it owns: in a namespace, or to one resource of it (``kind`` and ``name``)."""

    rights: frozenset[Right]
    namespace: str
    kind: str = ""
    name: str = ""

    def covers(self, subject: Subject) -> bool:
        """Tells whether the grant is about the subject."""
        return self.namespace == subject.namespace and self.kind in ("", subject.kind) and self.name in ("", subject.name)


def anywhere(role: Role) -> frozenset[Right]:
    """Returns what a role may do at all, be it to what it owns only."""
    return OWN | EVERYWHERE[role]


def may(name: str, role: Role, grants: Iterable[Grant], right: Right, subject: Subject) -> bool:
    """Tells whether the account of that name and role has a right to a subject: by its role, because it owns it, or by a
    grant."""
    if right in EVERYWHERE[role]:
        return True
    if right not in OWN:
        return False
    if name and subject.owner == name:
        return True
    return any(right in grant.rights and grant.covers(subject) for grant in grants)
