"""Whoever may write Hosts runs no program, reads no file and opens no socket with the operator's rights."""

from __future__ import annotations

import re
from string import printable
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.host import Host
from homeostat.models.host_uri import read_uri, unallowed
from tests.unit.crd_schemas import refusals

# What doRemoteOpen of libvirt's remote driver reads from the query, whatever the case of its name.
RUNS = ("command", "netcat", "proxy")
ALL = (*RUNS, "name", "socket", "auth", "authfile", "sshauth", "keyfile", "pkipath", "known_hosts", "known_hosts_verify", "mode")
ALL = (*ALL, "tls_priority", "no_sanity", "no_verify", "no_tty", "root", "x")
KNOWN = {"keyfile", "known_hosts", "known_hosts_verify", "sshauth", "no_tty", "pkipath", "socket", "mode"}

spelled = st.builds(
    lambda name, upper, coded: "".join(
        f"%{ord(c):02x}" if coded >> n & 1 else c.upper() if upper >> n & 1 else c for n, c in enumerate(name)
    ),
    st.sampled_from(ALL),
    st.just(0) | st.integers(0, 2**20),
    st.just(0) | st.integers(0, 2**20),
)
values = st.sampled_from(
    ["/bin/sh", "/k", "1", "privkey", "normal", "auto", "", "a;command=/bin/sh", "%2fbin", "netcat", "$(id)"]
)
queries = st.lists(st.tuples(spelled, st.sampled_from(["=", "=", "=", "", "=="]), values).map("".join), max_size=3)
schemes = (
    st.sampled_from(["qemu", "test", "QEMU", "remote", "xen", "lxc", "esx", ""]),
    st.sampled_from(["", "+ssh", "+libssh", "+libssh2", "+tls", "+tcp", "+unix", "+ext", "+SSH", "+Ext", "+ssh+ext"]),
)
hosts = st.sampled_from(["", "h", "root@h", "h:22", "[::1]", "-oProxyCommand=x", "a@-l", "h%0a", "u:p@h", "h/../x", "@h", "h\n"])
paths = st.sampled_from(["/system", "/session", "/default", "/etc/shadow", "/embed", "", "/a/../b", "//system", "/system#"])
uris = st.builds(
    lambda driver, transport, host, path, query, joint: (
        f"{driver}{transport}://{host}{path}{'?' if query else ''}{joint.join(query)}"
    ),
    *schemes,
    hosts,
    paths,
    queries,
    st.sampled_from(["&", "&", ";", "&&"]),
)


def taken(uri: str) -> bool:
    try:
        Host.model_validate({"metadata": {"name": "h"}, "spec": {"uri": uri}})
    except ValidationError:
        return False
    return True


@given(uris)
@example("qemu+ssh://root@h/system?keyfile=/k")
@settings(max_examples=300)
def test_security_1_what_is_taken_means_to_libvirt_what_it_says(uri: str) -> None:
    """As libvirt reads it: separators '&' and ';', names decoded and in any case, the last of several counts."""
    if not taken(uri):
        return
    assert set(uri) < set(printable) - set(" \t\r\n\v\f%;#\"'`$()<>\\")
    scheme, _, rest = uri.partition("://")
    assert re.fullmatch(r"(qemu|test)(\+(ssh|libssh|libssh2|tls|tcp|unix))?", scheme)
    assert not rest.startswith("-") and "@-" not in rest
    names = [unquote(part.partition("=")[0]).lower() for part in re.split("[&;]", rest.partition("?")[2])]
    assert set(names) <= KNOWN | {""} and len(names) == len(set(names)) and not set(names) & set(RUNS)
    for file in ("/bin/sh", "/k", "/etc/shadow"):
        assert file not in uri or unallowed(uri, [])
    assert (
        refusals({"apiVersion": "homeostat.dev/v1alpha1", "kind": "Host", "metadata": {"name": "h"}, "spec": {"uri": uri}}) == []
    )


@given(st.sampled_from(RUNS), st.integers(0, 255), st.integers(0, 255), st.sampled_from(["", "mode=auto&", "mode=auto;", "x&"]))
@settings(max_examples=60)
def test_security_1_no_spelling_of_a_program_is_taken(name: str, upper: int, coded: int, before: str) -> None:
    written = "".join(f"%{ord(c):02X}" if coded >> n & 1 else c.upper() if upper >> n & 1 else c for n, c in enumerate(name))
    with pytest.raises(ValueError, match=f"must not name a program to run \\({name}="):
        read_uri(f"qemu+ssh://h/system?{before}{written}=/bin/sh")


@pytest.mark.parametrize("char", [c for c in printable if not c.isalnum()])
def test_security_1_no_sign_gets_into_a_part_that_others_split(char: str) -> None:
    """In the user, the host, the path and a file, where each might be split by libvirt, ssh or a shell."""
    for place in ("qemu+ssh://u{0}:p@h/system", "qemu+ssh://{0}h/system", "qemu+ssh://h/system{0}", "qemu:///{0}system"):
        assert not taken(place.format(char))
    if char not in "_.@+:-/":
        assert not taken(f"qemu+ssh://h/system?keyfile=/k{char}x")


def test_security_1_a_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names keyfile= twice"):
        read_uri("qemu+ssh://h/system?keyfile=/a&keyfile=/b")


@pytest.mark.parametrize(
    ("uri", "wrong"),
    [
        ("qemu+tcp://h/system?keyfile=/k", "means nothing with transport tcp"),
        ("qemu:///system?socket=/s", "means nothing with no transport named"),
        ("qemu+unix://h/system", "names a host"),
        ("qemu:///embed", "libvirt's QEMU has /system and /session"),
        ("test:///etc/../default", r"'\.\.' in its paths"),
        ("qemu+ssh://h/system?keyfile=/a/../b", r"'\.\.' in its paths"),
        ("qemu+ssh://h:70000/system", "names port 70000"),
        ("qemu+ssh://[::g]/system", "plain letters"),
        ("qemu+ssh://[1:2]/system", "At least 3 parts"),
        ("qemu+ssh://h/system?no_verify=1", "has 'no_verify=1': known are keyfile"),
    ],
)
def test_security_1_it_says_what_is_wrong(uri: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_uri(uri)


@pytest.mark.parametrize(
    ("uri", "allowed", "refused"),
    [
        ("qemu+ssh://h/system", [], False),
        ("test:///default", [], False),
        ("qemu:///system", [], False),
        ("qemu:///session", ["/"], True),
        ("qemu+unix:///session?mode=auto", ["/"], True),
        ("qemu+ssh://h/session", [], False),
        ("test:///etc/shadow", ["/srv"], True),
        ("test:///srv/t.xml", ["/srv"], False),
        ("qemu+unix:///system?socket=/srv/s", ["/srv/s"], False),
        ("qemu+unix:///system?socket=/srv/s2", ["/srv/s"], True),
        ("qemu+ssh://h/system?keyfile=/srv/keys/id&known_hosts=/srv/keys/k", ["/srv/keys/"], False),
        ("qemu+ssh://h/system?keyfile=/srv/keys/id&known_hosts=/root/k", ["/srv/keys"], True),
        ("qemu+tls://h/system?pkipath=/srv/keys", ["/srv/keys"], False),
        ("qemu+tls://h/system?pkipath=/srv", ["/srv/keys"], True),
    ],
)
def test_security_1_files_are_those_that_the_administrator_allowed(uri: str, allowed: list[str], refused: bool) -> None:
    assert bool(unallowed(uri, allowed)) == refused
