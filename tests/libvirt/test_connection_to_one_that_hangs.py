"""A libvirt that takes connections and never answers: a program that has given it up (`homeostat plan` after a minute) ends."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, select, socket, sys
from homeostat.driver.connection.connection import LibvirtConnection

async def listed() -> None:
    pass

async def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[2]))
    connection = LibvirtConnection(sys.argv[1], listed, lambda error: None)
    opening = asyncio.create_task(connection.start())
    await asyncio.to_thread(select.select, [listener], [], [])  # it is being opened
    opening.cancel()
    await connection.close()

asyncio.run(main())
print("closed")
"""


def test_a_program_ends_that_has_given_it_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        listener.listen()
        words = [sys.executable, "-c", PROGRAM, f"qemu+unix:///system?socket={tmp_path}/sock", str(listener.fileno())]
        ended = subprocess.run(words, pass_fds=[listener.fileno()], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "closed\n"), ended.stderr
