"""What is refused, in QEMU Manager's shape and with its few statuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.accounts import errors as accounts
from homeostat.accounts.errors import AccountsError
from homeostat.accounts.rights import Right
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.service.refusals import InUse, NoSuchResource, NotAllowed, NotYours, OverQuota, UploadRefused
from homeostat.store import errors as store
from homeostat_contracts.qemu_manager import errors

KEY = Key("VirtualMachine", "default", "web")
KEYS = [Key("VirtualMachine", "default", name) for name in ("a", "b")]

REFUSED: list[tuple[Callable[[], Any], int, str]] = [
    (lambda: NoSuchResource(VirtualMachine, "web"), 404, "VM not found"),
    (lambda: NoSuchResource(Disk, "data"), 404, "Disk not found"),
    (lambda: NoSuchResource(Image, "debian"), 404, "ISO not found"),
    (lambda: NoSuchResource(Network, "lan"), 404, "Network not found"),
    (lambda: NotYours(VirtualMachine, "web", Right.CHANGE), 403, "VirtualMachine web is not yours to change"),
    (lambda: OverQuota("too many machines"), 403, "too many machines"),
    (lambda: UploadRefused("too_large", "it is too large"), 413, "it is too large"),
    (lambda: UploadRefused("no_space", "the disk is full"), 500, "the disk is full"),
    (lambda: UploadRefused("failed", "it cannot be written"), 500, "it cannot be written"),
    (lambda: UploadRefused("disabled", "not here"), 400, "not here"),
    (lambda: NotAllowed("not here"), 400, "not here"),
]
STORED: list[tuple[Callable[[], store.StoreError], int, str]] = [
    (lambda: store.NotFound(KEY), 404, "It is gone by now"),
    (lambda: store.AlreadyExists(KEY), 400, "The name web is taken: give another one"),
    (lambda: store.Conflict(KEY, "1", "2"), 400, ""),
    (lambda: store.StoreError("the disk is full"), 500, "the disk is full"),
]
ACCOUNTS: list[tuple[Callable[[], AccountsError], int, dict[str, str]]] = [
    (accounts.NotSignedIn, 401, {"WWW-Authenticate": 'Bearer realm="homeostat"'}),
    (accounts.TicketRefused, 401, {}),
    (lambda: accounts.ConsoleLimit("they are 4"), 429, {"Retry-After": "30"}),
    (lambda: accounts.DatabaseBusy("it is locked"), 503, {"Retry-After": "5"}),
    (lambda: accounts.NotPermitted("that is not yours"), 403, {}),
    (lambda: accounts.NotAName("no name"), 400, {}),
]


@pytest.mark.parametrize(("made", "status", "said"), REFUSED)
def test_by_the_service(made: Callable[[], Any], status: int, said: str) -> None:
    told = errors.from_refusal(made())
    assert told.status_code == status and told.message.startswith(said)


@pytest.mark.parametrize(("made", "status", "said"), STORED)
def test_by_the_store(made: Callable[[], store.StoreError], status: int, said: str) -> None:
    error = made()
    told = errors.from_store(error)
    assert (told.status_code, told.message) == (status, said or str(error))


@pytest.mark.parametrize(("made", "status", "headers"), ACCOUNTS)
def test_by_the_accounts(made: Callable[[], AccountsError], status: int, headers: dict[str, str]) -> None:
    error = made()
    told = errors.in_a_contract(error)
    assert (told.status_code, dict(told.headers or {})) == (status, headers)
    ours = "/api/v1/" in error.mend  # which its clients do not know
    assert told.message == (f"{error}; {error.mend}" if error.mend and not ours else str(error))


@pytest.mark.parametrize(("known", "users"), [(KEYS, "a, b"), ([], "others")])
def test_what_is_in_use(known: list[Key], users: str) -> None:
    told = errors.from_refusal(InUse("data", KEYS, Disk, known))
    assert (told.status_code, told.message) == (400, f"data is attached to {users}: detach it first")


@pytest.mark.parametrize(
    ("made", "status", "said"),
    [
        (errors.no_machine, 404, "VM not found"),
        (errors.no_disk, 404, "Disk not found"),
        (lambda: errors.bad("odd"), 400, "odd"),
        (lambda: errors.failed("broken"), 500, "broken"),
    ],
)
def test_of_its_own(made: Callable[[], Any], status: int, said: str) -> None:
    told = made()
    assert (told.status_code, told.message) == (status, said)
    body = errors.body(told)
    assert set(body) == {"error", "timestamp"} and body["error"] == said and body["timestamp"].endswith("Z")
