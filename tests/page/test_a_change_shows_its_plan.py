"""What one does with a machine: planned, shown, and done once it was agreed to. By the keyboard alone."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import choose_machines, closed, plan, running, status
from tests.rig.waiting import wait_until


def test_stopping_says_what_it_takes_and_then_stops(real: Living, opens: Opens, name: str) -> None:
    running(real, name)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        page.tab_to("Stop")
        page.press("Enter")
        said = plan(page)
        assert f"Stop {name}?" in said and "runStrategy" in said and "Halted" in said and "live" in said
        assert page.focused() == "Cancel"
        page.press("Enter")
        wait_until(lambda: page.focused() == "Stop", 20, "the dialog is closed, and the keyboard is where it was")
        assert status(real, name) == "running"
        page.press("Enter")
        plan(page)
        page.tab_to("Stop")
        page.press("Enter")
        page.shows("Stopped")
        assert status(real, name) == "stopped"
        page.tab_to("Start")
        page.press("Enter")
        plan(page)
        page.tab_to("Start")
        page.press("Enter")
        page.shows("Running")


def test_escape_changes_nothing(real: Living, opens: Opens, name: str) -> None:
    running(real, name)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        page.tab_to("Delete")
        page.press("Enter")
        assert "Its disks are deleted with it" in plan(page)
        page.press("Escape")
        closed(page)
        assert status(real, name) == "running"


def test_the_same_is_told_as_yaml_and_as_a_command(real: Living, opens: Opens, name: str) -> None:
    running(real, name)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        page.tab_to("Stop")
        page.press("Enter")
        plan(page)
        page.run("document.querySelector('dialog details').open = true")
        page.shows("runStrategy: Halted")
        page.shows(f"homeostat stop {name}")


def test_many_at_once_have_one_plan_and_each_its_outcome(real: Living, opens: Opens, name: str) -> None:
    for letter in "abc":
        running(real, f"{name}-{letter}")
    with opens() as page:
        choose_machines(page, name, "abc")
        page.tab_to("Stop", back=True)
        page.press("Enter")
        said = plan(page)
        assert all(f"{name}-{letter}" in said for letter in "abc")
        page.tab_to("Stop 3")
        page.press("Enter")
        wait_until(lambda: {status(real, f"{name}-{letter}") for letter in "abc"} == {"stopped"}, 20, "all three are off")


def test_what_is_refused_meanwhile_is_said_of_its_machine(real: Living, opens: Opens, name: str) -> None:
    for letter in "ab":
        running(real, f"{name}-{letter}")
    with opens() as page:
        choose_machines(page, name, "ab")
        page.tab_to("Stop", back=True)
        page.press("Enter")
        plan(page)
        real.http.post(f"/api/v1/vms/{name}-a/stop").raise_for_status()
        page.tab_to("Stop 2")
        page.press("Enter")
        page.wait("document.querySelector('.outcomes .bad')", "what failed is said")
        page.shows(f"{name}-b done")
        assert "stopped" in str(page.run("document.querySelector('.outcomes').innerText"))


def test_many_are_stopped_in_the_middle(real: Living, opens: Opens, name: str) -> None:
    for letter in "abc":
        running(real, f"{name}-{letter}")
    with opens() as page:
        page.shows(f"{name}-c")
        page.tab_to("Search")
        page.type(name)
        page.tab_to("Choose all that are shown")
        page.press(" ")
        page.shows("3 chosen")
        page.run("[...document.querySelectorAll('.bulk button')].find(one => one.textContent === 'Leave alone').click()")
        plan(page)
        # The first one takes as long as the test wants.
        page.run(
            """{
              const real = window.fetch;
              window.fetch = async (path, options) => {
                if (options?.method === "PATCH") await new Promise((go) => (window.goOn = go));
                return real(path, options);
              };
            }"""
        )
        page.run("[...document.querySelectorAll('dialog button')].pop().click()")
        page.wait("window.goOn", "the first one is under way")
        page.press("Escape")
        page.run("window.goOn()")
        page.wait("document.querySelectorAll('.outcomes .bad').length === 2", "the other two are said not to be done")

        def left_alone(letter: str) -> bool:
            return bool(real.http.get(f"/api/v1/vms/{name}-{letter}/spec").json().get("suspend"))

        assert [letter for letter in "abc" if left_alone(letter)] == ["a"]


def test_another_one_of_the_same_name_is_not_deleted(real: Living, opens: Opens, name: str) -> None:
    running(real, name)
    with opens(f"virtualmachines/{name}") as page:
        page.shows("Conditions")
        page.run("[...document.querySelectorAll('.deeds button')].find(one => one.textContent === 'Delete').click()")
        plan(page)
        uid = real.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]["uid"]
        page.run("window.before = document.querySelector('h1')")
        real.http.delete(f"/api/v1/vms/{name}").raise_for_status()
        running(real, name)
        again = real.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]["uid"]
        if uid == again:
            return  # over a folder the uid is the name's: it is the same machine, declared again
        page.run("[...document.querySelectorAll('dialog button')].pop().click()")
        page.wait("document.querySelector('.outcomes .bad')", "it says why nothing was done")
        assert status(real, name) == "running"
