"""Changes the text of a document only where its value changes. Every other byte stays as its author wrote it.

The value before and the value after are compared, and each difference becomes one replacement of text. The positions that the
parser reports say where. A change that would touch what others wrote or share raises Unspliceable. The caller checks the result
by reading it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import yaml

from ..text import characters, jsontext
from ..text.remarks import Remark, remarks
from ..text.render import render_block, render_flow, render_scalar
from ..text.values import equal

_Entry = tuple[str | None, yaml.Node, yaml.Node]
"""A field of a mapping. One without a name is a merge (<<)."""
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_KEEPS_ITS_END = re.compile(r"(?:[&!]\S*\s+)*[|>][1-9]?\+")
_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\]}]+)")


class Unspliceable(Exception):
    """The change cannot be made by replacing text. ``at``: the offset of what prevents it."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def splice(text: str, old: Any, new: Any) -> tuple[str, list[tuple[int, int]]]:
    """Returns the text of one document with its value changed from ``old`` to ``new``, and the places in the old text that the
    change goes through: what it replaces, and where the collections begin that hold it.

    Raises:
        Unspliceable: the change cannot be made by replacing text.
    """
    root = characters.compose(text)
    if root is None or not isinstance(old, dict) or not isinstance(new, dict):
        raise Unspliceable("the document is no mapping", 0)
    edit = _Splice(text, "\r\n" if "\r\n" in text else "\n", json=jsontext.value(text) is not jsontext.NONE)
    edit.mapping(root, old, new)
    through = [(start, end) for start, end, _ in edit.edits] + edit.inside
    # From the end, so that offsets stay right. Of two at one place the first, which is of an inner collection, comes first.
    for start, end, replacement in reversed(sorted(edit.edits, key=lambda e: (e[0], e[1]))):
        text = text[:start] + replacement + text[end:]
    return text, through


@dataclass(slots=True)
class _Splice:
    text: str
    newline: str
    json: bool = False  # and it stays JSON
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    inside: list[tuple[int, int]] = field(default_factory=list)  # the properties of the collections that hold a change

    def mapping(self, node: yaml.Node, old: dict[str, Any], new: dict[str, Any]) -> None:
        if not isinstance(node, yaml.MappingNode):
            raise Unspliceable("is not a mapping", node.start_mark.index)
        self._enter(node)
        entries: list[_Entry] = [(None if k.value == "<<" and not k.style else k.value, k, v) for k, v in node.value]
        direct = {name for name, _, _ in entries}
        if merged := next((name for name in old if name not in new and name not in direct), None):
            place = next(key.start_mark.index for name, key, _ in entries if name is None)
            raise Unspliceable(f"{merged} comes from what << merges", place)
        self._remove_entries(node, entries, [n for n, (name, _, _) in enumerate(entries) if name is not None and name not in new])
        for name, key, value in entries:
            if name in new and name is not None and not _same(old.get(name), new[name]):
                self._value(node, key, value, old.get(name), new[name])
        missing = {name: value for name, value in new.items() if name not in direct}
        added = {name: value for name, value in missing.items() if name not in old or not _same(old[name], value)}
        if added:
            self._add_entries(node, entries, [entry for entry in entries if entry[0] is None or entry[0] in new], added)

    def _enter(self, node: yaml.Node) -> None:
        begin = _PROPERTIES.match(self.text, node.start_mark.index)
        if begin and begin[0]:
            self.inside.append(begin.span())

    def _value(self, parent: yaml.MappingNode, key: yaml.Node, node: yaml.Node, old: Any, new: Any) -> None:
        if self._aliased(key, node):
            alias = self._alias(key)
            self.edits.append((alias.start(1), alias.end(1), self._flow_text(new)))
        elif _parts(old, new):
            self._part(node, old, new, lambda: self._replace(parent, key, node, new))
        else:
            self._replace(parent, key, node, new)

    def _part(self, node: yaml.Node, old: Any, new: Any, whole: Callable[[], None]) -> None:
        """Changes parts of a collection that stays one. ``whole`` writes the whole collection instead, where nobody can tell the
        difference."""
        before = len(self.edits)
        try:
            if isinstance(old, dict):
                self.mapping(node, old, new)
            else:
                self._sequence(node, old, new)
        except Unspliceable:
            del self.edits[before:]
            if not self._plain(node, old):
                raise
            whole()

    def _plain(self, node: yaml.Node, value: Any) -> bool:
        """Tells whether replacing a collection's text loses nothing that its author wrote."""
        start, end = node.start_mark.index, self._end(node)
        if self._flow(node):
            return self.json or not any(True for _ in self._remarks(start, end))
        column = node.start_mark.column
        return self.text[start:end] == self._indented(render_block(value).rstrip("\n"), column).lstrip(" ")

    def _remarks(self, start: int, end: int) -> Iterator[Remark]:
        return (remark for remark in remarks(self.text) if start <= remark.at < end)

    def _replace(self, parent: yaml.MappingNode, key: yaml.Node, node: yaml.Node, new: Any) -> None:
        """Replaces a value by one of any shape."""
        start, end = node.start_mark.index, self._end(node)
        colon = self.text.index(":", key.end_mark.index) + 1
        inline = self._flow(node) or isinstance(node, yaml.ScalarNode)
        block = not parent.flow_style and (
            (isinstance(new, (dict, list)) and bool(new) and not (self._flow(node) and end > start))
            # After a block, a literal text would swallow the comments in between.
            or (isinstance(new, str) and "\n" in new and inline)
        )
        if not block:
            like = node.style if isinstance(node, yaml.ScalarNode) else None
            scalar = not isinstance(new, (dict, list)) and not self.json
            rendered = render_scalar(new, like) if scalar else self._flow_text(new)
            if inline and not (isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")):
                gap = "" if start > colon else " "
                self.edits.append((max(start, colon), max(end, colon), gap + self._anchor(node) + rendered))
                return
            self.edits.append((colon, colon, " " + rendered))
            self.edits.append((self._before_line(node, colon), self._line_end(end), ""))
            return
        rendered = render_block({key.value: new}).rstrip("\n")
        head, _, body = rendered.partition("\n")
        opening = head[head.index(":") + 1 :]  # such as " |". Empty before a collection
        indent = key.start_mark.column
        shifted = self._indented(body, indent)
        tail = self.text[end : self._line_end(end)] if inline else ""
        if inline:  # what follows on the line stays, such as a comment
            self.edits.append((colon, self._line_end(end), f"{opening}{tail}{self.newline}{shifted}"))
        else:
            self.edits.append((colon, colon, opening))
            self.edits.append((self._before_line(node, colon), self._line_end(end), self.newline + shifted))

    def _anchor(self, node: yaml.Node) -> str:
        """Returns the anchor, which stays when another value takes the place of this one."""
        properties = _PROPERTIES.match(self.text, node.start_mark.index)
        found = re.search(r"&\S+\s", properties[0]) if properties else None
        return found[0] if found and isinstance(node, yaml.ScalarNode) else ""

    def _sequence(self, node: yaml.Node, old: list[Any], new: list[Any]) -> None:
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != len(old):
            raise Unspliceable("is not a list", node.start_mark.index)
        if self._flow(node):
            raise Unspliceable("the list is written in brackets", node.start_mark.index)
        self._enter(node)
        names = [_identity(item) for item in old], [_identity(item) for item in new]
        matching = SequenceMatcher(None, *names, autojunk=False)
        moved = {name for tag, a, b, _, _ in matching.get_opcodes() if tag == "delete" for name in names[0][a:b]}
        if any(name in moved for tag, _, _, c, d in matching.get_opcodes() if tag == "insert" for name in names[1][c:d]):
            raise Unspliceable("the list gets another order", node.start_mark.index)
        for _, first, last, begin, end in matching.get_opcodes():
            self._items(node, old, first, last, new[begin:end])

    def _items(self, node: yaml.SequenceNode, old: list[Any], first: int, last: int, incoming: list[Any]) -> None:
        """Replaces some adjacent items of a list by others."""
        outgoing, extra = range(first, last), incoming[last - first :]
        touched = [n for n, value in zip(outgoing, incoming, strict=False) if not _same(old[n], value)]
        touched += [*outgoing[len(incoming) :], *((0, max(last - 1, 0)) if extra else ())]
        if (alias := next((n for n in touched if self._is_alias(node, n)), None)) is not None:
            raise Unspliceable(f"item {alias + 1} of the list is an alias", node.start_mark.index)
        for position, value in zip(outgoing, incoming, strict=False):
            if not _same(old[position], value):
                self._item(node.value[position], old[position], value)
        for position in outgoing[len(incoming) :]:
            start, end = self._item_lines(node.value[position])
            self.edits.append((start, min(end + len(self.newline), len(self.text)), ""))
        if not extra:
            return
        indent = self._dash_column(node.value[0])
        rendered = self._indented(render_block(extra).rstrip("\n"), indent)
        if last:
            end = self._item_lines(node.value[last - 1])[1]
            self.edits.append((end, end, self.newline + rendered))
        else:
            start = self._item_lines(node.value[0])[0]
            self.edits.append((start, start, rendered + self.newline))

    def _item(self, node: yaml.Node, old: Any, new: Any) -> None:
        if _parts(old, new):
            self._part(node, old, new, lambda: self._replace_item(node, new))
        elif isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">") and not isinstance(new, (dict, list)):
            rendered = self._anchor(node) + render_scalar(new, node.style)
            self.edits.append((node.start_mark.index, self._end(node), rendered))
        else:
            self._replace_item(node, new)

    def _replace_item(self, node: yaml.Node, new: Any) -> None:
        start, _ = self._item_lines(node)
        rendered = self._indented(render_block([new]).rstrip("\n"), self._dash_column(node))
        self.edits.append((start, self._end(node), rendered))

    def _remove_entries(self, node: yaml.MappingNode, entries: list[_Entry], gone: list[int]) -> None:
        """Removes fields: each with its lines. Neighbours go at once where they are in braces, or on the line that begins a
        list's item."""
        inline = [n for n in gone if node.flow_style or not self._starts_its_line(entries[n][1])]
        if inline and not node.flow_style:  # the first field that stays moves to the item's line
            inline = [n for n in gone if n < len(gone) and gone[n] == n]
        for n in gone:
            if n not in inline:
                _, key, value = entries[n]
                start, end = self._line_start(key.start_mark.index), self._line_end(self._entry_end(key, value))
                self.edits.append((start, min(end + len(self.newline), len(self.text)), ""))
        for first in (n for n in inline if n - 1 not in inline):
            last = next(n for n in range(first, len(entries)) if n + 1 not in inline)
            self._remove_inline(node, entries, first, last)

    def _remove_inline(self, node: yaml.MappingNode, entries: list[_Entry], first: int, last: int) -> None:
        start, end = entries[first][1].start_mark.index, self._entry_end(*entries[last][1:])
        if last + 1 < len(entries):
            end = entries[last + 1][1].start_mark.index
        elif first:
            start = self._entry_end(*entries[first - 1][1:])
        elif not node.flow_style:
            raise Unspliceable("the only field of an item is taken out", start)
        others = start if node.flow_style else self._line_end(start)  # a comment beside the field is removed with it
        if other := next((remark for remark in self._remarks(others, end) if remark.comment), None):
            raise Unspliceable("a comment stands between the fields", other.at)
        self.edits.append((start, end, ""))

    def _add_entries(self, node: yaml.MappingNode, entries: list[_Entry], staying: list[_Entry], added: dict[str, Any]) -> None:
        if node.flow_style:
            inside = self._flow_text(added).strip()[1:-1]
            if staying:
                at = self._entry_end(*staying[-1][1:])
                gap = "," + self._gap(staying[-1][1])
                each = [self._flow_text({name: value}).strip()[1:-1] for name, value in added.items()]
                self.edits.append((at, at, gap + gap.join(each)))
            else:
                at = self.text.index("{", node.start_mark.index) + 1
                self.edits.append((at, at, inside))
            return
        _, key, value = entries[-1]
        at = self._line_end(self._entry_end(key, value))
        rendered = self._indented(render_block(added).rstrip("\n"), entries[0][1].start_mark.column)
        self.edits.append((at, at, self.newline + rendered))

    def _is_alias(self, node: yaml.SequenceNode, position: int) -> bool:
        """Tells whether an item is an alias: then its node is at its anchor, which is somewhere before."""
        start = node.value[position].start_mark.index
        return bool(start < max([node.start_mark.index, *(item.start_mark.index + 1 for item in node.value[:position])]))

    def _aliased(self, key: yaml.Node, node: yaml.Node) -> bool:
        return bool(node.start_mark.index < key.end_mark.index)  # an alias: its node is at its anchor

    def _alias(self, key: yaml.Node) -> re.Match[str]:
        found = _ALIAS.match(self.text, key.end_mark.index)
        if found is None:
            raise Unspliceable(f"{key.value} is an alias that stands behind a comment", key.start_mark.index)
        return found

    def _entry_end(self, key: yaml.Node, value: yaml.Node) -> int:
        return self._alias(key).end(1) if self._aliased(key, value) else max(self._end(value), int(key.end_mark.index))

    def _starts_its_line(self, key: yaml.Node) -> bool:
        return not self.text[self._line_start(key.start_mark.index) : key.start_mark.index].strip()

    def _flow_text(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False) if self.json else render_flow(value)

    def _gap(self, key: yaml.Node) -> str:
        """Returns the text before a field in braces: a line break and spaces, where each field has its own line."""
        start = self._line_start(key.start_mark.index)
        before = self.text[start : key.start_mark.index]
        return self.newline + before if self.json and start and not before.strip() else " "

    def _end(self, node: yaml.Node) -> int:
        """Returns the offset of a node's end. For blocks the parser reports the start of what follows instead."""
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            if _KEEPS_ITS_END.match(self.text, node.start_mark.index):  # with |+ the empty lines at the end belong to the text
                return len(self.text[: node.end_mark.index].removesuffix("\n").removesuffix("\r"))
            return len(self.text[: node.end_mark.index].rstrip())
        if isinstance(node, yaml.ScalarNode) or self._flow(node):
            return int(node.end_mark.index)
        ends = [int(node.start_mark.index)]
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                if part.start_mark.index >= ends[-1]:  # otherwise it is an alias, whose node is at its anchor
                    ends.append(self._end(part))
                elif part is not child:
                    ends.append(self._line_end(max(ends)))
        return max(ends)

    def _flow(self, node: yaml.Node) -> bool:
        return bool(getattr(node, "flow_style", False))

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def _before_line(self, node: yaml.Node, colon: int) -> int:
        """Returns the end of the line before a block value, or the colon where the value starts on the line of its key."""
        start = self._line_start(node.start_mark.index)
        if start <= colon:
            return colon
        return start - len(self.newline)

    def _dash_column(self, node: yaml.Node) -> int:
        before = self.text[self._line_start(node.start_mark.index) : node.start_mark.index]
        if not re.fullmatch(r" *- +", before):
            raise Unspliceable("an item does not start its line", node.start_mark.index)
        return before.index("-")

    def _item_lines(self, node: yaml.Node) -> tuple[int, int]:
        self._dash_column(node)
        return self._line_start(node.start_mark.index), self._line_end(self._end(node))

    def _indented(self, block: str, columns: int) -> str:
        return self.newline.join(" " * columns + line if line else line for line in block.split("\n"))


def _same(one: Any, other: Any) -> bool:
    return equal(one, other)


def _parts(old: Any, new: Any) -> bool:
    """Tells whether a collection stays one, so that it can change in parts."""
    return bool(old and new) and any(isinstance(old, kind) and isinstance(new, kind) for kind in (dict, list))


def _identity(item: Any) -> str:
    """Returns what identifies an item of a list before and after a change: its name, or all of it."""
    named = isinstance(item, dict) and isinstance(item.get("name"), str)
    return json.dumps(item["name"] if named else [item], sort_keys=True)
