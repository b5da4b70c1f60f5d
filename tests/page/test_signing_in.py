"""Who signs in: the page before, a session that ends in the middle of something, and what is shown to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.harness import Api
from tests.api.people import PASSWORD, Person, inhabited
from tests.page.steps import EDITOR, ROW, SIGNING_IN, edits, plan, press, review, sign_in, sign_in_again, write
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

api = inhabited(ann=Role.USER, bob=Role.USER)


@pytest.fixture
def page(api: Api, tmp_path: Path) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        yield page


def machine(api: Api, owner: str, name: str) -> Person:
    person = Person(api.http, owner)
    person.ask("POST", "vms", json={"name": name, "spec": {"resources": {"memory": "64Mi"}}}).raise_for_status()
    return person


def lend(api: Api, name: str, account: str, *rights: str) -> str:
    """Grants somebody rights to a machine. Returns the grant's id."""
    grant = {"account": account, "rights": list(rights), "namespace": "default", "kind": "VirtualMachine", "name": name}
    answer = Person(api.http, "root").ask("POST", "grants", json=grant)
    answer.raise_for_status()
    return str(answer.json()["id"])


def lock_out(api: Api, account: str) -> None:
    """Ends the sessions that somebody has in a browser."""
    root = Person(api.http, "root")
    for session in root.ask("GET", f"sessions?account={account}").json()["sessions"]:
        if session["client"].startswith("Mozilla"):
            root.ask("DELETE", f"sessions/{session['id']}").raise_for_status()


def types(page: Page, name: str, comment: str = "") -> None:
    """Opens the YAML of a machine, and types another memory there."""
    page.run(f"location.hash = '#/virtualmachines/{name}/yaml'")
    edits(page, "64Mi")
    write(page, f"spec:\n{comment}  resources:\n    memory: 96Mi\n")


def test_who_signs_in_is_named_and_signs_out(page: Page) -> None:
    sign_in(page, "ann")
    page.shows("ann")
    assert "People" not in page.text(), "that is for administrators"
    press(page, "Sign out")
    page.wait(SIGNING_IN, "the page to sign in with")


def test_nobody_sees_buttons_that_would_be_refused(api: Api, page: Page) -> None:
    machine(api, "bob", "bobs")
    lend(api, "bobs", "ann", "see")
    machine(api, "ann", "anns")
    sign_in(page, "ann")
    page.shows("bobs")
    for name, deeds in (("bobs", 0), ("anns", 1)):
        page.run(f"location.hash = '#/virtualmachines/{name}'")
        page.wait(f"document.querySelector('h1')?.innerText === '{name}'", "the machine")
        page.shows("Conditions")
        assert page.run("document.querySelectorAll('.deeds').length") == deeds
    page.run("location.hash = '#/virtualmachines/bobs/yaml'")
    page.wait(EDITOR, "its YAML can be read")
    assert "See what it takes" not in page.text()


def test_a_machine_that_one_may_see_from_now_on_comes_and_goes(api: Api, page: Page) -> None:
    machine(api, "bob", "shy")
    sign_in(page, "ann")
    page.wait("document.querySelector('.link')", "it is drawn")
    assert "shy" not in page.text()
    given = lend(api, "shy", "ann", "see")
    page.shows("shy")
    Person(api.http, "root").ask("DELETE", f"grants/{given}").raise_for_status()
    wait_until(lambda: "shy" not in page.text(), 20, "it is not shown any more")


def test_a_session_that_ends_within_an_edit_loses_nothing(api: Api, page: Page) -> None:
    person = machine(api, "ann", "edited")
    sign_in(page, "ann")
    types(page, "edited")
    lock_out(api, "ann")
    review(page)
    page.shows("Your session has ended")
    assert "96Mi" in str(page.run(f"{EDITOR}.textContent"))
    sign_in_again(page, "ann")
    plan(page)  # what was typed was sent after all
    press(page, "Change")

    def changed() -> bool:
        return person.ask("GET", "vms/edited/spec").json() == {"resources": {"memory": "96Mi"}}

    wait_until(changed, 20, "it is changed")
    page.wait(
        "document.querySelector('.link:not(.bad)') || document.body.innerText.includes('No operator')", "it is followed again"
    )


def test_a_screen_that_ended_with_the_session_is_shown_again(api: Api, page: Page) -> None:
    machine(api, "ann", "screened")
    sign_in(page, "ann")
    page.run("location.hash = '#/virtualmachines/screened/screen'")
    page.wait("document.querySelector('iframe')", "its screen")
    page.run("document.querySelector('iframe').former = true")
    lock_out(api, "ann")
    sign_in_again(page, "ann")
    page.wait("document.querySelector('iframe')?.former === undefined", "its screen is opened for the new session")


def test_the_page_sets_the_owners_of_names_as_text(api: Api, page: Page) -> None:
    machine(api, "ann", "owned")
    sign_in(page, "ann")
    page.shows("owned")
    assert "ann" in str(page.run(f"{ROW.format('owned')}.innerText")), OWNER


def test_what_one_typed_is_not_shown_to_the_next(api: Api, page: Page) -> None:
    machine(api, "ann", "private")
    sign_in(page, "ann")
    types(page, "private", "  # secret-of-ann\n")
    page.shows("Not sent yet")
    page.run("window.confirm = (said) => { window.asked = said; return false; }")
    press(page, "Sign out")
    assert "What you typed and did not send is dropped" in page.run("window.asked")
    page.shows("Not sent yet")
    page.run("window.confirm = () => true")
    press(page, "Sign out")
    sign_in(page, "bob")
    assert "secret-of-ann" not in str(page.run("JSON.stringify({...sessionStorage})"))
    assert page.run("location.hash") in ("", "#")


def test_somebody_else_does_not_send_what_another_began(api: Api, page: Page) -> None:
    person = machine(api, "ann", "begun")
    sign_in(page, "ann")
    types(page, "begun")
    lend(api, "begun", "bob", "see", "change")
    lock_out(api, "ann")
    review(page)
    sign_in_again(page, "bob")
    page.wait("document.querySelector('.top')?.innerText.includes('bob')", "the page is bob's")
    assert person.ask("GET", "vms/begun/spec").json() == {"resources": {"memory": "64Mi"}}
    assert page.run("document.querySelector('dialog')") is None


def test_a_tab_of_one_does_nothing_as_another_who_came_in_another_tab(api: Api, page: Page) -> None:
    person = machine(api, "ann", "twice")
    lend(api, "twice", "bob", "see", "change")
    sign_in(page, "ann")
    types(page, "twice")
    review(page)
    plan(page)
    other = page.another(f"{api.http.base_url}/")
    other.wait("document.querySelector('nav.main')", "the page")
    # As a browser that did not tell its other tabs, or that was signed in to by a page of another kind.
    signed = other.awaited(
        "fetch('/api/v1/session', {method: 'DELETE'}).then(() => fetch('/api/v1/session', {method: 'POST', headers: "
        "{'Content-Type': 'application/json'}, body: JSON.stringify({name: 'bob', password: '" + PASSWORD + "', cookie: true})}))"
        ".then((answer) => answer.status)"
    )
    assert signed == 201
    page.run("[...document.querySelectorAll('button')].find((one) => one.innerText === 'Change')?.click()")
    page.wait("document.querySelector('.top')?.innerText.includes('bob')", "the page is bob's")
    assert person.ask("GET", "vms/twice/spec").json() == {"resources": {"memory": "64Mi"}}
    assert "96Mi" not in str(page.run("document.body.innerText"))


def test_who_signs_out_does_so_in_all_tabs(api: Api, page: Page) -> None:
    machine(api, "ann", "shared")
    sign_in(page, "ann")
    types(page, "shared", "  # secret-of-ann\n")
    page.shows("Not sent yet")
    other = page.another(f"{api.http.base_url}/")
    other.wait("document.querySelector('nav.main')", "the page")
    other.run("window.confirm = (said) => { window.asked = said; return false; }")
    press(other, "Sign out")
    other.wait("window.asked?.includes('What you typed and did not send is dropped')", "one is asked for the other tab, too")
    page.shows("Not sent yet")
    other.run("window.confirm = () => true")
    press(other, "Sign out")
    for tab in (other, page):
        tab.wait(SIGNING_IN, "the page to sign in with")
    assert "secret-of-ann" not in str(page.run("JSON.stringify({...sessionStorage})"))


def test_nobody_is_asked_where_no_tab_has_anything_to_lose(page: Page) -> None:
    sign_in(page, "ann")
    other = page.another(f"{page.run('location.origin')}/")
    other.wait("document.querySelector('nav.main')", "the page")
    other.run("window.confirm = () => { throw new Error('asked'); }")
    press(other, "Sign out")
    for tab in (other, page):
        tab.wait(SIGNING_IN, "the page to sign in with")


def test_a_grant_reaches_the_buttons(api: Api, page: Page) -> None:
    machine(api, "bob", "lent")
    lend(api, "lent", "ann", "see")
    sign_in(page, "ann")
    page.run("location.hash = '#/virtualmachines/lent'")
    page.shows("Conditions")
    assert page.run("document.querySelector('.deeds')") is None
    lend(api, "lent", "ann", "change")
    page.wait("document.querySelector('.deeds')", "what one does with it is offered", 40)
