"""A machine's YAML, edited in the page: checked, planned, sent; and nothing that was typed is lost."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import EDITOR, SMALL, closed, edited, edits, plan, press, reload, review, running, spec_of, write
from tests.rig.waiting import wait_until


def test_a_change_is_planned_and_made(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        review(page)
        said = plan(page)
        assert "resources.memory" in said and "64Mi" in said and "96Mi" in said and "by its next start" in said
        press(page, "Change")
        wait_until(lambda: spec_of(real, name) == {"resources": {"vcpu": 1, "memory": "96Mi"}}, 20, "it is changed")
        closed(page)


def test_whoever_types_fast_loses_nothing(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        typed = "# " + "the quick brown fox " * 8
        write(page, "")
        for character in typed:
            page.type(character)
        assert str(page.run(f"{EDITOR}.textContent")).rstrip() == typed.rstrip()


def test_what_does_not_parse_is_not_sent(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources: [unclosed\n")
        review(page)
        page.wait("document.querySelector('.editor .failure')", "it says what is wrong")
        assert "at line 3" in str(page.run("document.querySelector('.editor .failure').innerText"))
        page.wait("document.querySelector('.code').shadowRoot.querySelector('.cm-lint-marker-error')", "its line is marked")
        assert page.run("document.querySelector('dialog')") is None
        assert spec_of(real, name) == SMALL


def test_what_the_server_refuses_is_said_with_its_field(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: many\n")
        review(page)
        page.wait("document.querySelector('dialog .failure')", "it says what is wrong")
        assert "resources.vcpu" in str(page.run("document.querySelector('dialog .failure').innerText"))


def test_two_people_edit_one_machine_and_both_keep_their_changes(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        theirs = {"resources": {"vcpu": 2}}
        real.http.patch(f"/api/v1/vms/{name}/spec", json=theirs).raise_for_status()
        review(page)
        page.shows("Somebody else changed it meanwhile")
        assert "vcpu: 2" in str(page.run("document.querySelector('.conflict').innerText"))
        assert "96Mi" in str(page.run(f"{EDITOR}.textContent")), "what was typed is there"
        press(page, "Put my changes on top")
        edits(page, "vcpu: 2")
        review(page)
        plan(page)
        press(page, "Change")
        both = {"resources": {"vcpu": 2, "memory": "96Mi"}}
        wait_until(lambda: spec_of(real, name) == both, 20, "both changes hold")


def test_what_was_typed_outlasts_a_reload(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    memory: 80Mi\n")
        page.shows("Not sent yet")
        reload(page)
        edits(page, "80Mi")
        press(page, "Discard")
        edits(page, "64Mi")


def test_fields_are_offered_while_one_types(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  runS")
        offered = "document.querySelector('.code').shadowRoot.querySelector('.cm-tooltip-autocomplete')"
        page.wait(f"{offered}?.textContent.includes('runStrategy')", "the field is offered")


def test_a_draft_does_not_undo_what_others_changed_since(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        page.shows("Not sent yet")
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 2}}).raise_for_status()
        reload(page)
        page.shows("Somebody else changed it meanwhile")
        press(page, "Put my changes on top")
        edits(page, "vcpu: 2")
        assert "96Mi" in str(page.run(f"{EDITOR}.textContent"))


def test_nobody_typed_what_the_page_shows(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        review(page)
        press(page, "Change")
        wait_until(lambda: spec_of(real, name) == {"resources": {"vcpu": 1, "memory": "96Mi"}}, 20, "it is changed")
        closed(page)
        page.wait("!document.body.innerText.includes('Not sent yet')", "nothing waits to be sent")
        assert page.run("Object.keys(sessionStorage).filter(key => key.startsWith('homeostat.draft')).length") == 0


def test_the_last_label_is_taken_away(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    patch = {"metadata": {"labels": {"app": "shop"}}}
    real.http.patch(f"/api/v1/resources/virtualmachines/{name}", json=patch).raise_for_status()
    with opens(f"virtualmachines/{name}/yaml") as page:
        edits(page, "shop")
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 64Mi\n")
        review(page)
        press(page, "Change")
        where = f"/api/v1/resources/virtualmachines/{name}"
        wait_until(lambda: not real.http.get(where).json()["metadata"].get("labels"), 20, "it has no label")


def test_an_alias_to_nothing_and_an_empty_text_are_said(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        for text in ("spec: *nope\n", "5\n"):
            write(page, text)
            review(page)
            page.wait("document.querySelector('.editor .failure')", "it says what is wrong")
            assert page.run("document.querySelector('dialog')") is None
