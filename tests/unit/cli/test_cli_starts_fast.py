"""What the command line loads before it answers: `version` and `--help` next to nothing, `COMMAND --help` no host, no store."""

from __future__ import annotations

import subprocess
import sys

import pytest

from homeostat.cli.main import COMMANDS

HEAVY = {"pydantic", "yaml", "asyncio", "homeostat.models.base", "homeostat.store", "homeostat.accounts", "sqlalchemy"}
NEEDED_TO_RUN = {
    "libvirt",
    "lxml",
    "kubernetes",
    "kopf",
    "rich",
    "ruamel.yaml",
    "homeostat.store.files.store",
    "sqlalchemy",
    "argon2",
    "jwt",
}


@pytest.mark.parametrize("words", [["version"], ["--help"]])
def test_the_group_loads_no_models(words: list[str]) -> None:
    assert not HEAVY & loaded(f"run({words})")


def test_a_commands_help_loads_neither_a_host_nor_a_store() -> None:
    asked = "; ".join(f"run(['{name}', '--help'])" for name in COMMANDS)
    assert not NEEDED_TO_RUN & loaded(asked)


def loaded(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after ``code``."""
    code = f"from homeostat.cli.main import run; {code}; import sys; print('loaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])
