"""Comments that somebody types in the page's YAML: it says that they are not kept, before anything is sent."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, edited, edits, plan, press, review, running, write
from tests.rig.waiting import wait_until

SAID = "Comments that you typed are not kept"


def test_the_review_of_an_edit_says_so(real: Living, opens: Opens, name: str) -> None:
    with edited(real, opens, name) as page:
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi # as he asked\n")
        review(page)
        assert SAID in plan(page)
        press(page, "Cancel")
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 64Mi # as he asked\n")
        review(page)
        page.shows(f"That changes nothing. {SAID}")
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        review(page)
        assert SAID not in plan(page)


def test_comments_that_stand_in_the_file_stay_there(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    real.api.where.rewrite("virtualmachines", name, "  resources:", "  # by hand\n  resources:")
    with opens(f"virtualmachines/{name}/yaml") as page:
        edits(page, "64Mi")
        write(page, "spec:\n  resources:\n    vcpu: 1\n    memory: 96Mi\n")
        review(page)
        press(page, "Change")
        wait_until(lambda: "96Mi" in real.api.written("virtualmachines", name), 20, "it is changed")
        assert "# by hand" in real.api.written("virtualmachines", name)


def test_the_review_of_a_new_one_says_so(opens: Opens, name: str) -> None:
    with opens("new/yaml") as page:
        edits(page, "kind")
        document = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: {}\nspec: {{}} # why\n"
        write(page, document.format(name))
        press(page, "See what it takes")
        assert SAID in plan(page)
