"""L16 to L20: what is asked for a machine is checked, at its bounds; what is refused leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.service.naming.marks import resource_name
from tests.api.modes import of_a_folder
from tests.contracts.limen.people import SIZE, Limen, Somebody, refused


def asked(somebody: Somebody, body: dict[str, Any], status: int = 400) -> str:
    answer = somebody.browser.post("/api/vms", json=body)
    return refused(answer, status)


@pytest.mark.parametrize("given", ["a1", "a" * 65, "with space", "with.dot", "bäh", "가상머신", "", None, 12345, "../../etc"])
def test_l16_a_name_that_cannot_be(bob: Somebody, given: object) -> None:
    assert "name" in asked(bob, {**SIZE, "name": given})


@pytest.mark.parametrize("given", ["a-1", "_-_", "Z" * 64])
def test_l16_a_name_that_can(bob: Somebody, given: str) -> None:
    assert bob.make(given)["name"] == given


def test_l17_the_words_for_a_short_name(development: Limen) -> None:
    answer = development.somebody("root").browser.post("/api/vms", json={**SIZE, "name": "a1"})
    said = "VM name must be at least 3 characters"
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "message": said, "error": said})


@pytest.mark.parametrize("given", [0, 33, 1.5, 2.0, "2", None, True, [2]])
def test_l18_cpus_that_cannot_be(bob: Somebody, name: str, given: object) -> None:
    assert "cpu" in asked(bob, {**SIZE, "name": name, "cpu": given}).lower()


@pytest.mark.parametrize("given", [256, 511, 600, 65792, 65537, "512", 512.5, None, -512])
def test_l19_memory_that_cannot_be(bob: Somebody, name: str, given: object) -> None:
    assert "memory" in asked(bob, {**SIZE, "name": name, "memory": given}).lower()


@pytest.mark.parametrize("given", [512, 768, 65536])
def test_l19_memory_that_can(bob: Somebody, name: str, given: int) -> None:
    assert bob.make(name, memory=given)["memory"] == given


@pytest.mark.parametrize("given", ["ubuntu", "Kali", "", None, ["kali"], 1])
def test_l20_an_os_type_that_there_is_not(bob: Somebody, name: str, given: object) -> None:
    assert "os" in asked(bob, {**SIZE, "name": name, "os_type": given}).lower()


@pytest.mark.parametrize("given", ["ubuntu-desktop", "ubuntu-server", "kali", "windows"])
def test_l20_those_that_there_are(bob: Somebody, name: str, given: str) -> None:
    assert bob.make(name, os_type=given)["os_type"] == given


@pytest.mark.parametrize("field", ["name", "cpu", "memory", "os_type"])
def test_l16_what_is_left_out_is_named(bob: Somebody, name: str, field: str) -> None:
    assert f"{field} is required" in asked(bob, {key: value for key, value in {**SIZE, "name": name}.items() if key != field})


def test_l16_what_is_refused_leaves_nothing(bob: Somebody, name: str) -> None:
    asked(bob, {**SIZE, "name": name, "cpu": 0})
    assert name not in [vm["name"] for vm in bob.browser.get("/api/vms").json()]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"name": 1, "name": 2}'])
def test_l16_what_is_no_object_is_400(bob: Somebody, body: bytes) -> None:
    refused(bob.browser.post("/api/vms", content=body, headers={"Content-Type": "application/json"}), 400)


@of_a_folder  # over a cluster it may be on another host
def test_l16_what_is_said_of_it_names_it_as_it_was_named(limen: Limen, bob: Somebody, name: str) -> None:
    derived = resource_name(name)
    assert derived != name
    limen.served.real.host("define", derived)
    try:
        made = bob.make(name)
        said = refused(bob.act(made["id"], "start"), 500)
    finally:
        limen.served.real.host("undefine", derived)
    for text in (made["message"], said):
        assert name in text and derived not in text, text
