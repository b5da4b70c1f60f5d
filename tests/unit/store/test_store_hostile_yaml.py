"""Input that is made to break us: one clear error each, and nothing lost."""

from __future__ import annotations

import pytest

from tests.unit.store_fixtures import Room, document, documents

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a:\n  - [1\n", "web.yaml:3:1: is not YAML: did not find expected ',' or ']'"),
        ("\ta: 1", "indent with spaces"),
        (BOMB, "once its aliases are written out"),
        ("a: &a [*a]", "stands inside what it names"),
        ("[" * 2_000_000, "nested more than 64 deep"),
        ("- " * 100_000, "nested more than 64 deep"),
        (b"name: caf\xe9\n", "web.yaml:1:10: is not UTF-8"),
        ("a: 1\na: 2\n", "web.yaml:2:1: a: is given twice (first in line 1)"),
        ("1: a\n", "the key 1 is not a string: write it in quotes"),
        ("? [a]\n: b\n", "a key must be a word"),
        ("a: !!python/object:os.system x\n", "unknown tag"),
        ("a: .inf\n", "finite"),
        ("a: " + "9" * 5000 + "\n", "too long a number"),
        ("a: b\0c\n", "control characters"),
        ("just text\n", "is not a resource"),
        (b"#" * (9 * 2**20), "at most 8 MiB are read"),
        ("\ufeff" + document("x") + "---\n: : :\n", "is not"),
        ("---\n[\n" * 1000, "the rest of the file was not read"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_says_what_is_wrong_and_deletes_nothing(room: Room, content: str | bytes, said: str) -> None:
    room.write("web.yaml", documents("web", "db"))
    room.write("other.yaml", document("other"))
    room.sync()
    room.write("web.yaml", content)
    report = room.sync()
    assert said in "\n".join(room.said())
    assert not report.deleted
    assert {"web", "db", "other"} <= set(room.names())


def test_a_broken_document_does_not_hide_its_neighbours(room: Room) -> None:
    room.write("web.yaml", document("one") + "---\nspec: [\n---\n" + document("two") + "---\nx: 'open\n---\n" + document("three"))
    room.sync()
    assert room.names() == ["one", "three", "two"]
    assert [error.split(": ")[0] for error in room.said()] == ["web.yaml:9:1", "web.yaml:18:1"]


def test_anchors_and_merge_keys_are_fine(room: Room) -> None:
    room.write(
        "a.yaml",
        document("one", "resources: &small {vcpu: 3, memory: 64Mi}") + "x-unused: &u 1\n".replace("x-unused: &u 1\n", ""),
    )
    room.write("b.yaml", document("two", "resources:", "  <<: {vcpu: 3, memory: 64Mi}", "  vcpu: 2"))
    room.sync()
    assert room.resource("two").dump()["spec"]["resources"] == {"memory": "64Mi", "vcpu": 2}
    assert not room.said()


def test_scalars_are_read_as_yaml_1_2(room: Room) -> None:
    room.write(
        "a.yaml",
        document("one", "restartedAt: 2026-01-01T00:00:00Z", "nics: [{name: eth0, network: off, mac: 52:54:00:12:34:56}]"),
    )
    room.sync()
    spec = room.resource("one").dump()["spec"]
    assert spec["restartedAt"] == "2026-01-01T00:00:00Z"
    assert spec["nics"][0] == {"name": "eth0", "network": "off", "mac": "52:54:00:12:34:56"}
