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

from ..errors import Problem
from ..routes import V1

AGAIN = 5  # seconds


def unavailable(error: AccountsError) -> Problem:
    """Returns the answer where nobody knows who asks."""
    return Problem(503, "accounts_unavailable", text_of(error), headers={"Retry-After": str(AGAIN)})


def from_accounts(error: AccountsError) -> Problem:
    """Returns the answer to what accounts refused."""
    return _answer(error, text_of(error))


def in_a_contract(error: AccountsError) -> Problem:
    """Returns the answer that clients of a contract get, who know no route of our own API."""
    return _answer(error, text_in_a_contract(error))


def _answer(error: AccountsError, said: str) -> Problem:
    match error:
        case NotSignedIn():
            return Problem(401, "unauthorized", said, headers={"WWW-Authenticate": 'Bearer realm="homeostat"'})
        case AccountBanned():
            return Problem(403, "account_banned", said)
        case NotPermitted():
            return Problem(403, "forbidden", said, {"right": error.right} if error.right else None)
        case TooManyAttempts() | TooManyAtOnce():
            return Problem(429, "too_many_attempts", said, headers={"Retry-After": str(error.after)})
        case NoSuchAccount():
            return Problem(404, "account_not_found", said)
        case NoSuchSession():
            return Problem(404, "session_not_found", said)
        case NoSuchToken():
            return Problem(404, "token_not_found", said)
        case NoSuchConsole():
            return Problem(404, "console_not_found", said)
        case TicketRefused():
            return Problem(401, "unauthorized", said)
        case ConsoleLimit():
            return Problem(429, "consoles_at_limit", said, headers={"Retry-After": "30"})
        case NoSuchGrant():
            return Problem(404, "grant_not_found", said)
        case AccountExists():
            return Problem(409, "account_exists", said)
        case LastAdministrator():
            return Problem(409, "last_administrator", said)
        case NoAccounts():
            return Problem(409, "no_accounts", said)
        case ProviderNotConfigured():
            return Problem(404, "provider_not_configured", said)
        case ProviderRefused():
            return Problem(403, "provider_refused", said)
        case NoAccountOf():
            return Problem(403, "no_account", said)
        case ProviderAway():
            return Problem(503, "provider_unavailable", said, headers={"Retry-After": str(AGAIN)})
        case DatabaseTrouble():
            return unavailable(error)
        case _:
            return Problem(400, "invalid_request", said)


def text_of(error: AccountsError) -> str:
    """Returns what happened, and what to do next."""
    return f"{error}; {error.mend}" if error.mend else str(error)


def text_in_a_contract(error: AccountsError) -> str:
    """Returns the same without what to do next, where that is a request to our own API."""
    return str(error) if f"{V1}/" in error.mend else text_of(error)
