"""Where the fields of a document are in its file, and how they are written there."""

from __future__ import annotations

from dataclasses import replace

import yaml

from homeostat.models.explain import NO_TEXT, not_text
from homeostat.models.field_path import FieldPath
from homeostat.store.errors import DocumentProblem

from ..text import characters, templates
from ..text.reader import Document


class Positions:
    """The places of the fields of one document. They are computed when they are first asked for."""

    def __init__(self, text: str, document: Document) -> None:
        self._first_line = document.first_line
        self._prefix = document.prefix
        self._fallback = (document.line, 1)
        # The document was read before: so its depth is small, and its syntax is right.
        self._text = text[document.start : document.end]
        self._root = characters.compose(self._text)

    def of(self, path: FieldPath) -> tuple[int, int]:
        """Returns line and column of a field's name. Where the field is missing: of the nearest field above it."""
        place, node = self._fallback, self._root
        if node is not None and not self._prefix:
            place = self._mark(node)
        for step in (*self._prefix, *path):
            child = _child(node, step)
            if child is None:
                return place
            name, node = child
            place = self._mark(name)
        return place

    def placed(self, path: FieldPath, problem: DocumentProblem) -> DocumentProblem:
        """Returns the problem with its place. Where text was meant and a number or a constant is there, it is quoted as it is
        written: the label 1.10 is not the label 1.1."""
        line, column = self.of(path)
        node = self._root
        for step in (*self._prefix, *path):
            found = _child(node, step)
            node = None if found is None else found[1]
        if problem.message.startswith(NO_TEXT) and isinstance(node, yaml.ScalarNode):
            problem = replace(problem, message=not_text(node.value, f'"{node.value}"'))
        return templates.explained(replace(problem, line=line, column=column), self._text, self._first_line)

    def _mark(self, node: yaml.Node) -> tuple[int, int]:
        return node.start_mark.line + self._first_line, node.start_mark.column + 1


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Returns the node that names a child (its key, or the item itself in a list), and the child."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == step:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
