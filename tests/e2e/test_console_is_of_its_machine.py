"""A console shows the machine that was asked for, or nothing: also where another one gets its port, or it gets another name."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.consoles import Console
from tests.rig.waiting import free_port, wait_until

LISTENING = {"video": "vga", "vnc": {"listen": "127.0.0.1"}}


@pytest.fixture
def http(homeostat: Homeostat) -> Iterator[httpx.Client]:
    port = free_port()
    homeostat.write("one", idle(display=LISTENING))
    homeostat.write("two", idle(display=LISTENING, runStrategy="Halted"))
    homeostat.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as found:
        wait_until(lambda: found.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready("one")
        yield found


def viewers(homeostat: Homeostat, name: str) -> int:
    return homeostat.virsh("qemu-monitor-command", name, "--hmp", "info vnc").count("Client:")


def switch(homeostat: Homeostat, name: str, strategy: str, state: str) -> None:
    homeostat.edit(name, lambda spec: spec.update(runStrategy=strategy))
    homeostat.wait_for(lambda: homeostat.state_of(name) == state, f"{name} is {state}")


def test_another_gets_its_port_and_it_gets_another_name(homeostat: Homeostat, http: httpx.Client) -> None:
    console = Console.open(http, "one")
    console.greet()
    port = homeostat.status("one").vnc
    assert port is not None
    switch(homeostat, "one", "Halted", "shut off")
    console.word("waiting")
    switch(homeostat, "two", "Always", "running")
    homeostat.wait_for(lambda: homeostat.status("two").vnc == port, "the other one has its port now")
    console.send(b"\x03\x00" + bytes(8))
    assert viewers(homeostat, "two") == 0, "whoever looks at the first one does not see it"

    homeostat.virsh("domrename", "one", "another")
    # Were it started before the operator knows, it would keep that name until the next start.
    homeostat.wait_for(lambda: homeostat.state_of("one") == "shut off", "it has its name again")
    switch(homeostat, "one", "Always", "running")
    console.word("restart")
    console.send(b"")
    console.greet()
    assert (viewers(homeostat, "one"), viewers(homeostat, "two")) == (1, 0)
    (listed,) = http.get("/api/v1/consoles").json()["consoles"]
    assert listed["machine"] == "one"
