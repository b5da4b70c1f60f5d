"""The soak's own options. Apart, so that the command line of the benchmarks need not import the soak."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=300, help="no phase begins later than this (300)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed chooses the same operations (1)")
    parser.add_argument("--phases", type=int, default=0, help="end after so many phases of each world")
    parser.add_argument("--life", type=int, default=1, help="begin with this life: a fresh world that lasts some phases (1)")
    parser.add_argument("--guests", type=int, default=4, help="machines on real QEMU, at most (4)")
    parser.add_argument("--machines", type=int, default=40, help="machines on libvirt's test driver, at most (40)")
    parser.add_argument("--only", choices=("test", "qemu"), help="one of the two worlds; qemu needs root")
    parser.add_argument("--acts", default="", metavar="WORDS", help="only acts named with one of these words (-WORD: without)")
    parser.add_argument("--settle", type=float, default=3.0, help="the operator's HOMEOSTAT_SETTLE, in seconds (3)")
    parser.add_argument("--log", type=Path, help="file for the operations; by default stderr")
    parser.add_argument("--keep", type=Path, help="folder that receives the operator's output and index at a violation")
