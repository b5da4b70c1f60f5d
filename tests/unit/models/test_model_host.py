"""A host is named as a node may be, and its address is libvirt's and runs no program."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from homeostat.models.base import Key
from homeostat.models.host import Host


def host(name: str = "rack7", uri: str | None = None) -> Host:
    return Host.model_validate({"metadata": {"name": name}, "spec": {"uri": uri}})


def test_its_key_is_in_the_namespace_default_as_it_has_none() -> None:
    assert host().key == Key("Host", "default", "rack7")


@pytest.mark.parametrize("name", ["rack7", "rack7.example.org", "0-a.b", "a" * 63])
def test_names_of_nodes_are_names_of_hosts(name: str) -> None:
    assert host(name).metadata.name == name


@pytest.mark.parametrize("name", ["", "Rack7", "rack7.", ".rack7", "a..b", "-a", "a/b", "a." * 126 + "aa"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"DNS name|characters long"):
        host(name)


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu+ssh://root@h/system?keyfile=/k",
        "qemu+tls://h/system",
        "qemu+unix:///session?socket=/s",
        "test:///default",
    ],
)
def test_addresses_of_libvirt_are_taken(uri: str) -> None:
    assert host(uri=uri).spec.uri == uri


@pytest.mark.parametrize(
    "uri",
    ["", "rack7", "http://h/", "xen:///system", "qemu:/system", "qemu:///system evil", "qemu+ext:///system?command=/bin/sh"],
)
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(ValidationError, match="must be a libvirt URI, such as qemu:///system"):
        host(uri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "qemu+ssh://h/system?command=/bin/sh",
        "qemu+ssh://h/system?a=b&netcat=/bin/sh",
        "qemu+ssh://h/system?a=b;command=/bin/sh",
        "qemu+ssh://h/system?c%6fmmand=/bin/sh",
    ],
)
def test_an_address_runs_no_program(uri: str) -> None:
    with pytest.raises(ValidationError, match="must not name a program to run"):
        host(uri=uri)
