"""A libvirtd that hangs while several of our calls wait for it: each is given up, and once it goes on, so do we.

Several calls that wait on one connection would be given up one by one only, and crash libvirt's client before 10.4
(CVE-2024-4418). That ends a program: so this is one.
"""

from __future__ import annotations

import subprocess
import sys

from tests.rig.libvirtd import Libvirtd

PROGRAM = """
import asyncio, os, signal, sys
from homeostat.driver.connection import connection as module
from homeostat.driver.connection.connection import REQUESTS, LibvirtConnection
from homeostat.driver.errors import HostUnreachable

uri, libvirtd = sys.argv[1], int(sys.argv[2])
module.KEEPALIVE_INTERVAL = module.KEEPALIVE_COUNT = 1  # seconds, and pings
module.OWN = 2.0  # a thread may have had nothing to do before

async def main() -> None:
    opened, lost = asyncio.Queue(), asyncio.Queue()
    async def listed() -> None:
        opened.put_nowait(None)
    connection = LibvirtConnection(uri, listed, lost.put_nowait)
    def ask() -> int:
        return len(connection.request(connection.handle.listAllDomains))
    await connection.start()
    await opened.get()
    await asyncio.gather(*(connection.run(ask) for _ in range(REQUESTS)))
    os.kill(libvirtd, signal.SIGSTOP)
    try:
        async with asyncio.timeout(30):
            ended = await asyncio.gather(*(connection.run(ask) for _ in range(REQUESTS)), return_exceptions=True)
            print(sum(isinstance(error, HostUnreachable) for error in ended), "given up", flush=True)
            await lost.get()
    finally:
        os.kill(libvirtd, signal.SIGCONT)
    await opened.get()
    await asyncio.gather(*(connection.run(ask) for _ in range(REQUESTS)))
    print("goes on", flush=True)
    await connection.close()

asyncio.run(main())
print("closed")
"""


def test_all_that_wait_are_given_up_and_it_goes_on_afterwards(libvirtd: Libvirtd) -> None:
    words = [sys.executable, "-c", PROGRAM, libvirtd.uri, str(libvirtd.pid)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert (ended.returncode, ended.stdout) == (0, "5 given up\ngoes on\nclosed\n"), ended.stderr
