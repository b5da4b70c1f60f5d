"""Changes a document's text where its value changes, and nowhere else: every other byte stays as its author wrote it.

The value before and after are compared; each difference becomes one replacement of text, placed by the positions that the parser
reports. What cannot be placed (inside anchors that others use, say) raises Unspliceable; whoever calls checks the result by
reading it again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from . import characters, jsontext
from .render import render_block, render_flow, render_scalar


class Unspliceable(Exception):
    """The change cannot be made by replacing text."""


def splice(text: str, old: Any, new: Any, depth: int = 64) -> str:
    """The text of one document with its value ``old`` made ``new``; what differs below ``depth`` is replaced as a whole.

    Raises:
        Unspliceable: it cannot be done this way.
    """
    root = characters.compose(text)
    if root is None or not isinstance(old, dict) or not isinstance(new, dict):
        raise Unspliceable("the document is no mapping")
    edit = _Splice(text, "\r\n" if "\r\n" in text else "\n", json=jsontext.value(text) is not jsontext.NONE)
    edit.mapping(root, old, new, depth)
    for start, end, replacement in sorted(edit.edits, key=lambda e: (e[0], e[1]), reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


@dataclass(slots=True)
class _Splice:
    text: str
    newline: str
    json: bool = False  # which it stays
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def mapping(self, node: yaml.Node, old: dict[str, Any], new: dict[str, Any], depth: int) -> None:
        if not isinstance(node, yaml.MappingNode):
            raise Unspliceable("not a mapping")
        entries = [(key.value, key, value) for key, value in node.value if key.value != "<<" or key.style]
        direct = {name for name, _, _ in entries}
        if any(name not in new for name in old if name not in direct):
            raise Unspliceable("a merged field cannot be taken out")
        for position, (name, key, value) in enumerate(entries):
            if name not in new:
                self._remove_entry(node, entries, position)
            elif old.get(name) != new[name] or type(old.get(name)) is not type(new[name]):
                self._value(node, key, value, old.get(name), new[name], depth - 1)
        added = {name: value for name, value in new.items() if name not in direct and (name not in old or old[name] != value)}
        if added:
            self._add_entries(node, [entry for entry in entries if entry[0] in new], entries, added)

    def _value(self, parent: yaml.MappingNode, key: yaml.Node, node: yaml.Node, old: Any, new: Any, depth: int) -> None:
        if node.start_mark.index < key.end_mark.index:  # an alias: the node stands where its anchor is
            alias = re.compile(r"\s*:\s*(\*[^\s,\]}]+)").match(self.text, key.end_mark.index)
            if alias is None:
                raise Unspliceable("an alias that cannot be found")
            self.edits.append((alias.start(1), alias.end(1), self._flow_text(new)))
        elif isinstance(old, dict) and isinstance(new, dict) and old and new and depth:
            self.mapping(node, old, new, depth)
        elif isinstance(old, list) and isinstance(new, list) and old and new and depth and not self._flow(node):
            self._sequence(node, old, new, depth - 1)
        else:
            self._replace(parent, key, node, new)

    def _replace(self, parent: yaml.MappingNode, key: yaml.Node, node: yaml.Node, new: Any) -> None:
        """A value by another one of any shape."""
        start, end = node.start_mark.index, self._end(node)
        colon = self.text.index(":", key.end_mark.index) + 1
        inline = self._flow(node) or isinstance(node, yaml.ScalarNode)
        block = not parent.flow_style and (
            (isinstance(new, (dict, list)) and bool(new) and not (self._flow(node) and end > start))
            # Behind a block a literal text would swallow the comments between.
            or (isinstance(new, str) and "\n" in new and inline)
        )
        if not block:
            like = node.style if isinstance(node, yaml.ScalarNode) else None
            scalar = not isinstance(new, (dict, list)) and not self.json
            rendered = render_scalar(new, like) if scalar else self._flow_text(new)
            if inline and not (isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")):
                gap = "" if start > colon else " "
                self.edits.append((max(start, colon), max(end, colon), gap + rendered))
                return
            self.edits.append((colon, colon, " " + rendered))
            self.edits.append((self._before_line(node, colon), end, ""))
            return
        rendered = render_block({key.value: new}).rstrip("\n")
        head, _, body = rendered.partition("\n")
        opening = head[head.index(":") + 1 :]  # such as " |"; empty before a collection
        indent = key.start_mark.column
        shifted = self._indented(body, indent)
        tail = self.text[end : self._line_end(end)] if inline else ""
        if inline:  # what follows on the line, such as a comment, stays there
            self.edits.append((colon, self._line_end(end), f"{opening}{tail}{self.newline}{shifted}"))
        else:
            self.edits.append((colon, colon, opening))
            self.edits.append((self._before_line(node, colon), end, self.newline + shifted))

    def _sequence(self, node: yaml.Node, old: list[Any], new: list[Any], depth: int) -> None:
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != len(old):
            raise Unspliceable("not a list")
        first = 0
        while first < min(len(old), len(new)) and _same(old[first], new[first]):
            first += 1
        last = 0
        while last < min(len(old), len(new)) - first and _same(old[-1 - last], new[-1 - last]):
            last += 1
        outgoing, incoming = list(range(first, len(old) - last)), new[first : len(new) - last]
        paired = min(len(outgoing), len(incoming))
        for position, value in zip(outgoing, incoming, strict=False):
            self._item(node.value[position], old[position], value, depth)
        for position in outgoing[paired:]:
            start, end = self._item_lines(node.value[position])
            self.edits.append((start, min(end + len(self.newline), len(self.text)), ""))
        extra = incoming[paired:]
        if not extra:
            return
        indent = self._dash_column(node.value[0])
        rendered = self._indented(render_block(extra).rstrip("\n"), indent)
        if first + paired:
            end = self._item_lines(node.value[first + paired - 1])[1]
            self.edits.append((end, end, self.newline + rendered))
        else:
            start = self._item_lines(node.value[0])[0]
            self.edits.append((start, start, rendered + self.newline))

    def _item(self, node: yaml.Node, old: Any, new: Any, depth: int) -> None:
        column = self._dash_column(node)
        if isinstance(old, dict) and isinstance(new, dict) and old and new and depth:
            self.mapping(node, old, new, depth)
        elif isinstance(node, yaml.ScalarNode) and not isinstance(new, (dict, list)) and node.style not in ("|", ">"):
            self.edits.append((node.start_mark.index, self._end(node), render_scalar(new, node.style)))
        else:
            start, _ = self._item_lines(node)
            self.edits.append((start, self._end(node), self._indented(render_block([new]).rstrip("\n"), column)))

    def _remove_entry(self, node: yaml.MappingNode, entries: list[tuple[str, yaml.Node, yaml.Node]], position: int) -> None:
        _, key, value = entries[position]
        end = max(self._end(value), key.end_mark.index) if value.start_mark.index >= key.end_mark.index else -1
        if end < 0:
            raise Unspliceable("an alias is taken out")
        if node.flow_style or self.text[self._line_start(key.start_mark.index) : key.start_mark.index].strip():
            self._remove_inline(node, entries, position, end)
            return
        start = self._line_start(key.start_mark.index)
        self.edits.append((start, min(self._line_end(end) + len(self.newline), len(self.text)), ""))

    def _remove_inline(
        self, node: yaml.MappingNode, entries: list[tuple[str, yaml.Node, yaml.Node]], position: int, end: int
    ) -> None:
        """From braces, or from the line that starts a list's item."""
        start = entries[position][1].start_mark.index
        if position + 1 < len(entries):
            following = entries[position + 1][1].start_mark.index
            if "#" in self.text[end:following]:
                raise Unspliceable("a comment stands between")
            self.edits.append((start, following, ""))
        elif node.flow_style and position:
            before = entries[position - 1][2]
            self.edits.append((self._end(before), end, ""))
        elif node.flow_style:
            self.edits.append((start, end, ""))
        else:
            raise Unspliceable("the only field of an item is taken out")

    def _add_entries(
        self,
        node: yaml.MappingNode,
        staying: list[tuple[str, yaml.Node, yaml.Node]],
        entries: list[tuple[str, yaml.Node, yaml.Node]],
        added: dict[str, Any],
    ) -> None:
        if node.flow_style:
            inside = self._flow_text(added).strip()[1:-1]
            if staying:
                at = self._end(staying[-1][2]) or staying[-1][1].end_mark.index
                gap = "," + self._gap(staying[-1][1])
                each = [self._flow_text({name: value}).strip()[1:-1] for name, value in added.items()]
                self.edits.append((at, at, gap + gap.join(each)))
            else:
                at = self.text.index("{", node.start_mark.index) + 1
                self.edits.append((at, at, inside))
            return
        if not staying:
            raise Unspliceable("nothing stays to add behind")
        indent = entries[0][1].start_mark.column
        last = entries[-1]
        aliased = last[2].start_mark.index < last[1].end_mark.index
        at = self._line_end(last[1].end_mark.index if aliased else max(self._end(last[2]), last[1].end_mark.index))
        rendered = self._indented(render_block(added).rstrip("\n"), indent)
        self.edits.append((at, at, self.newline + rendered))

    def _flow_text(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False) if self.json else render_flow(value)

    def _gap(self, key: yaml.Node) -> str:
        """What stands before a field of braces: a line's end and spaces, where each has a line."""
        start = self._line_start(key.start_mark.index)
        before = self.text[start : key.start_mark.index]
        return self.newline + before if self.json and start and not before.strip() else " "

    def _end(self, node: yaml.Node) -> int:
        """Where a node's last character stands; for blocks the parser reports the start of what follows instead."""
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return len(self.text[: node.end_mark.index].rstrip())
        if isinstance(node, yaml.ScalarNode) or self._flow(node):
            return int(node.end_mark.index)
        ends = [int(node.start_mark.index)]
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                if part.start_mark.index >= ends[-1]:  # else an alias, whose node stands at its anchor
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
        """The end of the line before a block value, or the colon where the value starts on the key's line."""
        start = self._line_start(node.start_mark.index)
        if start <= colon:
            return colon
        return start - len(self.newline)

    def _dash_column(self, node: yaml.Node) -> int:
        before = self.text[self._line_start(node.start_mark.index) : node.start_mark.index]
        if not re.fullmatch(r" *- +", before):
            raise Unspliceable("an item that does not start its line")
        return before.index("-")

    def _item_lines(self, node: yaml.Node) -> tuple[int, int]:
        self._dash_column(node)
        return self._line_start(node.start_mark.index), self._line_end(self._end(node))

    def _indented(self, block: str, columns: int) -> str:
        return self.newline.join(" " * columns + line if line else line for line in block.split("\n"))


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
