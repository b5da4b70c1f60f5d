"""hosts.json as people and accidents leave it: refused with what to do, in no words of Python's."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.survey.survey import same_libvirt
from homeostat.store.errors import StateError
from homeostat.store.files.hosts import KnownHost, read_hosts, write_hosts
from homeostat.store.files.state import StateFolder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


def test_it_is_read_as_it_was_written(state: StateFolder) -> None:
    assert read_hosts(state) == {}
    hosts = {"a": KnownHost("qemu:///system"), "b": KnownHost("test:///x", served=False, used=True)}
    write_hosts(state, hosts)
    assert read_hosts(state) == hosts
    state.hosts_file.write_text('{"a": {"uri": "qemu:///system"}}')
    assert read_hosts(state) == {"a": KnownHost("qemu:///system", served=True, used=False)}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a": 5}', b'{"a": {}}', b'{"a": {"uri": 5}}', b'{"a": {"uri": null}}',
        b'{"a": {"uri": ""}}', b'{"a": {"uri": "x", "used": "yes"}}', b'{"a": {"uri": "x", "of": "a later version"}}',
    ],
)  # fmt: skip
def test_what_it_cannot_be(state: StateFolder, content: bytes) -> None:
    state.hosts_file.write_bytes(content)
    with pytest.raises(StateError) as refused:
        read_hosts(state)
    assert str(refused.value).startswith(f"{state.hosts_file} cannot be read (") and "from a backup" in str(refused.value)
    assert not any(word in str(refused.value) for word in ("NoneType", "__init__", "codec"))


def test_a_folder_in_its_place(state: StateFolder) -> None:
    state.hosts_file.mkdir()
    with pytest.raises(StateError, match=r"cannot be read \(Is a directory\)"):
        read_hosts(state)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("test:///p/node.xml", "test:////p/node.xml", True),
        ("test:///p/node.xml", "test:///p/./q/../node.xml", True),
        ("qemu:///system", "qemu+unix:///system", True),
        ("qemu+unix:///system?socket=/x/run/sock", "qemu+unix:///system?socket=/x/run/../run/sock", True),
        ("qemu:///system", "qemu:///session", False),
        ("qemu:///system", "test:///system", False),
        ("qemu+unix:///system?socket=/x/sock", "qemu+unix:///system?socket=/y/sock", False),
        ("qemu+ssh://A.lan/system", "qemu+ssh://a.lan/system", True),
        ("qemu+ssh://a.lan/system", "qemu+ssh://b.lan/system", False),
    ],
)
def test_one_libvirt_in_two_spellings(one: str, other: str, same: bool) -> None:
    assert same_libvirt(one, other) is same
