"""What accounts refuse is answered with a status and a code of its own, what to do next, and when to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from homeostat.accounts import errors
from homeostat.accounts.errors import AccountsError, NoAccounts
from homeostat_api.http.answers.accounts import from_accounts, in_a_contract, unavailable

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="homeostat"'}
AGAIN = {"Retry-After": "5"}

ANSWERED: list[tuple[Callable[[], AccountsError], int, str, dict[str, str]]] = [
    (errors.NotSignedIn, 401, "unauthorized", CHALLENGE),
    (errors.SignInRefused, 401, "unauthorized", CHALLENGE),
    (lambda: errors.SessionBanned("eve", "s", "spam"), 401, "unauthorized", CHALLENGE),
    (lambda: errors.AccountBanned("eve"), 403, "account_banned", {}),
    (lambda: errors.NotPermitted("that is not yours"), 403, "forbidden", {}),
    (lambda: errors.TooManyAttempts(6.2), 429, "too_many_attempts", {"Retry-After": "7"}),
    (lambda: errors.TooManyRegistered(3), 429, "too_many_attempts", {"Retry-After": "3"}),
    (errors.TooManyAtOnce, 429, "too_many_attempts", AGAIN),
    (lambda: errors.NoSuchAccount("eve"), 404, "account_not_found", {}),
    (lambda: errors.NoSuchSession("s"), 404, "session_not_found", {}),
    (lambda: errors.NoSuchToken("eve", "ci"), 404, "token_not_found", {}),
    (lambda: errors.NoSuchConsole("c"), 404, "console_not_found", {}),
    (lambda: errors.NoSuchGrant("g"), 404, "grant_not_found", {}),
    (errors.TicketRefused, 401, "unauthorized", {}),
    (lambda: errors.ConsoleLimit("they are 4"), 429, "consoles_at_limit", {"Retry-After": "30"}),
    (lambda: errors.AccountExists("eve"), 409, "account_exists", {}),
    (lambda: errors.LastAdministrator("root is the last"), 409, "last_administrator", {}),
    (NoAccounts, 409, "no_accounts", {}),
    (errors.ProviderNotConfigured, 404, "provider_not_configured", {}),
    (lambda: errors.ProviderRefused("the state is another"), 403, "provider_refused", {}),
    (lambda: errors.UnknownKey("k"), 403, "provider_refused", {}),
    (lambda: errors.NoAccountOf("https://id.example", "eve"), 403, "no_account", {}),
    (lambda: errors.ProviderAway("it is away"), 503, "provider_unavailable", AGAIN),
    (lambda: errors.DatabaseTrouble("it is away"), 503, "accounts_unavailable", AGAIN),
    (lambda: errors.DatabaseBusy("it is locked"), 503, "accounts_unavailable", AGAIN),
    (lambda: errors.NotAName("no name"), 400, "invalid_request", {}),
    (lambda: errors.QuotaExceeded("eve", ()), 400, "invalid_request", {}),
]


@pytest.mark.parametrize(("made", "status", "code", "headers"), ANSWERED)
def test_the_answer(made: Callable[[], AccountsError], status: int, code: str, headers: dict[str, str]) -> None:
    error = made()
    told = from_accounts(error)
    assert (told.status_code, told.problem_code, told.details, dict(told.headers or {})) == (status, code, {}, headers)
    assert told.message == (f"{error}; {error.mend}" if error.mend else str(error))


def test_where_nobody_knows_who_asks_any_error_is_trouble_for_a_while() -> None:
    told = unavailable(NoAccounts())
    assert (told.status_code, told.problem_code, told.headers) == (503, "accounts_unavailable", AGAIN)


def subclasses(kind: type[AccountsError]) -> Iterator[type[AccountsError]]:
    for one in kind.__subclasses__():
        yield from (one, *subclasses(one))


def test_whatever_else_is_refused_is_the_fault_of_who_asks() -> None:
    known = {type(made()) for made, *_ in ANSWERED}
    for kind in {*subclasses(AccountsError)} - known:
        error = kind.__new__(kind)
        error.args = ("it is refused",)
        told = from_accounts(error)
        assert told.status_code == (503 if issubclass(kind, errors.DatabaseTrouble) else 400), kind


def test_clients_of_a_contract_are_sent_to_no_route_of_ours() -> None:
    for error in (errors.TicketRefused(), errors.NoSuchConsole("c1"), errors.ConsoleLimit("a machine has at most 4 consoles")):
        own, told = from_accounts(error), in_a_contract(error)
        assert "/api/v1/" in own.message and told.message == str(error)
        assert (told.status_code, told.problem_code) == (own.status_code, own.problem_code)
    assert in_a_contract(NoAccounts()).message == from_accounts(NoAccounts()).message, "which a command mends"
