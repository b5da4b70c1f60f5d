"""What somebody may see of accounts, and change: everything that the API does with them goes through here, actor first.

His own account is open to everybody who has one. A moderator sees the others, and bans users. The rest is an administrator's.
What he may not see is answered like what is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from .accounts import Account
from .actor import Actor
from .audit.audit import Act, AuditEntry, By, Search
from .charges.measures import Measure, NewLimit
from .charges.quotas import AccountQuotas
from .errors import AccountsError, NoSuchAccount, NotPermitted
from .grants import GivenGrant
from .names import account_name
from .reception import Reception
from .rights import Grant, Right, Role
from .signing_in.api_tokens import ApiToken
from .signing_in.sessions import OpenSession

NO_ACCOUNT = "whoever asks has no account of his own: he came by the server's token, or as a program of its host"


class Administration:
    """The accounts as one actor finds them. Each call may wait for the disk: it belongs into a thread, and what sets a password
    into ``Reception.hashing``."""

    def __init__(self, reception: Reception, actor: Actor) -> None:
        self._reception = reception
        self._actor = actor
        self._by = By.actor(actor)

    def accounts(self) -> Sequence[Account]:
        """Returns the accounts that the actor sees, by name."""
        if self._actor.everywhere(Right.MODERATE):
            return self._reception.accounts.list()
        return [self._reception.accounts.get(self._actor.name)] if self._actor.name else []

    def account(self, name: str) -> Account:
        """Returns one account.

        Raises:
            NotAName, NoSuchAccount: there is none that the actor sees.
        """
        self._sees(name)
        return self._reception.accounts.get(name)

    def add(self, name: str, role: Role, password: str | None, banned: str | None = None) -> Account:
        """Makes an account. It hashes. ``banned``: why it is banned from the beginning.

        Raises:
            NotPermitted, NotAName, BadPassword, AccountExists: it cannot be.
        """
        self._administers("add", "Account", name)
        return self._reception.accounts.add(name, role, password, banned=banned, by=self._by)

    def set_role(self, name: str, role: Role) -> Account:
        """Gives an account another role.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, LastAdministrator: it cannot be.
        """
        self._administers("set role", "Account", name)
        return self._reception.accounts.set_role(name, role, by=self._by)

    def ban(self, name: str, banned: bool, reason: str = "", keep_sessions: bool = False) -> Account:
        """Bans an account, or lets it in again. A moderator may do so to users only. ``reason``: of a ban.
        ``keep_sessions``: they are there when it is lifted.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, LastAdministrator: it cannot be.
        """
        verb = "ban" if banned else "unban"
        self._needs(Right.MODERATE, verb, "Account", name)
        if self._reception.accounts.get(name).role is not Role.USER:
            self._administers(verb, "Account", name)
        if banned:
            return self._reception.accounts.ban(name, reason, keep_sessions=keep_sessions, by=self._by)
        return self._reception.accounts.unban(name, by=self._by)

    def set_password(self, name: str, password: str, current: str | None = None) -> Account:
        """Gives an account another password. Whoever changes his own shows the one until now. It hashes.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, BadPassword: it cannot be.
            SignInRefused, TooManyAttempts: the present password is wrong.
        """
        if not self._is_own(name):
            self._administers("set password", "Account", name)
            return self._reception.accounts.set_password(name, password, by=self._by)
        self._signed_in("set password", "Account", name)
        self._reception.sign_in.confirm(name, current or "", self._actor.address)
        return self._reception.accounts.set_password(name, password, keep=self._actor.session, by=self._by)

    def set_own_password(self, password: str, current: str | None) -> Account:
        """Gives the actor's account another password, where a contract has him show the present one or not. His other sessions
        end. It hashes.

        Raises:
            NotPermitted, BadPassword: it cannot be.
            SignInRefused, TooManyAttempts: the present password is wrong.
        """
        name = self._own_name()
        self._signed_in("set password", "Account", name)
        if current is not None:
            self._reception.sign_in.confirm(name, current, self._actor.address)
        return self._reception.accounts.set_password(name, password, keep=self._actor.session, by=self._by)

    def give_password(self, name: str, password: str) -> Account:
        """Gives an account another password as an administrator, also his own. All its sessions end. It hashes.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, BadPassword: it cannot be.
        """
        self._administers("set password", "Account", name)
        return self._reception.accounts.set_password(name, password, by=self._by)

    def leave(self) -> None:
        """Deletes the actor's own account.

        Raises:
            NotPermitted, LastAdministrator: it cannot be.
        """
        name = self._own_name()
        if self._actor.how != "session":
            self._refuse(NotPermitted("a token cannot do this", "sign in by name and password"), "delete", "Account", name)
        self._reception.accounts.delete(name, by=self._by)

    def setting(self, name: str) -> str | None:
        """Returns a setting. None: nobody has set it.

        Raises:
            NotPermitted: the actor is no administrator.
        """
        self._administers("see", "Setting", "")
        return self._reception.settings.get(name)

    def set_setting(self, name: str, value: str | None) -> None:
        """Sets a setting, or with None takes it away.

        Raises:
            NotPermitted: the actor is no administrator.
        """
        self._administers("set", "Setting", "")
        self._reception.settings.set(name, value, by=self._by)

    def delete(self, name: str) -> None:
        """Deletes an account.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, LastAdministrator: it cannot be.
        """
        self._administers("delete", "Account", name)
        self._reception.accounts.delete(name, by=self._by)

    def sessions(self, account: str | None = None) -> Sequence[OpenSession]:
        """Returns the sessions of an account, or of all that the actor sees.

        Raises:
            NotAName, NoSuchAccount: there is no such account that he sees.
        """
        return self._reception.sessions.list(self._whose(account))

    def end_session(self, session: str) -> None:
        """Ends a session: one's own, or as an administrator anybody's.

        Raises:
            NoSuchSession: there is none that the actor may end.
            NotPermitted: whoever asks has no account, or shows a token of one.
        """
        self._signed_in("end", "Session", "")
        whose = None if self._actor.everywhere(Right.ADMINISTER) else self._own_name()
        self._reception.sessions.end(session, whose, by=self._by)

    def tokens(self, account: str | None = None) -> Sequence[ApiToken]:
        """Returns the tokens of an account, or of all that the actor sees.

        Raises:
            NotAName, NoSuchAccount: there is no such account that he sees.
        """
        return self._reception.tokens.list(self._whose(account))

    def create_token(
        self, account: str | None, name: str, scopes: Iterable[Right], lifetime: timedelta | None
    ) -> tuple[ApiToken, str]:
        """Makes a token, and returns it with the text that lets somebody in. ``account`` None: the actor's own.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, NotAToken: it cannot be.
        """
        owner = self._own_name() if account is None else account
        self._own_or_administers(owner, "create", "ApiToken")
        return self._reception.tokens.create(owner, name, scopes, lifetime, by=self._by)

    def revoke_token(self, account: str, name: str) -> None:
        """Revokes a token.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, NoSuchToken: it cannot be.
        """
        self._own_or_administers(account, "revoke", "ApiToken")
        self._reception.tokens.revoke(account, name, by=self._by)

    def grants(self, account: str | None = None) -> Sequence[GivenGrant]:
        """Returns the grants that count for an account, or all that the actor sees.

        Raises:
            NotAName, NoSuchAccount: there is no such account that he sees.
        """
        return self._reception.grants.list(self._whose(account))

    def give(self, account: str | None, grant: Grant) -> GivenGrant:
        """Gives rights to an account; None: to everybody who has one.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, NotAGrant: it cannot be.
        """
        self._administers("give", "Grant", account or "")
        return self._reception.grants.give(account, grant, by=self._by)

    def take(self, grant: str) -> None:
        """Takes a grant back.

        Raises:
            NotPermitted, NoSuchGrant: it cannot be.
        """
        self._administers("take", "Grant", grant)
        self._reception.grants.take(grant, by=self._by)

    def quotas(self, account: str | None = None) -> Sequence[AccountQuotas]:
        """Returns the quotas of an account, or of all that the actor sees.

        Raises:
            NotAName, NoSuchAccount: there is no such account that he sees.
            NotPermitted: whoever asks has no account.
        """
        return self._reception.quotas.list(self._whose(account))

    def set_quota(self, account: str, limits: Mapping[Measure, NewLimit]) -> AccountQuotas:
        """Gives an account limits of its own.

        Raises:
            NotPermitted, NotAName, NoSuchAccount, NotAQuota: it cannot be.
        """
        self._administers("set", "Quota", account)
        return self._reception.quotas.set(account, limits, by=self._by)

    def role_quotas(self) -> Mapping[Role, Mapping[Measure, int | None]]:
        """Returns the limits of each role.

        Raises:
            NotPermitted: the actor is no moderator.
        """
        self._needs(Right.MODERATE, "see", "Quota", "")
        return self._reception.quotas.roles()

    def set_role_quota(self, role: Role, limits: Mapping[Measure, NewLimit]) -> Mapping[Measure, int | None]:
        """Gives a role limits.

        Raises:
            NotPermitted, NotAQuota: it cannot be.
        """
        self._administers("set", "Quota", "")
        return self._reception.quotas.set_role(role, limits, by=self._by)

    def audit(self, search: Search, limit: int, before: int | None) -> Sequence[AuditEntry]:
        """Returns entries of the audit, the newest first. Who is no moderator sees what he did himself."""
        return self._reception.audit.search(self._seen_of_audit(search), limit=limit, before=before)

    def audit_after(self, search: Search, after: int) -> Iterable[AuditEntry]:
        """Returns the entries after that of an id, the oldest first, as far as the actor sees them."""
        return self._reception.audit.after(after, self._seen_of_audit(search))

    def newest_of_audit(self) -> int:
        """Returns the id of the newest entry there is."""
        return self._reception.audit.newest()

    def _seen_of_audit(self, search: Search) -> Search:
        if self._actor.everywhere(Right.MODERATE):
            return search
        mine = self._reception.accounts.get(self._own_name())  # another one may have had the name before
        return replace(search, account=mine.name, since=max(filter(None, (search.since, mine.made))))

    def _whose(self, account: str | None) -> str | None:
        """Returns whose things are meant: None, all of them."""
        if account is None:
            return None if self._actor.everywhere(Right.MODERATE) else self._own_name()
        self._sees(account)
        return account

    def _own_name(self) -> str:
        if not self._actor.name:
            raise NotPermitted(NO_ACCOUNT, "sign in")
        return self._actor.name

    def _is_own(self, name: str) -> bool:
        return account_name(name) == self._actor.name

    def _sees(self, name: str) -> None:
        if not self._is_own(name) and not self._actor.everywhere(Right.MODERATE):
            raise NoSuchAccount(account_name(name))

    def _own_or_administers(self, account: str, verb: str, kind: str) -> None:
        if self._is_own(account):
            self._signed_in(verb, kind, account)
        else:
            self._administers(verb, kind, account)

    def _signed_in(self, verb: str, kind: str, name: str) -> None:
        """Checks that the actor is there himself. A token makes no other tokens, and sets no password: it would outlive what
        limits it. Nor does it sign anybody out."""
        if self._actor.how != "session" and not self._actor.everywhere(Right.ADMINISTER):
            self._refuse(NotPermitted("a token cannot do this", "sign in by name and password"), verb, kind, name)

    def _administers(self, verb: str, kind: str, name: str) -> None:
        self._needs(Right.ADMINISTER, verb, kind, name)

    def _needs(self, right: Right, verb: str, kind: str, name: str) -> None:
        if not self._actor.everywhere(right):
            self._refuse(NotPermitted(f"this needs the right to {right}", "ask an administrator", right), verb, kind, name)

    def _refuse(self, error: AccountsError, verb: str, kind: str, name: str) -> None:
        # What somebody typed as a name is not noted: it may be anything.
        shown = name if self._is_account(name) else ""
        self._reception.audit.note(self._by, Act(verb, kind, shown, outcome="Refused", message=str(error)))
        raise error

    def _is_account(self, name: str) -> bool:
        try:
            self._reception.accounts.get(name)
        except AccountsError:
            return False
        return True
