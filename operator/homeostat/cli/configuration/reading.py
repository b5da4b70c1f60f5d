"""Reads homeostat.toml with what the environment adds, and says of a mistake where it stands and what to write."""

from __future__ import annotations

import difflib
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from homeostat.models.explain import in_plain_words

from ..errors import CliError
from .place import NESTED, PREFIX, variables
from .sections import Configuration, OfFile, of_environment

_TABLE = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")
Tables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a configuration file, and what it says. ``path`` None: there is none."""

    path: Path | None
    text: str
    tables: Tables

    @classmethod
    def of(cls, path: Path | None) -> FileText:
        """Reads it.

        Raises:
            CliError: it cannot be read, is no TOML, or others than its owner can write to it.
        """
        text = _read(path) if path is not None else ""
        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            mend = "mend the file; `homeostat config check` reads it alone"
            raise CliError(f"{path}:{_placed(str(error))}", mend) from error

    def holds(self, keys: Sequence[str]) -> bool:
        """Tells whether the file says something of a key."""
        found: Any = self.tables
        for key in keys[:2]:
            if not isinstance(found, Mapping) or key not in found:
                return False
            found = found[key]
        return True

    def place(self, keys: Sequence[str]) -> str:
        """Names a key and where it stands."""
        return f"{self.path}:{self.line(keys)}: {'.'.join(keys)}"

    def line(self, keys: Sequence[str]) -> int:
        """Returns the line on which a key stands; that of its table, where it has no line of its own; else 1."""
        best, depth, table = 1, 0, list[str]()
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := _TABLE.match(line):
                path = table = _parts(header[1])
            elif key := _KEY.match(line):
                path = [*table, *_parts(key[1])]
            else:
                continue
            if len(path) > depth and list(keys[: len(path)]) == path:
                best, depth = number, len(path)
        return best


@dataclass(frozen=True, slots=True)
class Configured:
    """One thing that is configured. ``where``: a line of the file, or a variable."""

    section: str
    text: str
    where: str


def load(path: Path | None) -> Configuration:
    """Reads the file, and the environment over it.

    Raises:
        CliError: names file, line and key of each mistake, or the variable.
    """
    text = FileText.of(path)
    mistakes = [f"{text.place(keys)}: {words}" for keys, words in _misspelled(text.tables)]
    mistakes += [
        f"variable {name}: there is no section {section.lower()}"
        for name, section in variables()
        if not _is_section(section.lower())
    ]
    if not mistakes:
        fields = _fields(text.tables)
        alone = _of_file_alone(fields)
        try:
            found, together = Configuration(**fields), list[ErrorDetails]()
        except ValidationError as error:
            found, together = None, error.errors()
        if found is not None and not alone:
            return found
        mistakes = list(_mistakes(alone, together, text))
    raise CliError([mistakes[0], *(f"error: {mistake}" for mistake in mistakes[1:])], "nothing was done: mend this first")


def said(configuration: Configuration, path: Path | None) -> list[Configured]:
    """Returns all that is configured, section by section."""
    text, tables = FileText.of(path), as_tables(configuration)
    plain = {name: value for name, value in tables.items() if not _is_section(name)}
    sections = {"": plain, **{name: value for name, value in tables.items() if _is_section(name)}}
    return [
        Configured(section, f"{key} = {_toml(value)}", _where(text, [section, key] if section else [key]))
        for section, values in sections.items()
        for key, value in values.items()
    ]


def as_tables(configuration: Configuration) -> dict[str, Any]:
    """Returns what is configured, as the file would say it."""
    found = configuration.model_dump(mode="json", exclude_none=True) | dict(_of_options())
    return {name: value for name, value in _spelled(found, []).items() if value != {}}


def _spelled(fields: Mapping[str, Any], above: Sequence[str]) -> dict[str, Any]:
    """Returns fields of the model as the file spells them."""
    return {
        _key(name): _spelled(value, [*above, name]) if _model([*above, name]) is not None else value
        for name, value in fields.items()
    }


def _of_options() -> Iterator[tuple[str, str]]:
    """Yields what variables say that options read themselves."""
    for name in Configuration.model_fields:
        if not _is_section(name) and (value := os.environ.get(_variable([name]))):
            yield name, value


def _where(text: FileText, keys: Sequence[str]) -> str:
    fields = [_field(key) for key in keys]
    return _variable(fields) if _is_variable(fields) else f"line {text.line(keys)}"


def _toml(value: Any) -> str:
    """Writes a value as TOML does. Its texts, numbers and lists are those of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(part)}" for name, part in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _read(path: Path) -> str:
    """Returns what the file holds. What it says decides what machines may do, so nobody else may write to it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CliError(
            f"{path}: cannot be read: {error.strerror}", "check who may read it, or name another with --config"
        ) from error
    except UnicodeDecodeError as error:
        raise CliError(f"{path}: is no UTF-8", "save it as UTF-8: TOML is nothing else") from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and stat.S_ISREG(mode):  # not /dev/null, which says nothing
        raise CliError(f"{path}: others can write to it (mode {stat.S_IMODE(mode):04o})", f"chmod go-w {path}")
    return text


def _placed(words: str) -> str:
    """Turns tomllib's words into line, column and what is wrong."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", words)
    if match is None:
        return f" {words}"
    return f"{match[2]}:{match[3]}: {match[1]}" if match[2] else f" at its end: {match[1]}"


def _misspelled(tables: Tables, above: Sequence[str] = ()) -> Iterator[tuple[list[str], str]]:
    """Yields keys with an underscore for a dash: there is one spelling, that of the options."""
    for name, value in tables.items():
        keys, right = [*above, name], _key(name)
        if right != name and right in _known(above):
            yield keys, f"is written {right} here"
        elif _model(keys) is not None and isinstance(value, Mapping):
            yield from _misspelled(value, keys)


def _fields(tables: Tables, above: Sequence[str] = ()) -> dict[str, Any]:
    """Returns what the file says under the names of the model's fields."""
    return {
        _field(name): _fields(value, [*above, name])
        if _model([*above, name]) is not None and isinstance(value, Mapping)
        else value
        for name, value in tables.items()
    }


def _field(key: str) -> str:
    return key.replace("-", "_")


def _key(field: str) -> str:
    return field.replace("_", "-")


def _is_section(name: str) -> bool:
    return _model([name]) is not None


def _model(keys: Sequence[str]) -> type[BaseModel] | None:
    """Returns what the table of these keys holds; without keys the file. None: that is no table of ours."""
    model: type[BaseModel] = Configuration
    for key in keys:
        field = model.model_fields.get(_field(key))
        kinds = [field.annotation, *get_args(field.annotation)] if field is not None else []
        tables = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not tables:
            return None
        model = tables[0]
    return model


def _of_file_alone(fields: Mapping[str, Any]) -> list[ErrorDetails]:
    """Returns what is wrong in the file, whatever variables say. It has types, so nothing is converted, as it is in variables.
    What concerns a whole table is left out: a variable may complete it."""
    try:
        OfFile.model_validate_json(json.dumps(fields, default=str), strict=True)
    except ValidationError as error:
        return [each for each in error.errors() if each["type"] != "missing" and not _is_of_a_table(each)]
    return []


def _is_of_a_table(error: ErrorDetails) -> bool:
    return error["type"] == "value_error" and _model([str(part) for part in error["loc"]]) is not None


def _mistakes(alone: Sequence[ErrorDetails], together: Sequence[ErrorDetails], text: FileText) -> Iterator[str]:
    """Yields each mistake with what holds it. ``alone``: those of the file; ``together``: with the environment over it."""
    told, environment = {each["loc"] for each in alone}, of_environment()
    for each, of_file in [*((one, True) for one in alone), *((one, False) for one in together)]:
        fields = [str(part) for part in each["loc"]]
        keys = [_key(part) if _model(fields[:depth]) is not None else part for depth, part in enumerate(fields)]
        words, in_variable = _words(each, keys), not of_file and _says(environment, each["loc"])
        if not of_file and not in_variable and each["loc"] in told:
            continue
        if text.holds(keys) and not in_variable:
            yield f"{text.place(keys)}: {words}"
        else:
            as_json = {"list_type": ', as JSON: ["…"]', "dict_type": ', as JSON: {"name": "…"}'}.get(each["type"], "")
            yield f"variable {_variable_of(fields)}: {words}{as_json}"


def _says(tables: Any, path: Sequence[str | int]) -> bool:
    """Tells whether tables hold the value that a path leads to, or one that it is in. A table is no value: others add to it."""
    for part in path:
        if not isinstance(tables, Mapping):
            return True
        if part not in tables:
            return False
        tables = tables[part]
    return not isinstance(tables, Mapping)


def _variable_of(fields: Sequence[str]) -> str:
    """Names the variable that holds a value. It may be one of a table in a section, or of what is in that."""
    given = set(map(str.upper, os.environ))
    names = [PREFIX + NESTED.join(fields[:depth]).upper() for depth in range(len(fields), 2, -1)]
    return next((name for name in names if name in given), _variable(fields))


def _is_variable(fields: Sequence[str]) -> bool:
    return _variable(fields) in map(str.upper, os.environ)


def _variable(fields: Sequence[str]) -> str:
    return PREFIX + NESTED.join(field.upper() for field in fields[:2])


def _words(error: ErrorDetails, keys: Sequence[str]) -> str:
    if error["type"] == "extra_forbidden":
        known = _known(keys[:-1])
        near = difflib.get_close_matches(keys[-1], known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        table = f"[{'.'.join(keys[:-1])}]" if len(keys) > 1 else "the file"
        return f"is no key of {table}; {advice}"
    return in_plain_words(error)


def _known(above: Sequence[str]) -> list[str]:
    model = _model(above)
    return [_key(name) for name in model.model_fields] if model is not None else []
