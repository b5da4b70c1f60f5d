"""The answers to what accounts refuse, whatever contract is asked. Each shows of them what its errors have."""

from __future__ import annotations

from homeostat.accounts.errors import (
    AccountBanned,
    AccountExists,
    AccountsError,
    ConsoleLimit,
    DatabaseTrouble,
    LastAdministrator,
    NoAccountOf,
    NoAccounts,
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

from .errors import Problem

AGAIN = 5  # seconds


def unavailable(error: AccountsError) -> Problem:
    """Returns the answer where nobody knows who asks."""
    return Problem(503, "accounts_unavailable", text_of(error), headers={"Retry-After": str(AGAIN)})


def from_accounts(error: AccountsError) -> Problem:
    """Returns the answer to what accounts refused."""
    match error:
        case NotSignedIn():
            return Problem(401, "unauthorized", text_of(error), headers={"WWW-Authenticate": 'Bearer realm="homeostat"'})
        case AccountBanned():
            return Problem(403, "account_banned", text_of(error))
        case NotPermitted():
            return Problem(403, "forbidden", text_of(error), {"right": error.right} if error.right else None)
        case TooManyAttempts() | TooManyAtOnce():
            return Problem(429, "too_many_attempts", text_of(error), headers={"Retry-After": str(error.after)})
        case NoSuchAccount():
            return Problem(404, "account_not_found", text_of(error))
        case NoSuchSession():
            return Problem(404, "session_not_found", text_of(error))
        case NoSuchToken():
            return Problem(404, "token_not_found", text_of(error))
        case NoSuchConsole():
            return Problem(404, "console_not_found", text_of(error))
        case TicketRefused():
            return Problem(401, "unauthorized", text_of(error))
        case ConsoleLimit():
            return Problem(429, "consoles_at_limit", text_of(error), headers={"Retry-After": "30"})
        case NoSuchGrant():
            return Problem(404, "grant_not_found", text_of(error))
        case AccountExists():
            return Problem(409, "account_exists", text_of(error))
        case LastAdministrator():
            return Problem(409, "last_administrator", text_of(error))
        case NoAccounts():
            return Problem(409, "no_accounts", text_of(error))
        case ProviderNotConfigured():
            return Problem(404, "provider_not_configured", text_of(error))
        case ProviderRefused():
            return Problem(403, "provider_refused", text_of(error))
        case NoAccountOf():
            return Problem(403, "no_account", text_of(error))
        case ProviderAway():
            return Problem(503, "provider_unavailable", text_of(error), headers={"Retry-After": str(AGAIN)})
        case DatabaseTrouble():
            return unavailable(error)
        case _:
            return Problem(400, "invalid_request", text_of(error))


def text_of(error: AccountsError) -> str:
    """Returns what happened, and what to do next."""
    return f"{error}; {error.mend}" if error.mend else str(error)
