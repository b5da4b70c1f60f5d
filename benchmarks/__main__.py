"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.mutants.options import add_options as add_mutants_options
from benchmarks.soak.options import add_options

# Module, and what it measures. Imported late: a child process that measures memory must not load them all.
NAMES = {
    "converge": ("converge", "test driver: seconds from empty to all Running"),
    "guests": ("guests", "real QEMU: wall time against a plain libvirt loop"),
    "restart": ("restart", "seconds until a new operator is in sync over machines that are fine"),
    "idle": ("idle", "fraction of a core while nothing happens"),
    "heal": ("heal", "seconds from kill -9 of a QEMU to running, beyond a plain define and start"),
    "edit": ("edit", "seconds from YAML saved to plan executing (p95)"),
    "list": ("listing", "requests per second for the list of all machines"),
    "authz": ("authz", "requests per second for the list as a user who owns half, against no accounts"),
    "signin": ("signin", "ms that others wait for while so many sign in at once (p99)"),
    "scale": ("scale", "real QEMU: a deployment from 0 to 20 replicas against a plain libvirt loop"),
    "rollout": ("rollout", "test driver: seconds of a whole rollout"),
    "probes": ("probes", "fraction of a core that probing takes"),
    "kubernetes": ("kubernetes", "test driver, a real API server: writes per machine, seconds until all are Ready"),
    "snapshot": ("snapshot", "real QEMU: seconds of a snapshot, and the guest's pause, against plain calls"),
    "attach": ("attach", "real QEMU: seconds of a live attach and detach of disk and nic, against plain libvirt calls"),
    "memory": ("memory", "MB of the operator's process"),
    "overlay": ("overlay", "real QEMU: seconds until a machine from a 2 GB image runs, against one from 20 MB"),
    "upload": ("upload", "seconds of an upload of a file of so many MB, against cp of the same file"),
    "webrtc": ("webrtc", "a console by WebRTC in Chromium: pictures a second, fraction of a core, ms from key to picture"),
    "console": ("console", "real QEMU: seconds for so many pictures over our WebSocket, against websockify"),
    "firstframe": ("firstframe", "real QEMU: seconds from asking for a console to its first picture (p95)"),
    "thumbnails": ("thumbnails", "real QEMU: fraction of a core for pictures of so many machines, twice a second"),
    "contracts": ("contracts", "requests per second for the list over each contract's listener, as a user, against our own"),
    "start": ("start", "real QEMU: seconds of create and start over QEMU Manager's contract until the screen answers"),
    "page": ("page", "the page over 1,000 machines in Chromium: seconds to its first rows, bytes, tasks, from change to row"),
    "startup": ("startup", "seconds of `homeostat version` and `--help`, against a Python that does nothing"),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Prints one JSON line; progress on stderr.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, (_, purpose) in NAMES.items():
        names.add_parser(name, help=purpose).add_argument(
            "--count",
            type=_positive,
            help="machines; rounds of startup, attach, firstframe; pictures; pairs of overlay; MB of upload; who signs in",
        )
    add_options(names.add_parser("soak", help="random edits, kills and faults, and what must hold through them"))
    add_mutants_options(names.add_parser("mutants", help="changes of the code that no test notices"))
    options = parser.parse_args(arguments)
    if options.name in ("soak", "mutants"):
        program: Any = import_module(f"benchmarks.{options.name}.program")
        return int(program.run(options))
    module: Any = import_module(f"benchmarks.{NAMES[options.name][0]}")
    measure: Callable[[int], Any] = module.measure
    print(measure(options.count or module.DEFAULT).line(), flush=True)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
