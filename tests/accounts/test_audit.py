"""Whatever was carried out is in the audit, what was refused in a sign-in too, and no secret is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit import audit as module
from homeostat.accounts.audit.audit import ON_HOST, Act, Audit, AuditEntry, By, Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import AuditRow
from homeostat.accounts.errors import AccountBanned, LastAdministrator, NotSignedIn, SignInRefused
from homeostat.accounts.grants import Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD, HOME = "correct horse", "192.0.2.1"
ROOT = By("session", "root", HOME)


@pytest.fixture
def audit(database: Database, clock: SetClock) -> Audit:
    return Audit(database, clock)


def acts(audit: Audit, search: Search | None = None) -> list[tuple[str, str, str, str]]:
    return [(e.act.verb, f"{e.act.kind}/{e.act.name}", e.act.outcome, e.act.message) for e in reversed(audit.search(search))]


def test_what_is_done_with_accounts(audit: Audit, accounts: Accounts, clock: SetClock) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("Bob", password=GOOD, by=ROOT)
    accounts.set_role("bob", Role.MODERATOR, by=ROOT)
    accounts.set_password("bob", GOOD, by=ROOT)
    accounts.ban("bob", by=ROOT)
    accounts.unban("bob", by=ROOT)
    accounts.delete("bob", by=ROOT)
    assert acts(audit) == [
        ("add", "Account/root", "Done", "as administrator"),
        ("add", "Account/bob", "Done", "as user"),
        ("set role", "Account/bob", "Done", "user -> moderator"),
        ("set password", "Account/bob", "Done", ""),
        ("ban", "Account/bob", "Done", ""),
        ("unban", "Account/bob", "Done", ""),
        ("delete", "Account/bob", "Done", ""),
    ]
    found = audit.search()
    assert [entry.by for entry in found] == [ROOT] * 6 + [ON_HOST]
    assert {entry.at for entry in found} == {clock.now}


def test_what_is_done_with_tokens_grants_and_sessions(
    audit: Audit, accounts: Accounts, tokens: ApiTokens, database: Database, sign_in: SignIn, sessions: Sessions, clock: SetClock
) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    _, secret = tokens.create("root", "ci", {Right.SEE, Right.CHANGE}, by=ROOT)
    tokens.revoke("root", "ci", by=ROOT)
    given = Grants(database, clock).give(None, Grant(frozenset({Right.SEE}), "demo"), by=ROOT)
    Grants(database, clock).take(given.id, by=ROOT)
    web = Grants(database, clock).give("root", Grant(frozenset({Right.SEE}), "demo", "Disk", "web"))
    Grants(database, clock).take(web.id)
    one = sign_in.sign_in("root", GOOD, HOME)
    two = sign_in.sign_in("root", GOOD, HOME)
    sessions.end(one.session, "root", by=ROOT)
    sessions.refresh(two.refresh)
    clock.go(minutes=1)
    with pytest.raises(NotSignedIn):
        sessions.refresh(two.refresh)
    sessions.end_all("root", by=ROOT)
    assert acts(audit)[1:] == [
        ("create", "ApiToken/root/ci", "Done", "may change see"),
        ("revoke", "ApiToken/root/ci", "Done", ""),
        ("give", f"Grant/{given.id}", "Done", "everybody: see to all"),
        ("take", f"Grant/{given.id}", "Done", "everybody: see to all"),
        ("give", f"Grant/{web.id}", "Done", "root: see to Disk/web"),
        ("take", f"Grant/{web.id}", "Done", "root: see to Disk/web"),
        ("sign in", "Account/root", "Done", ""),
        ("sign in", "Account/root", "Done", ""),
        ("end", f"Session/root/{one.session}", "Done", ""),
        ("end", f"Session/root/{two.session}", "Done", "one of its refresh tokens was used twice"),
        ("end all", "Session/root", "Done", ""),
    ]
    written = str(audit.search())
    for shown in (secret, GOOD, one.access, one.refresh, two.refresh):
        assert shown not in written and shown[4:] not in written


def test_who_fails_to_sign_in(audit: Audit, accounts: Accounts, sign_in: SignIn) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", password=GOOD)
    for name, password in (("bob", "wrong horse"), (GOOD, "bob"), ("nobody", GOOD)):
        with pytest.raises(SignInRefused):
            sign_in.sign_in(name, password, HOME)
    accounts.ban("bob")
    with pytest.raises(AccountBanned):
        sign_in.sign_in("bob", GOOD, HOME)
    wrong = "the name or the password is wrong"
    assert acts(audit, Search(outcome="Refused")) == [
        ("sign in", "Account/bob", "Refused", wrong),
        ("sign in", "Account/", "Refused", wrong),
        ("sign in", "Account/bob", "Refused", "the account is banned"),
    ]
    assert [entry.count for entry in audit.search(Search(outcome="Refused"))] == [1, 2, 1], "both that were nobody's are alike"
    assert {entry.by for entry in audit.search(Search(outcome="Refused"))} == {By("unknown", address=HOME)}
    assert GOOD not in str(audit.search())


def test_what_is_not_carried_out_is_not_in_it(audit: Audit, accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):
        accounts.delete("root")
    assert [act[0] for act in acts(audit)] == ["add"]


def test_what_is_looked_for(audit: Audit, clock: SetClock) -> None:
    began = clock.now
    for number in range(6):
        by = By("session", "bob" if number % 2 else "root", HOME)
        audit.note(by, Act("stop", "VirtualMachine", f"web{number}", "demo", "Failed" if number == 5 else "Done"))
        clock.go(hours=1)

    def names(search: Search | None = None, **how: int) -> list[str]:
        return [entry.act.name.removeprefix("web") for entry in audit.search(search, **how)]

    assert names() == list("543210")
    assert names(Search(account="bob")) == list("531")
    assert names(Search(outcome="Failed")) == ["5"]
    assert names(Search(name="web2", kind="VirtualMachine", namespace="demo", verb="stop")) == ["2"]
    assert names(Search(namespace="other")) == names(Search(kind="Disk")) == names(Search(verb="start")) == []
    assert names(Search(since=began + timedelta(hours=2), until=began + timedelta(hours=4))) == list("32")
    assert names(limit=2) == list("54")
    assert names(limit=2, before=audit.search()[1].id) == list("32")  # the next page
    assert names(limit=0) == []


def test_what_comes_after(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_MAX", 2)
    assert audit.newest() == 0 and list(audit.after(0)) == []
    for number in range(5):
        audit.note(ON_HOST, Act("stop", "VirtualMachine", str(number)))
    first = next(audit.after(0))
    assert [entry.act.name for entry in audit.after(first.id)] == list("1234")
    assert [entry.act.name for entry in audit.after(0, Search(name="3"))] == ["3"]
    assert list(audit.after(audit.newest())) == []


def test_old_ones_are_forgotten(audit: Audit, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EACH", 2)
    for _ in range(3):
        audit.note(ON_HOST, Act("stop", "VirtualMachine"))
    clock.go(days=366)
    audit.note(ON_HOST, Act("start", "VirtualMachine"))
    assert [act[0] for act in acts(audit)] == ["start"]
    monkeypatch.setattr(module, "ROWS_MAX", 3)
    for _ in range(6):
        audit.note(ON_HOST, Act("stop", "VirtualMachine"))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 3


def test_of_ids_that_are_far_apart_only_the_entries_count(
    audit: Audit, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EACH", 1)
    monkeypatch.setattr(module, "ROWS_MAX", 3)
    for name in "abcd":
        audit.note(ON_HOST, Act("stop", "VirtualMachine", name))
    with database.writing() as session:
        session.execute(text("DELETE FROM audit WHERE name IN ('a', 'c', 'd')"))
    kept = []
    for name in "efgh":
        audit.note(ON_HOST, Act("stop", "VirtualMachine", name))
        kept.append("".join(entry.act.name for entry in audit.search()))
    assert kept == ["eb", "feb", "gfe", "hgf"]


def test_of_those_in_a_row_the_newest_stay(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EACH", 1)
    monkeypatch.setattr(module, "ROWS_MAX", 3)
    kept = []
    for name in "abcde":
        audit.note(ON_HOST, Act("stop", "VirtualMachine", name))
        kept.append("".join(entry.act.name for entry in audit.search()))
    assert kept == ["a", "ba", "cba", "dcb", "edc"]


def test_one_of_a_year_ago_is_there_until_it_is_older(audit: Audit, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EACH", 1)
    audit.note(ON_HOST, Act("stop", "VirtualMachine"))
    clock.go(days=365)
    audit.note(ON_HOST, Act("start", "VirtualMachine"))
    assert len(acts(audit)) == 2
    clock.go(seconds=0.001)
    audit.note(ON_HOST, Act("start", "VirtualMachine"))
    assert [act[0] for act in acts(audit)] == ["start", "start"]


def test_an_id_is_never_given_again(audit: Audit, database: Database) -> None:
    audit.note(ON_HOST, Act("stop", "VirtualMachine"))
    newest = audit.newest()
    with database.writing() as session:
        session.execute(text("DELETE FROM audit"))
    audit.note(ON_HOST, Act("stop", "VirtualMachine"))
    assert audit.newest() > newest


def test_an_entry_of_several_says_when_the_last_was(clock: SetClock) -> None:
    entry = AuditEntry(7, clock.now, ROOT, Act("stop", "Disk"), 3, clock.now + timedelta(seconds=2))
    said = entry.document()
    assert (said["at"], said["count"], said["last"]) == ("2026-11-27T12:00:00.000Z", 3, "2026-11-27T12:00:02.000Z")


def test_texts_of_any_length_and_kind(audit: Audit) -> None:
    long = "x\0\n\ud800" * 10_000
    audit.note(
        By(long, long, long), Act(long, long, long, long, message="see https://me:s3cretword@example.com/ " + "\udc80" + long)
    )
    [entry] = audit.search()
    assert isinstance(entry, AuditEntry)
    assert "s3cretword" not in entry.act.message and len(entry.act.message) <= 1000
