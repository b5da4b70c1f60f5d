"""A guest's serial line over WebSockets: everybody sees what it writes, one types, and it goes on as long as the right to it."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

import httpx
import pytest

from homeostat.accounts.rights import Role
from tests.api.people import Person, settle
from tests.e2e.homeostat import Homeostat, guest
from tests.rig.consoles import Sitter
from tests.rig.guest import BOOT_TIMEOUT, READY, GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port, wait_until

NAME = "line"
SOON = 30.0
Opening = Callable[..., Sitter]
questions = count(1000)


class House:
    """A machine, and two API servers beside it."""

    def __init__(self, town: Homeostat, servers: list[tuple[int, httpx.Client]]) -> None:
        self.town, self.servers = town, servers

    def person(self, name: str, server: int = 0) -> Person:
        return Person(self.servers[server][1], name)

    def wait_ready(self, times: int) -> None:
        def booted() -> bool:
            return self.town.console(NAME).count(READY) >= times and self.town.state_of(NAME) == "running"

        self.town.wait_for(booted, f"{NAME} has booted {times} times", BOOT_TIMEOUT)


@pytest.fixture(scope="module")
def house(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[House]:
    town, ports = Homeostat(libvirtd, guest_image), (free_port(), free_port())
    settle(town.state, bob=Role.ADMINISTRATOR)
    other = [town.command()[0], "-m", "homeostat_api", "--dir", str(town.folder), "--state", str(town.state)]
    with ExitStack() as stack:
        stack.callback(town.close)
        assert town.image is not None
        town.write(NAME, guest(town.image))
        town.start("--bind", f"127.0.0.1:{ports[0]}")
        log = stack.enter_context(NamedTemporaryFile())
        second = subprocess.Popen([*other, "--bind", f"127.0.0.1:{ports[1]}"], stdout=log, stderr=log)
        stack.callback(second.wait)
        stack.callback(second.terminate)
        clients = [stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SOON)) for port in ports]
        town.wait_for(lambda: clients[0].get("/healthz").status_code == 200, "the API answers", BOOT_TIMEOUT)
        try:
            wait_until(lambda: clients[1].get("/healthz").status_code == 200, BOOT_TIMEOUT, "the second API server answers")
        except AssertionError as error:
            raise AssertionError(f"{error}\nit says: {Path(log.name).read_text()}") from error
        made = House(town, list(zip(ports, clients, strict=True)))
        made.wait_ready(1)
        yield made


@pytest.fixture
def sit(house: House) -> Iterator[Opening]:
    with ExitStack() as stack:

        def opened(name: str, server: int = 0, **asked: str) -> Sitter:
            sitter = Sitter(house.servers[server][1], NAME, house.person(name, server).headers, **asked)
            stack.callback(sitter.close)
            wait_until(lambda: sitter.said("opened"), SOON, "it is open")
            return sitter

        yield opened


def ask(sitter: Sitter) -> bytes:
    """Types a command, and returns what stands in its answer alone."""
    number = next(questions)
    sitter.type(f"echo $(({number}*1000))\r")
    return f"\n{number * 1000}\r".encode()


def wait_seen(sitter: Sitter, text: bytes) -> None:
    try:
        wait_until(lambda: text in sitter.seen, SOON, f"{text!r} is seen")
    except AssertionError as error:
        raise AssertionError(f"{error}; {bytes(sitter.seen[-500:])!r}, {sitter.words}, {sitter.ended}") from None


def test_who_types_is_answered_and_everybody_sees_it_once(sit: Opening) -> None:
    typing, looking = sit("root"), sit("bob", 1)
    assert typing.protocol == "homeostat.console.v1"
    assert typing.said("opened")[0]["controls"] and not looking.said("opened")[0]["controls"]
    wait_seen(looking, READY.encode())  # from before it was opened
    dropped = ask(looking)
    answer = ask(typing)
    for sitter in (typing, looking):
        wait_seen(sitter, answer)
        assert sitter.seen.count(answer) == 1
        assert dropped not in sitter.seen


def test_it_has_no_size_but_says_what_to_type(house: House, sit: Opening) -> None:
    sitter = sit("root")
    answer = house.person("root").ask("PUT", f"consoles/{sitter.id}/size", json={"rows": 40, "columns": 120})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_console_size")
    command = answer.json()["error"].split("`")[1]
    sitter.type(f"{command}; stty size\r")
    wait_seen(sitter, b"\n40 120\r")
    assert house.person("root").status("PUT", "consoles/none/size", json={"rows": 40, "columns": 120}) == 404


def test_control_is_taken_at_another_server(house: House, sit: Opening) -> None:
    first, second = sit("root"), sit("bob", 1)
    wait_seen(second, ask(first))
    assert house.person("bob", 1).status("POST", f"consoles/{second.id}/control") == 204
    wait_until(lambda: first.said("control"), SOON, "whoever had control is told")
    assert first.said("control") == [{"type": "control", "controls": False}]
    wait_until(lambda: second.said("control"), SOON, "whoever took it is told")
    dropped, answer = ask(first), ask(second)
    wait_seen(first, answer)
    assert dropped not in first.seen
    assert not first.said("held") and not second.said("held")


def test_another_program_has_the_line_until_control_is_taken(house: House, sit: Opening) -> None:
    outer, inner = pty.openpty()
    attached = subprocess.Popen(house.town.command("console", NAME), stdin=inner, stdout=inner, stderr=subprocess.PIPE)
    try:
        sitter = sit("root")

        def attached_and_seen() -> bool:
            os.write(outer, b"echo $((7*11))\r")  # what is typed before the terminal is raw is lost
            return b"\n77\r" in sitter.seen

        wait_until(attached_and_seen, SOON, "what others type is seen, too", interval=0.5)
        sitter.type("echo lost\r")
        wait_until(lambda: sitter.said("held"), SOON, "he is told who has the line")
        assert "take control to disconnect" in sitter.said("held")[0]["message"]
        assert house.person("root").status("POST", f"consoles/{sitter.id}/control") == 204
        _, said = attached.communicate(timeout=SOON)
        assert b"was closed: it stopped, or somebody else attached" in said
        wait_seen(sitter, ask(sitter))
        assert b"echo lost" not in sitter.seen
    finally:
        attached.kill()
        attached.wait()
        os.close(outer)
        os.close(inner)


def test_a_command_takes_control_over_the_api(house: House, sit: Opening, tmp_path: Path) -> None:
    sitter = sit("root")
    wait_seen(sitter, ask(sitter))
    token = tmp_path / "token"
    token.write_text(house.person("bob").tokens["access_token"])
    words = ["console", NAME, "--force", "--server", f"http://127.0.0.1:{house.servers[1][0]}", "--token-file", str(token)]
    outer, inner = pty.openpty()
    os.set_blocking(outer, False)
    shown = bytearray()
    command = [*house.town.command()[:3], *words]
    attached = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=subprocess.PIPE)
    try:

        def answered() -> bool:
            os.write(outer, b"echo $((6*11))\r")
            with suppress(BlockingIOError):
                shown.extend(os.read(outer, 2**20))
            return b"\n66\r" in sitter.seen and b"\n66\r" in shown

        wait_until(lambda: sitter.said("control"), SOON, "whoever had control hears it")
        wait_until(answered, SOON, "it is answered", interval=0.5)
        os.write(outer, b"\x1d")
        _, said = attached.communicate(timeout=SOON)
        assert (attached.returncode, b"you have control" in said, b"Detached from line" in said) == (0, True, True), said
    finally:
        attached.kill()
        attached.wait()
        os.close(outer)
        os.close(inner)


def test_it_goes_on_after_a_restart_of_the_machine(house: House, sit: Opening) -> None:
    sitter = sit("root")
    wait_seen(sitter, ask(sitter))
    boots = house.town.console(NAME).count(READY)
    del sitter.seen[:]
    house.town.virsh("destroy", NAME)
    house.wait_ready(boots + 1)
    wait_seen(sitter, READY.encode())

    def answered() -> bool:
        sitter.type("echo $((6*7))\r")  # the shell may begin only now
        return b"\n42\r" in sitter.seen

    wait_until(answered, SOON, "the new run answers", interval=0.5)
    assert sitter.ended is None


def test_it_ends_with_the_right_to_it(house: House, sit: Opening) -> None:
    person = house.person("bob")
    looking = Sitter(house.servers[1][1], NAME, person.headers)
    wait_seen(looking, READY.encode())
    began = time.monotonic()
    assert person.status("DELETE", "session") == 204
    wait_until(lambda: looking.ended, SOON, "it has ended")
    assert time.monotonic() - began < 5  # one second where nobody else uses the machine
    assert looking.ended is not None and looking.ended[0] == 1008 and "you may not look at it any more" in looking.ended[1]
    looking.close()
