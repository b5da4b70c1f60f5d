"""docs/hacking.md names files, classes, commands and make targets: each is there, as are all places for a new kind."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from click import Command, Context

from benchmarks.__main__ import main as benchmarks
from homeostat.cli.main import cli
from tests.unit.kind_tables import KIND_TABLES
from tests.unit.parsed import parsed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/hacking.md"
TEXT = PAGE.read_text()
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
HOW_TO = [part for part in re.split(r"^(?=## )", TEXT, flags=re.MULTILINE) if part.startswith("## To ")]
ROOMS = ("api/homeostat_api", "operator/homeostat", "operator/homeostat/planner", "operator/homeostat/runtime")
PLACES = ("", "docs", "tests", "tests/unit", "requirements", *ROOMS)
"""Folders that paths are told from."""
SUFFIXED = re.compile(r"\.(py|md|toml|txt|json|yaml)$")
OF_PYTEST = {"-k", "-n", "-q", "--pdb", "--log-level"}
OF_OTHERS = {"LIBVIRT_INP"}  # libvirt's


@cache
def code() -> dict[Path, str]:
    rooms = ("operator", "api", "tests", "benchmarks", "scripts", "docs")
    files = [path for room in rooms for path in (ROOT / room).rglob("*") if path.is_file() and path.suffix in ("", ".py")]
    return {path: path.read_text() for path in [ROOT / "Makefile", *files] if path != Path(__file__)}


@cache
def with_class() -> dict[str, set[Path]]:
    """The files that seem to have a class of a name. To look through all of them for each name would take seconds."""
    found: dict[str, set[Path]] = {}
    for path, text in code().items():
        for name in re.findall(r"\bclass (\w+)", text) if path.suffix == ".py" else ():
            found.setdefault(name, set()).add(path)
    return found


@cache
def held_by(name: str) -> set[str]:
    """What the classes of that name have, which is nothing where there is none."""
    held: set[str] = set()
    for path in with_class().get(name, ()):
        lines = code()[path].splitlines()
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef) and node.name == name:
                held.update(re.findall(r"\w+", "\n".join(lines[node.lineno - 1 : node.end_lineno])))
    return held


def is_path(word: str) -> bool:
    return ("/" in word or bool(SUFFIXED.search(word))) and not word.startswith(("/", "~", "http", "<")) and "…" not in word


def is_there(path: str) -> bool:
    """NAME stands for any name, as * does."""
    pattern = re.sub(r"NAME|DIR", "*", path.split("::", maxsplit=1)[0]).rstrip("/")
    return any(any((ROOT / place).glob(pattern)) for place in PLACES)


def told_by_help(name: str) -> str:
    """What a benchmark's --help prints."""
    with pytest.raises(SystemExit) as ended, pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("sys.stdout.write", said.append)
        benchmarks([name, "--help"])
    assert ended.value.code == 0
    return "".join(said)


def missing_in_command(words: list[str]) -> list[str]:
    """What a command line of ours names that does not exist."""
    match words:
        case ["make", *targets]:
            rules = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
            return [target for target in targets if target not in rules]
        case ["homeostat", name, *rest]:
            with Context(cli) as context:
                command = cli.get_command(context, name)
                return [name] if command is None else missing_options(command, rest)
        case [".venv/bin/python", "-m", "benchmarks", name, *rest] if name.islower():
            said = told_by_help(name)
            return [word for word in rest if word.startswith("--") and word not in said]
        case [program, *rest] if program.startswith("scripts/"):
            return [word for word in rest if word.startswith("--") and word not in (ROOT / program).read_text()]
    return []


def missing_options(command: Command, words: list[str]) -> list[str]:
    known = {option for parameter in command.params for option in parameter.opts}
    return [word for word in words if word.startswith("-") and word not in known]


def option_exists(word: str) -> bool:
    name = word.partition("=")[0]
    return name in OF_PYTEST or any(f'"{name}"' in text for path, text in code().items() if path.suffix == ".py")


def missing(span: str) -> list[str]:
    """The parts of a code span that name something which is not there."""
    words = span.split()
    while words and re.match(r"[A-Z]\w+=", words[0]):
        variable = words.pop(0).partition("=")[0]
        if not any(variable in text for text in code().values()):
            return [variable]
    if not words:
        return []
    found = missing_in_command(words)
    found += [word for word in words if is_path(word) and not is_there(word) and not word.startswith(".venv")]
    if words[0].startswith("-"):
        found += [words[0]] if not option_exists(words[0]) else []
    if len(words) == 1 and re.fullmatch(r"[A-Z]\w*_\w+|[A-Z]{4,}", words[0]) and words[0] not in OF_OTHERS:
        found += [] if any(words[0] in text for text in code().values()) else words
    if len(words) == 1 and (name := re.fullmatch(r"([A-Z][a-z]+[A-Z]\w+|[A-Z][a-z]+(?=\.))(?:\.(\w+))?", words[0])):
        found += [] if (name[2] or name[1]) in held_by(name[1]) else words
    return found


@pytest.mark.parametrize("span", SPANS)
def test_what_it_names_is_there(span: str) -> None:
    assert missing(span) == []


def test_what_is_said_to_be_in_a_file_is_in_it() -> None:
    named = re.findall(r"((?:`[\w.]+`(?:,? and |, )?)+) (?:in|of|\|) `([\w/.]+\.py)`", TEXT)
    assert len(named) > 15
    for names, path in named:
        text = (ROOT / path).read_text()
        for name in re.findall(r"[A-Za-z_]\w*", names):
            if name != "and":
                assert re.search(rf"\b{name}\b", text), f"{name} is not in {path}"


def test_its_links_lead_somewhere() -> None:
    headings = {re.sub(r"[^\w -]", "", line.strip("# ")).lower().replace(" ", "-") for line in re.findall(r"^#+ .*", TEXT, re.M)}
    for link in re.findall(r"\]\(([^)\s]+)\)", TEXT):
        path, _, anchor = link.partition("#")
        assert not path or any((PAGE.parent / f"{path}{suffix}").exists() for suffix in ("", ".md")), link
        assert path or anchor in headings, link


def test_it_tells_how_to_do_what_is_done_most() -> None:
    titles = [part.splitlines()[0] for part in HOW_TO]
    wanted = ["run one test", "see what a reconcile does", "inject a fault", "add a kind", "add a contract"]
    assert titles == [f"## To {one}" for one in wanted]


def test_the_places_for_a_kind_are_those_that_are_covered() -> None:
    (section,) = (part for part in HOW_TO if part.startswith("## To add a kind"))
    told = {(path, name) for name, path in re.findall(r"\| `([A-Z_]+)` \| `([\w/.]+)` \|", section)}
    assert told == {(str(Path(m.__file__ or "").relative_to(ROOT)), name) for m, name in KIND_TABLES.values()}
