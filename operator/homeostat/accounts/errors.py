"""What accounts refuse, and what goes wrong with their database, in words for the person who asked.

AccountsError               ``mend`` says what to do next
├── NotAName                nobody can be called that
├── AccountExists           somebody is called that already, or was
├── NoSuchAccount
├── BadPassword             too short, too long, or no text
├── LastAdministrator       nobody would be left to administer
├── NotSignedIn             what was shown lets nobody in, or no more
│   ├── SignInRefused       name or password is wrong
│   └── SessionBanned
├── AccountBanned           whoever signs in rightly learns it
├── TooManyAttempts         wait; ``after`` says how long
│   └── TooManyRegistered
├── TooManyAtOnce           they wait for a turn to hash
├── NotPermitted            who asks has not the right to
├── NotAToken               no token of an account can be like that
├── NoSuchToken
├── NoSuchSession
├── NotAGrant               nobody can be given that
├── NoSuchGrant
├── NotAQuota               that is no limit
├── QuotaExceeded           an account would have more than it may
├── TicketRefused           it opens no console
├── ConsoleLimit            too many consoles are open
├── NoSuchConsole
├── NotAnIdentity           no provider calls anybody that
├── IdentityTaken           it is another account's
├── NoSuchIdentity
├── NoAccountOf             the provider knows whoever signs in, and no account is his
├── ProviderNotConfigured
├── ProviderRefused         what came back from a provider lets nobody in
│   └── UnknownKey          it may be signed by a newer key
├── ProviderAway            it does not answer, or not as a provider does
├── BackupRefused           it cannot be written, or is none
└── DatabaseTrouble         the database does not work
    ├── DatabaseDamaged
    ├── DatabaseBusy        another one writes for longer than we wait
    ├── DatabaseReadOnly    no permission, or a read-only file system
    ├── DatabaseFull        no space is left
    ├── DatabaseNewer       a newer Homeostat made it
    └── DatabaseAway        its server, or its file, cannot be reached
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


class AccountsError(Exception):
    """The base of all errors that accounts raise on purpose."""

    mend = ""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        if mend:
            self.mend = mend


class NotAName(AccountsError):
    """No account can have that name."""

    mend = "a name is 1 to 63 of the characters a-z, 0-9, '-', '.' and '_', and begins and ends with a letter or a digit"


class AccountExists(AccountsError):
    """There is an account of that name, or there was one: what it owned still names it."""

    def __init__(self, name: str, *, deleted: bool = False) -> None:
        super().__init__(
            f"there was an account {name}, which is deleted" if deleted else f"there is an account {name} already",
            "what that account owned still names it, so nobody else can have the name: choose another"
            if deleted
            else "choose another name",
        )


class NoSuchAccount(AccountsError):
    """Nobody is called that."""

    mend = "`homeostat user list` shows all accounts"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no account {name}")


class BadPassword(AccountsError):
    """That cannot be a password."""


class LastAdministrator(AccountsError):
    """Nobody would be left who may administer."""

    mend = "make another one first: `homeostat user add NAME --role administrator`, or `homeostat user role NAME administrator`"


class NotSignedIn(AccountsError):
    """A token lets nobody in: it is unknown, used up, or of a session that has ended."""

    mend = "sign in again"

    def __init__(self, message: str = "the token lets nobody in: it has expired, was revoked, or never was one") -> None:
        super().__init__(message)


class SignInRefused(NotSignedIn):
    """Name or password is wrong. Which one, and why, nobody learns."""

    mend = "check both; an administrator can set another password"

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class SessionBanned(NotSignedIn):
    """A session of an account that is banned. ``name``: whose it is."""

    def __init__(self, name: str, session: str, reason: str) -> None:
        super().__init__(f"the account {name} is banned{f': {reason}' if reason else ''}")
        self.name = name
        self.session = session


class AccountBanned(AccountsError):
    """Name and password are right, and the account is banned. ``reason``: "" none is given."""

    mend = "ask an administrator"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"the account {name} is banned{f': {reason}' if reason else ''}")
        self.reason = reason


class TooManyAttempts(AccountsError):
    """Signing in failed too often of late. ``after``: seconds until the next attempt counts."""

    def __init__(self, after: float) -> None:
        self.after = max(1, math.ceil(after))
        super().__init__("too many attempts to sign in failed", f"wait {self.after} s, then try again")


class TooManyRegistered(TooManyAttempts):
    """Too many accounts were made from one address of late."""

    def __init__(self, after: float) -> None:
        super().__init__(after)
        self.args = ("too many accounts were made from this address",)


class TooManyAtOnce(AccountsError):
    """More sign in at this moment than can be served."""

    mend = "wait a few seconds, then try again"
    after = 5

    def __init__(self) -> None:
        super().__init__("too many sign in at this moment")


class NotPermitted(AccountsError):
    """Whoever asks has not the right to. ``right``: the one that it takes, where there is one."""

    def __init__(self, message: str, mend: str = "", right: str = "") -> None:
        super().__init__(message, mend)
        self.right = right


class NotAToken(AccountsError):
    """No token of an account can be like that."""


class NoSuchToken(AccountsError):
    """The account has no token of that name."""

    mend = "`homeostat token list` shows all tokens"

    def __init__(self, account: str, name: str) -> None:
        super().__init__(f"{account} has no token {name!r}")


class NoSuchSession(AccountsError):
    """That is no session of the account, or it has ended."""

    def __init__(self, session: str) -> None:
        super().__init__(f"there is no session {session[:40]!r}")


class NotAGrant(AccountsError):
    """Nobody can be given that."""


class NoSuchGrant(AccountsError):
    """There is no grant of that id."""

    mend = "`homeostat grant list` shows all grants"

    def __init__(self, grant: str) -> None:
        super().__init__(f"there is no grant {grant[:40]!r}")


class NotAQuota(AccountsError):
    """That is no limit."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Something of which there would be too much: ``used`` already, ``asked`` for beside that, and the ``limit``; then the same
    for people."""

    measure: str
    used: int
    asked: int
    limit: int
    used_text: str
    asked_text: str
    limit_text: str

    def __str__(self) -> str:
        return f"{self.measure}: {self.used_text} used, {self.asked_text} more asked for, {self.limit_text} allowed"


class QuotaExceeded(AccountsError):
    """An account would have more than it may."""

    mend = "delete or stop something, ask for less, or ask an administrator for more"

    def __init__(self, account: str, excess: Sequence[Excess]) -> None:
        super().__init__(f"the quota of {account} is exceeded: {'; '.join(map(str, excess))}")
        self.account = account
        self.excess = excess


class TicketRefused(AccountsError):
    """That opens no console: it was used before, is too old, or never was a ticket."""

    mend = "ask for a new one: POST /api/v1/vms/NAME/consoles. Each is good for one use within 30 seconds"

    def __init__(self, message: str = "the ticket opens no console: it was used, has expired, or never was one") -> None:
        super().__init__(message)


class ConsoleLimit(AccountsError):
    """Too many consoles are open."""

    mend = "close one: GET /api/v1/consoles lists them"


class NoSuchConsole(AccountsError):
    """No console of that id is open."""

    mend = "GET /api/v1/consoles lists those that are open"

    def __init__(self, console: str) -> None:
        super().__init__(f"no console {console[:40]!r} is open")


class NotAnIdentity(AccountsError):
    """No provider calls anybody that."""

    mend = "give --issuer as the provider writes it, and --subject: the audit has it of whoever was refused"


class IdentityTaken(AccountsError):
    """It is bound to another account, and one identity is one account's."""

    def __init__(self, account: str) -> None:
        super().__init__(f"that identity is bound to the account {account}", "unlink it there first: `homeostat user unlink`")


class NoSuchIdentity(AccountsError):
    """The account is bound to no such identity."""

    mend = "`homeostat user identities` shows all of them"

    def __init__(self, account: str) -> None:
        super().__init__(f"{account} is bound to no such identity")


class NoAccounts(AccountsError):
    """There is nobody who could sign in."""

    mend = "make one on the host of the server: `homeostat user add NAME --role administrator`"

    def __init__(self) -> None:
        super().__init__("there are no accounts yet")


class NoAccountOf(AccountsError):
    """The provider knows whoever signs in, and no account is his. Why is in the audit alone: it may tell of other accounts."""

    def __init__(self, issuer: str, subject: str) -> None:
        super().__init__(
            "you are known to the provider, and no account here is yours",
            f"ask an administrator for one: `homeostat user link NAME --issuer {issuer} --subject {subject}`",
        )


class ProviderNotConfigured(AccountsError):
    """Nobody signs in by a provider."""

    mend = "sign in by name and password, or configure one: [accounts.oidc] in homeostat.toml"

    def __init__(self) -> None:
        super().__init__("no OpenID Connect provider is configured")


class ProviderRefused(AccountsError):
    """What came back from a provider lets nobody in."""

    mend = "begin again: GET /api/v1/session/oidc"


class UnknownKey(ProviderRefused):
    """It is signed by a key that the provider had not published when it was asked last."""


class ProviderAway(AccountsError):
    """The provider does not answer, or not as one does."""

    mend = "try again; if it stays so, check [accounts.oidc] issuer, and that this server reaches it"


class BackupRefused(AccountsError):
    """A backup cannot be written, or is none."""


class DatabaseTrouble(AccountsError):
    """The database does not work."""


class DatabaseDamaged(DatabaseTrouble):
    """The file is no database, or is damaged. It is never replaced: accounts cannot be rebuilt."""


class DatabaseBusy(DatabaseTrouble):
    """Somebody else writes to it for longer than we wait."""

    mend = "try again; if it stays so, look who holds it open"


class DatabaseReadOnly(DatabaseTrouble):
    """It cannot be written."""


class DatabaseFull(DatabaseTrouble):
    """No space is left for it."""

    mend = "make room there; nothing of what was asked is done"


class DatabaseNewer(DatabaseTrouble):
    """A newer Homeostat made it."""


class DatabaseAway(DatabaseTrouble):
    """It cannot be reached."""
