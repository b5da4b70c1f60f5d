"""Which code is changed, which tests hold it, and which changes make no other program."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.mutants.changes import changes_in

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "operator/homeostat/accounts", "operator/homeostat/planner", "operator/homeostat/runtime", "operator/homeostat/service",
    "api/homeostat_api", "api/homeostat_contracts",
)  # fmt: skip
# What only puts the API's process together: it is tried as a process, by tests/api.
GLUE = frozenset({
    "__main__", "app", "application", "connections", "events", "logs", "middleware", "openapi", "operations", "operator_link",
    "routes", "server", "stream",
})  # fmt: skip
TESTS = (
    "tests/unit/**/test_*.py", "tests/laws/test_*.py", "tests/accounts/**/test_*.py", "tests/api/test_*.py",
    "tests/libvirt/test_*.py",
)  # fmt: skip
# By Alembic, from the file: a change in memory does not reach it.
LOADED_ANEW = ROOT / "operator/homeostat/accounts/database/migrations"
# These need a server, or take long.
_SERVED = re.compile(r"\bStream\(|\.process\b|subprocess|import socket$|schemathesis|chromium|ControlPlane", re.MULTILINE)
# These need a daemon, or programs in which nothing is changed; the others of tests/libvirt its test driver, or plain files.
_DAEMON = re.compile(r"\bLibvirtd\b|subprocess")
# Of other rooms, though what they are written with names these.
_ELSEWHERE = re.compile(r"test_(?:crds|model|xml)_")
LIVING = "real"  # the fixture of those that need an operator
_NAMED = re.compile(r"homeostat\.(?:accounts|planner|runtime|service|assembly)|homeostat_(?:api|contracts)|tests\.api\.harness")
_IMPORTED = re.compile(r"^from (tests\.[\w.]+) import", re.MULTILINE)
Mark = tuple[str, str, str, str]  # file, function, old, new: a mutant, wherever its line moves
EQUIVALENT = Path(__file__).with_name("equivalent.json")


@dataclass(frozen=True, slots=True)
class Mutant:
    file: str  # from the root of the repository
    function: str
    line: int
    old: str
    new: str
    number: int  # of its change within the file

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def room(self) -> str:
        folder = str(Path(self.file).parent)
        return next(room.rpartition("/")[2] + folder.removeprefix(room) for room in ROOMS if folder.startswith(room))

    @property
    def mark(self) -> Mark:
        return self.file, self.function, self.old, self.new

    def __str__(self) -> str:
        return f"{self.place} {self.function}: {self.old} → {self.new}"


def tests() -> list[str]:
    """Returns the files that name the changed code, themselves or through what they are written with."""
    there = (path for name in TESTS for path in sorted(ROOT.glob(name)))
    unit = (path for path in there if not _ELSEWHERE.match(path.name))
    here = (path for path in unit if not _needs_more(path))
    naming = (path for path in here if any(_NAMED.search(part.read_text()) for part in (path, *written_with(path))))
    return [str(path.relative_to(ROOT)) for path in naming]


def _needs_more(path: Path) -> bool:
    """Tells whether a file of tests needs more than its own process."""
    match path.relative_to(ROOT).parts[1]:
        case "accounts":
            return path.parent.name == "postgresql"
        case "api":
            return _SERVED.search(path.read_text()) is not None
        case "libvirt":
            return any(_DAEMON.search(part.read_text()) for part in (path, *written_with(path)))
        case _:
            return False


@cache
def written_with(path: Path) -> frozenset[Path]:
    """Returns what a file imports from tests/, directly or not."""
    named = {ROOT / f"{module.replace('.', '/')}.py" for module in _IMPORTED.findall(path.read_text())}
    direct = {part for part in named if part.exists() and part != path}
    return frozenset(direct.union(*(written_with(part) for part in direct)))


def sources() -> list[Path]:
    found = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    mutable = (path for path in found if not path.is_relative_to(LOADED_ANEW))
    return [path for path in mutable if not (path.is_relative_to(ROOT / "api") and GLUE & {path.stem, path.parent.name})]


def all_mutants() -> list[Mutant]:
    """Returns the mutants, without those that are known to make no other program."""
    every, known = [mutant for path in sources() for mutant in mutants_of(path)], equivalents()
    for file, function, old, new in sorted(known - {mutant.mark for mutant in every}):
        print(f"{EQUIVALENT.name} names what is there no more: {file} {function}: {old} → {new}", file=sys.stderr)
    return [mutant for mutant in every if mutant.mark not in known]


def mutants_of(path: Path) -> list[Mutant]:
    tree, name = ast.parse(path.read_text()), str(path.relative_to(ROOT))
    return [Mutant(name, c.function, c.line, c.old, c.new, number) for number, c in enumerate(changes_in(tree))]


def equivalents() -> frozenset[Mark]:
    known = json.loads(EQUIVALENT.read_text())
    return frozenset((one["file"], one["function"], one["old"], one["new"]) for one in known)
