"""libvirt's event thread ends before the interpreter: one that dies within libvirt keeps its locks, and the program hangs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import atexit, threading
from homeostat.driver.connection.eventloop import ensure_running

atexit.register(lambda: print([thread.name for thread in threading.enumerate()]))  # called last
ensure_running()
"""


def test_the_last_thread_is_the_main_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)

    assert (done.stdout, done.stderr) == ("['MainThread']\n", "")
