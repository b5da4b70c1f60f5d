"""How soon the command line answers, against a Python that does nothing.

Wall time is what people wait for, and what other programs disturb; so the CPU time is given, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.measure import say
from benchmarks.result import Figure, Result

DEFAULT = 5  # rounds, each with a start of every program
BUDGET = "<= 0.35 s"
PROGRAM = str(Path(sys.executable).with_name("homeostat"))
QUICK = {"version": ["version"], "help": ["--help"]}
"""What the budget is for."""
COMMANDS = {"get_help": ["get", "--help"], "up_help": ["up", "--help"]}
"""These load most of what they need to run."""
PLAIN = "python"


def measure(count: int) -> Result:
    programs = {name: [PROGRAM, *words] for name, words in {**QUICK, **COMMANDS}.items()}
    programs[PLAIN] = [sys.executable, "-c", "pass"]
    for command in programs.values():
        _start(command)  # from now on the compiled modules are there, and in memory
    wall: dict[str, list[float]] = {name: [] for name in programs}
    cpu: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(count):
        say(f"startup: round {number + 1} of {count}")
        for name, command in programs.items():
            for times, seconds in zip((wall, cpu), _start(command), strict=True):
                times[name].append(seconds)
    slower = max(QUICK, key=lambda name: median(wall[name]))
    ratio = median(ours / theirs for ours, theirs in zip(wall[slower], wall[PLAIN], strict=True))
    more: dict[str, Figure] = {f"{name}_s": median(wall[name]) for name in (*QUICK, *COMMANDS)}
    more |= {f"{name}_cpu_s": median(cpu[name]) for name in programs}
    return Result("startup", count, median(wall[slower]), "s", BUDGET, median(wall[PLAIN]), ratio, more)


def _start(command: list[str]) -> tuple[float, float]:
    """Returns the seconds that a program took: by the clock, and of the CPU."""
    began = time.perf_counter()
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(program.pid, 0)
    took = time.perf_counter() - began
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {program.returncode}")
    return took, used.ru_utime + used.ru_stime
