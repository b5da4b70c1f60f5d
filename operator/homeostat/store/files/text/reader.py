"""Builds values of documents from libyaml's events, so that a bomb of aliases or of brackets is measured before it unfolds.

The place of every scalar and key is known meanwhile, for messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import yaml

from homeostat.models.field_path import FieldPath, dotted
from homeostat.store.errors import DocumentProblem

from . import characters, jsontext, templates
from .values import plain_value

DEPTH_LIMIT = 64
NODE_LIMIT = 200_000
"""Nodes of one document with every alias written out. A machine has about 60."""
TWICE = "is given twice"

_TAG = "tag:yaml.org,2002:"


class UnreadableDocument(Exception):
    """A document that cannot be read at all."""

    def __init__(self, problem: DocumentProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Document:
    """One object as it is written. ``number`` counts the YAML documents of the file from 1. ``item`` is set inside a List."""

    number: int
    line: int  # the line of its first field, from 1
    start: int  # the offset of its first character in the file's text
    end: int
    value: Any
    item: int | None = None
    problems: list[DocumentProblem] = field(default_factory=list)
    first_line: int = 1  # the line of ``start``

    @property
    def prefix(self) -> FieldPath:
        return () if self.item is None else ("items", self.item)


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: Any  # the dict or list
    anchor: str | None
    size: int = 1
    key: str | None = None  # the key of a mapping that waits for its value
    key_seen: bool = False
    lines: dict[str, int] | None = None  # the line on which each key was given first
    merged: list[dict[str, Any]] | None = None


def _start(event: yaml.Event) -> yaml.error.Mark:
    return cast("yaml.error.Mark", event.start_mark)  # the C parser gives every event a mark


def _end(event: yaml.Event) -> int:
    assert event.end_mark is not None
    return event.end_mark.index


class Reader:
    """Builds values from the events of one stream."""

    def __init__(self, text: str, first_line: int, number: int, offset: int) -> None:
        self.text = text
        self.first_line = first_line
        self.number = number
        self.offset = offset
        self.resume_from = 1  # the line on which the search for the next document may start after an error
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._problems: list[DocumentProblem] = []
        self._root: Any = None
        self._line = 0
        self._unseen = characters.INVISIBLE.search(text) is not None

    def documents(self) -> Iterator[Document]:
        """Yields the documents.

        Raises:
            yaml.YAMLError, UnreadableDocument: at the first document that cannot be read.
        """
        parser = yaml.CSafeLoader(characters.parsable(self.text))
        pending: Document | None = None
        try:
            while True:
                event = parser.get_event()
                if isinstance(event, yaml.ScalarEvent):
                    self._scalar(event)
                elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                    self._begin(event)
                elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                    self._finish(event)
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.DocumentStartEvent):
                    pending = self._document_start(event)
                elif isinstance(event, yaml.DocumentEndEvent) and pending:
                    pending.value, pending.problems = self._root, self._problems
                    pending.line = self._line or pending.first_line
                    pending.end = self.offset + _end(event)
                    self._read_as_json(pending)
                    yield pending
                    self.number += 1
                elif isinstance(event, yaml.StreamEndEvent):
                    return
        finally:
            parser.dispose()

    def _read_as_json(self, document: Document) -> None:
        written = self.text[document.start - self.offset : document.end - self.offset]
        if document.problems or not isinstance(document.value, dict):
            return
        twice: list[str] = []
        if (found := jsontext.value(written, twice)) is not jsontext.NONE:
            document.value = found
            document.problems += [DocumentProblem(name[:80], TWICE, document.line, 1) for name in twice]

    def _document_start(self, event: yaml.Event) -> Document:
        self._stack, self._anchors, self._problems, self._root, self._line = [], {}, [], None, 0
        start = _start(event).index
        self.resume_from = max(1, _end(event))
        return Document(self.number, 0, self.offset + start, 0, None, first_line=_start(event).line + self.first_line)

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        return _start(event).line + self.first_line, _start(event).column + 1

    def _problem(self, event: yaml.Event, message: str, *extra: str) -> None:
        problem = templates.explained(
            DocumentProblem(self._field(*extra), message, *self._place(event)), self.text, self.first_line
        )
        if problem not in self._problems:  # one mark of a template causes several problems
            self._problems.append(problem)

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        line, column = self._place(event)
        raise UnreadableDocument(DocumentProblem(self._field(), message, line, column))

    def _field(self, *extra: str) -> str:
        parts: list[str | int] = []
        for level in self._stack:
            if isinstance(level.value, list):
                parts.append(len(level.value))
            elif level.key_seen and level.key is not None:
                parts.append(level.key)
        return dotted((*parts, *extra))

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        if len(self._stack) >= DEPTH_LIMIT:
            self._refuse(event, f"is nested more than {DEPTH_LIMIT} deep")
        if self._waits_for_key():
            self._problem(event, "a key must be a word, not a mapping or a list")
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._problem(event, f"has the unknown tag {event.tag}: remove it")
        self._line = self._line or self._place(event)[0]
        self._stack.append(_Open({} if mapping else [], event.anchor, lines={} if mapping else None))

    def _finish(self, event: yaml.Event) -> None:
        level = self._stack.pop()
        for other in level.merged or ():
            for key, value in other.items():
                level.value.setdefault(key, value)
        if level.anchor:
            self._anchors[level.anchor] = (level.value, level.size)
        self._add(event, level.value, level.size)

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            inside = any(level.anchor == event.anchor for level in self._stack)
            why = "stands inside what it names" if inside else "names an anchor that is not there"
            self._refuse(event, f"the alias *{event.anchor} {why}")
        self._add(event, *known)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._line = self._line or self._place(event)[0]
        if self._unseen:
            event.value = characters.restored(event.value)
            self._name_unseen(event)
        if self._waits_for_key():
            level = self._stack[-1]
            plain = event.implicit[0] and event.tag is None
            merge = plain and event.value == "<<"
            if not merge and plain and not isinstance(plain_value(event.value), str):
                self._problem(event, f"the key {event.value or 'null'} is not a string: write it in quotes", event.value)
            elif not merge and level.lines is not None and (first := level.lines.get(event.value)):
                self._problem(event, f"{TWICE} (first in line {first})", event.value)
            elif level.lines is not None:
                level.lines[event.value] = self._place(event)[0]
            level.key, level.key_seen = (None if merge else event.value), True
            level.size += 1
            return
        value = self._scalar_value(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(event, value, 1)

    def _name_unseen(self, event: yaml.ScalarEvent) -> None:
        """Reports characters that nobody sees: every one in a key without quotes, and a byte order mark anywhere, except its
        escape."""
        found = characters.INVISIBLE.search(event.value) if self._waits_for_key() and event.style in (None, "") else None
        character = found[0] if found else characters.BYTE_ORDER_MARK
        if character in event.value and character in self.text[_start(event).index : _end(event)]:
            what = "the key" if found else "the value"
            self._problem(event, f"{what} holds {characters.named(character)}", *([event.value] if found else []))

    def _scalar_value(self, event: yaml.ScalarEvent) -> Any:
        if event.tag is None:
            if not event.implicit[0]:
                return event.value
            try:
                value = plain_value(event.value)
            except ValueError as error:
                self._problem(event, str(error))
                return None
            return value
        kind = event.tag.removeprefix(_TAG)
        if kind in ("str", "!"):
            return event.value
        if kind in ("int", "float", "bool", "null"):
            try:
                return plain_value(event.value)
            except ValueError as error:
                self._problem(event, str(error))
                return None
        self._problem(event, f"has the unknown tag {event.tag}: remove it")
        return None

    def _waits_for_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and not self._stack[-1].key_seen

    def _add(self, event: yaml.Event, value: Any, size: int) -> None:
        """Puts a finished value into the collection that it belongs to."""
        if not self._stack:
            self._root = value
            return
        level = self._stack[-1]
        level.size += size
        if level.size > NODE_LIMIT:
            self._refuse(event, f"has more than {NODE_LIMIT:,} values once its aliases are written out")
        if isinstance(level.value, list):
            level.value.append(value)
        elif not level.key_seen:  # the key is an alias or a collection: only an alias to a string can be one
            if not isinstance(value, str):
                self._problem(event, "a key must be a word, not a mapping or a list")
                value = ""
            level.key, level.key_seen = value, True
        elif level.key is None:
            self._merge(event, level, value)
        else:
            level.value.setdefault(level.key, value)
            level.key, level.key_seen = None, False

    def _merge(self, event: yaml.Event, level: _Open, value: Any) -> None:
        level.key_seen = False
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._problem(event, "<< merges mappings only")
            return
        level.merged = [*(level.merged or ()), *parts]
