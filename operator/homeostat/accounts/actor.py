"""Who asks. The gate makes this of a request, and everything behind it relies on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from .rights import EVERYWHERE, Grant, Right, Role, Subject, may

How = Literal["local", "token", "session", "api-token", "house", "unknown"]
"""How somebody was recognised: as a program of this host, by the server's own token, by signing in, or by a token of his
account. The house itself asks for nobody. Unknown: not at all."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    ``name``: his account's; "" where he has none. ``rights``: those that the server, and the scopes of his token, leave to him.
    """

    how: How
    role: Role = Role.USER
    name: str = ""
    rights: frozenset[Right] = frozenset()
    grants: tuple[Grant, ...] = ()
    author: str = "api"  # whom revisions and commits name
    address: str = field(default="", compare=False)  # where he asks from
    session: str = field(default="", compare=False)  # which he signed in to, "" none
    token: str = field(default="", compare=False)  # the name of the API token that he shows, "" none
    account: int | None = field(default=None, compare=False)  # the number of his account, which no other one ever has

    def may(self, right: Right) -> bool:
        """Tells whether he may ask for a right at all. What about is another question."""
        return right in self.rights

    def may_to(self, right: Right, subject: Subject) -> bool:
        """Tells whether he has a right to a subject."""
        return right in self.rights and may(self.name, self.role, self.grants, right, subject)

    def everywhere(self, right: Right) -> bool:
        """Tells whether he has a right to whatever there is."""
        return right in self.rights and right in EVERYWHERE[self.role]

    def lent(self, grants: Iterable[Grant]) -> Actor:
        """Returns him with grants that he has for one thing alone, such as a console that a contract opens for him."""
        return replace(self, grants=(*self.grants, *grants))


NOBODY = Actor("unknown")
"""He may do nothing, and see the paths that are open to everybody."""

HOUSE = Actor("house", Role.ADMINISTRATOR, rights=frozenset(Right))
"""The server itself, such as where it renders what many will see. Never made of a request."""
