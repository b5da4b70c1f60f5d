"""Runs a program, and reaps what its children leave behind at once, as a good init does. libvirt waits for that: where nobody
an ended QEMU for a second, `virsh destroy` takes a second.

Program: `python -IS reaper.py PROGRAM [ARGUMENT ...]` prints the program's pid. It ends after the last of them. What the programs
print goes to its stderr.
"""

import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main(command: list[str]) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl: PR_SET_CHILD_SUBREAPER")
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        os.execvp(command[0], command)
    os.write(1, b"%d\n" % pid)
    os.close(1)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


if __name__ == "__main__":
    main(sys.argv[1:])
