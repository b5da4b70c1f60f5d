"""Law: an edit keeps every comment and every line that it has no reason to touch."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.files.editing import in_place
from homeostat.store.files.text import documents
from homeostat.store.files.text.render import render_block, render_flow
from homeostat.store.merge import merge_patch

words = st.sampled_from(["alpha", "512Mi", "yes", "12:30", "0x1f", "a b", "#x", "", "- q", "{a}", "é", "null", "1e3", "a: b"])
scalars = st.one_of(words, st.integers(-5, 5), st.booleans(), st.sampled_from(["line\nline\n", "no\nend", "x\n\n"]))
names = st.sampled_from([f"k{n}" for n in range(6)])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
mappings = st.dictionaries(names, values, min_size=1, max_size=5)


def write(value: Any, draw: Any, indent: int = 0, counter: list[int] | None = None) -> list[str]:
    """The value as people write it: comments, blank lines, odd spaces, quotes and indents of 2 or 4, flow or block."""
    counter = counter if counter is not None else [0]
    pad = " " * indent
    lines: list[str] = []
    for name, item in value.items():
        style = draw(st.integers(0, 9))
        counter[0] += 1
        if style < 3:
            lines.append(f"{pad}# comment {counter[0]}")
        if style == 3:
            lines.append("")
        trailing = f"  # beside {counter[0]}" if style in (0, 5, 6) else ""
        if isinstance(item, dict) and item and style != 9:
            lines += [f"{pad}{name}:{trailing}", *write(item, draw, indent + draw(st.sampled_from([2, 4])), counter)]
        elif isinstance(item, list) and item and style != 9 and all(not isinstance(i, list) for i in item):
            dash = indent + draw(st.sampled_from([0, 2]))
            lines.append(f"{pad}{name}:{trailing}")
            for one in item:
                if isinstance(one, dict) and one:
                    inner = write(one, draw, dash + 2, counter)
                    first = next(n for n, line in enumerate(inner) if line and not line.lstrip().startswith("#"))
                    lines += [*inner[:first], " " * dash + "- " + inner[first].lstrip(), *inner[first + 1 :]]
                else:
                    lines.append(" " * dash + "- " + render_flow(one))
        elif isinstance(item, str) and item.endswith("\n") and not item.endswith("\n\n") and style != 9:
            lines += [f"{pad}{name}: |", *(f"{pad}  {line}" if line else "" for line in item[:-1].split("\n"))]
        else:
            lines.append(f"{pad}{name}:{' ' * (1 + style % 2)}{render_flow(item)}{trailing}")
    return lines


@settings(max_examples=120, deadline=None)
@given(st.data(), mappings, mappings)
def test_law(data: st.DataObject, before: dict[str, Any], patch: dict[str, Any]) -> None:
    lines = write(before, data.draw)
    text = "\n".join(["# head", *lines, "# tail", ""])
    content = documents.read_documents(text)
    assert not content.broken, text
    found = content.documents[0]
    assert found.value == before, text
    # One field at a time, as callers do: what the rest of the text looks like afterwards can then be told.
    name = data.draw(st.sampled_from(sorted(patch)))
    after = merge_patch(before, {name: patch[name]})
    edited = in_place.patched_text(text, found, after)
    again = documents.read_documents(edited).documents
    assert [d.value for d in again] == [after], edited
    touched = untouched(lines, before, after, name)
    left = edited.split("\n")
    for line in ["# head", "# tail", *touched]:
        assert line in left, f"lost {line!r}\n--- from\n{text}\n--- to\n{edited}"


def untouched(lines: list[str], before: dict[str, Any], after: dict[str, Any], name: str) -> list[str]:
    """The lines of all top-level fields but ``name``, comments included."""
    kept: list[str] = []
    inside = False
    for line in lines:
        if line and not line.startswith((" ", "#", "-")):
            inside = line.split(":")[0] == name
        if not inside or (line.startswith("#") and name in after):
            kept.append(line)
    return [line for line in kept if line]


@settings(max_examples=80, deadline=None)
@given(mappings)
def test_what_is_rendered_reads_the_same(value: dict[str, Any]) -> None:
    assert documents.read_documents(render_block(value)).documents[0].value == value
    assert documents.read_documents(render_flow(value)).documents[0].value == value
