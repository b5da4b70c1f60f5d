"""The log of a machine is read where its file is in the state folder of this server; else it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.host import Host, HostMeta, HostStatus
from homeostat.models.machine import VirtualMachine
from homeostat.service.consoles.console_logs import ConsoleLogs
from homeostat.service.refusals import LogUnavailable, NoSuchResource, NotAllowed
from homeostat.store.files.serving import say_served
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written, resource


def logs(state: Path, log: Path | None) -> ConsoleLogs:
    """Returns the logs where ``web`` has one, and ``new`` was not looked at yet."""
    status = {"consoleLog": str(log)} if log is not None else {"state": "Running"}
    web, new = resource(VirtualMachine, "web", **status), resource(VirtualMachine, "new")
    return Written(web, new).desk(state).console_logs


async def refused(logs: ConsoleLogs, name: str = "web") -> str:
    with pytest.raises(LogUnavailable) as error:
        await logs.read(name, -1, "")
    return str(error.value)


async def test_a_log_is_read_part_by_part(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"one\ntwo\n")
    there = logs(tmp_path, log)
    part = await there.read("web", -1, "")
    assert part.content == b"one\ntwo\n" and (await there.read("web", 1, "")).content == b"two\n"
    with log.open("ab") as file:
        file.write(b"three\n")
    assert (await there.read("web", -1, part.after)).content == b"three\n"
    with pytest.raises(NotAllowed, match="after: 'x' is no place"):
        await there.read("web", -1, "x")
    with pytest.raises(NoSuchResource):
        await there.read("none", -1, "")


async def test_there_is_none_yet(tmp_path: Path) -> None:
    assert "never defined" in await refused(logs(tmp_path, None)), "its status names none"
    assert "never defined" in await refused(logs(tmp_path, tmp_path / "web.log"), "new"), "it has no status"
    assert "has not been started" in await refused(logs(tmp_path, tmp_path / "web.log"))


async def test_it_cannot_be_read(tmp_path: Path) -> None:
    assert "it cannot be read: Is a directory" in await refused(logs(tmp_path, tmp_path))


async def test_it_is_elsewhere(tmp_path: Path) -> None:
    state, secret = tmp_path / "state", tmp_path / "secret"
    state.mkdir()
    secret.write_text("of the host")
    (state / "link.log").symlink_to(secret)
    for log in (secret, state / "../secret", state / "link.log"):
        assert "not in the state folder of this server" in await refused(logs(state, log))


async def test_in_a_cluster_the_operator_of_its_host_is_beside_us(tmp_path: Path) -> None:
    state, log = StateFolder.open(tmp_path / "state"), tmp_path / "state" / "web.log"
    log.write_bytes(b"booted")
    web = resource(VirtualMachine, "web", consoleLog=str(log), host="a")
    host = Host(metadata=HostMeta(name="a"), status=HostStatus(operator="one"))
    clustered = Written(web, host).desk(state.root, clustered=True).console_logs
    assert "this API server is not beside it" in await refused(clustered)
    say_served(state, "one", {"a": "test:///default"})
    assert (await clustered.read("web", -1, "")).content == b"booted"
