"""Mistakes in a document: where, which field, and what was probably meant."""

from __future__ import annotations

import pytest

from tests.unit.store_fixtures import Room, document


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("resources: {memroy: 1Gi}", "web.yaml:6:15: spec.resources.memroy: unknown field; did you mean memory?"),
        ("memory: 1Gi", "web.yaml:6:3: spec.memory: unknown field; did you mean spec.resources.memory?"),
        ("resources: {bogus: 1}", "unknown field; the fields here are cpu, maxMemory, maxVcpu, memory, vcpu"),
        (
            "disks: [{name: root, size: 1Gi}]\n  boot:\n    order:\n      - rot",
            "web.yaml:9:9: spec.boot.order[0]: there is no disk or nic named 'rot'; did you mean root?",
        ),
        ("runStrategy: always", "choose one of Always, RerunOnFailure, Manual, Halted or Once; did you mean Always?"),
        ("resources: {memory: 12gb}", "spec.resources.memory: has an unknown unit 'gb'; did you mean 12G?"),
        ("resources: {memory: -1Gi}", "must not be negative"),
        ("resources: {vcpu: many}", "spec.resources.vcpu: must be a whole number (got 'many')"),
        ("disks: {name: root}", "spec.disks: must be a list"),
        ("disks: [{size: 1Gi}]", "web.yaml:6:11: spec.disks[0].name: is missing"),
        ("disks: [{name: r}]", "spec.disks[0]: a disk needs an image, a size, or both"),
        ("suspend: perhaps", "must be true or false (got 'perhaps')"),
        ("restartedAt: 5", "must be text (got 5): put it in quotes"),
    ],
)
def test_field(room: Room, spec: str, said: str) -> None:
    room.write("web.yaml", document("web", spec))
    room.sync()
    assert said in "\n".join(room.said())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: VirtualMachine", "kind: VirtualMachin", "web.yaml:2:1: kind: there is no kind 'VirtualMachin'; did you mean"),
        ("kind: VirtualMachine", "kind: vm", "did you mean VirtualMachine?"),
        ("v1alpha1", "v1", "web.yaml:1:1: apiVersion: is 'homeostat.dev/v1'; write homeostat.dev/v1alpha1"),
        ("homeostat.dev", "homeostat.de", "write homeostat.dev/v1alpha1"),
        ("apiVersion: homeostat.dev/v1alpha1\n", "", "apiVersion is missing"),
        ("name: web", "name: ../web", "web.yaml:4:3: metadata.name: must consist of lower-case"),
        ("name: web", "name: " + "w" * 300, "is 300 characters long; a name has at most 63"),
        ("name: web", "nam: web", "metadata.nam: unknown field; did you mean name?"),
    ],
)
def test_identity(room: Room, old: str, new: str, said: str) -> None:
    room.write("web.yaml", document("web").replace(old, new))
    room.sync()
    assert said in "\n".join(room.said())


def test_every_mistake_is_listed_with_its_own_place(room: Room) -> None:
    room.write("ok.yaml", document("ok"))
    room.write("sub/web.yaml", "# a comment\n" + document("web", "runStrategy: No", "resources:", "  vcpu: 0", "  x: 1"))
    room.sync()
    assert [error.split(": ")[0:2] for error in room.said()] == [
        ["sub/web.yaml:7:3", "spec.runStrategy"],
        ["sub/web.yaml:9:5", "spec.resources.vcpu"],
        ["sub/web.yaml:10:5", "spec.resources.x"],
    ]
    assert room.names() == ["ok"]


def test_documents_of_others_are_ignored_with_a_notice(room: Room) -> None:
    room.write("web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\n" + document("web"))
    report = room.sync()
    assert [e.severity for e in report.errors] == ["Notice"]
    assert room.names() == ["web"]


def test_list_of_resources(room: Room) -> None:
    item = document("one", "resources: {memroy: 1}").replace("\n", "\n    ").rstrip()
    other = document("two").replace("\n", "\n    ").rstrip()
    room.write("all.yaml", f"apiVersion: v1\nkind: List\nitems:\n  - {item}\n  - {other}\n")
    room.sync()
    assert room.names() == ["two"]
    assert room.said() == ["all.yaml:9:19: spec.resources.memroy: unknown field; did you mean memory?"]


def test_relative_paths_count_from_the_file(room: Room) -> None:
    room.write("site/web.yaml", document("web", "disks: [{name: root, image: {path: ../images/d.img}}]"))
    room.sync()
    assert room.resource("web").dump()["spec"]["disks"][0]["image"]["path"] == str(room.folder / "images" / "d.img")
