"""The command line of the mutants. Imports nothing of Homeostat, because the mutants change that."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sample", type=int, metavar="N", help="try so many mutants, drawn by chance (without: all)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of that chance")
    parser.add_argument("--only", action="append", metavar="TEXT", help="those whose file:line or function holds this text")
    parser.add_argument("--tests", action="append", metavar="TEXT", help="run only the files of tests whose path holds this text")
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="SECONDS", help="for a test, beside ten times what it takes"
    )
    parser.add_argument(
        "--budget", type=float, default=60.0, metavar="SECONDS", help="of tests for one mutant: those beyond are not run"
    )
    parser.add_argument("--list", action="store_true", help="only list them, one per line")
