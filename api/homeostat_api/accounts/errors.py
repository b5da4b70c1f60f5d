"""The answers to what accounts refuse."""

from __future__ import annotations

from homeostat.accounts.errors import (
    AccountBanned,
    AccountExists,
    AccountsError,
    ConsoleLimit,
    DatabaseTrouble,
    LastAdministrator,
    NoAccountOf,
    NoSuchAccount,
    NoSuchConsole,
    NoSuchGrant,
    NoSuchSession,
    NoSuchToken,
    NotPermitted,
    NotSignedIn,
    ProviderAway,
    ProviderNotConfigured,
    ProviderRefused,
    TicketRefused,
    TooManyAtOnce,
    TooManyAttempts,
)

from ..http.errors import Problem
from .lookup import NoAccounts

AGAIN = 5  # seconds


def unavailable(error: AccountsError) -> Problem:
    """Returns the answer where nobody knows who asks."""
    return Problem(503, "accounts_unavailable", _text(error), headers={"Retry-After": str(AGAIN)})


def from_accounts(error: AccountsError) -> Problem:
    """Returns the answer to what accounts refused."""
    match error:
        case NotSignedIn():
            return Problem(401, "unauthorized", _text(error), headers={"WWW-Authenticate": 'Bearer realm="homeostat"'})
        case AccountBanned():
            return Problem(403, "account_banned", _text(error))
        case NotPermitted():
            return Problem(403, "forbidden", _text(error), {"right": error.right} if error.right else None)
        case TooManyAttempts() | TooManyAtOnce():
            return Problem(429, "too_many_attempts", _text(error), headers={"Retry-After": str(error.after)})
        case NoSuchAccount():
            return Problem(404, "account_not_found", _text(error))
        case NoSuchSession():
            return Problem(404, "session_not_found", _text(error))
        case NoSuchToken():
            return Problem(404, "token_not_found", _text(error))
        case NoSuchConsole():
            return Problem(404, "console_not_found", _text(error))
        case TicketRefused():
            return Problem(401, "unauthorized", _text(error))
        case ConsoleLimit():
            return Problem(429, "consoles_at_limit", _text(error), headers={"Retry-After": "30"})
        case NoSuchGrant():
            return Problem(404, "grant_not_found", _text(error))
        case AccountExists():
            return Problem(409, "account_exists", _text(error))
        case LastAdministrator():
            return Problem(409, "last_administrator", _text(error))
        case NoAccounts():
            return Problem(409, "no_accounts", _text(error))
        case ProviderNotConfigured():
            return Problem(404, "provider_not_configured", _text(error))
        case ProviderRefused():
            return Problem(403, "provider_refused", _text(error))
        case NoAccountOf():
            return Problem(403, "no_account", _text(error))
        case ProviderAway():
            return Problem(503, "provider_unavailable", _text(error), headers={"Retry-After": str(AGAIN)})
        case DatabaseTrouble():
            return unavailable(error)
        case _:
            return Problem(400, "invalid_request", _text(error))


def _text(error: AccountsError) -> str:
    return f"{error}; {error.mend}" if error.mend else str(error)
