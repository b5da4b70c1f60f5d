"""Law: an edit changes the lines of what it changes and no other, whatever comments, anchors, merges and block scalars stand
around it; or it is refused. Comments go only with what they stand in."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from homeostat.store.errors import NotEditable
from homeostat.store.files.editing import in_place
from homeostat.store.files.text import documents
from homeostat.store.files.text.render import render_flow
from homeostat.store.files.text.values import equal
from homeostat.store.merge import merge_patch

Place = tuple[str, ...]
NOTE = "homeostat.dev/run-strategy"
SIZES = st.sampled_from(["1Gi", "2Gi", "20Gi"])
TEXTS = st.sampled_from(["#!/bin/sh\n", "#cloud-config\na: b", "#x\n\n\n", "#y\n\n  z\n", "a  b\n\n", "one line"])
DISK = st.fixed_dictionaries({}, optional={"size": SIZES, "bus": st.just("sata"), "image": st.just({"url": "https://h/i"})})
DISKS = st.lists(st.sampled_from("abcd"), unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*(DISK.map(lambda disk, name=name: {"name": name, **disk}) for name in names)).map(list)
)
RESOURCES = st.fixed_dictionaries(
    {}, optional={"memory": SIZES, "vcpu": st.integers(1, 3), "cpu": st.just({"features": ["+aes"]})}
)
METADATA = st.fixed_dictionaries(
    {"name": st.just("web")},
    optional={
        "labels": st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "no", "é"]), min_size=1),
        "annotations": st.dictionaries(st.sampled_from([NOTE, "z"]), st.sampled_from(["Always", "Once"]), min_size=1),
    },
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "runStrategy": st.sampled_from(["Always", "Once", "Halted"]),
    "replicas": st.integers(0, 3),
    "resources": RESOURCES,
    "disks": DISKS,
    "more": DISKS,
    "cloudInit": st.fixed_dictionaries({"userData": TEXTS}, optional={"metaData": TEXTS, "variables": RESOURCES}),
    "order": st.lists(st.sampled_from("abcd"), unique=True, max_size=3),
    "text": TEXTS,
}
SPECS = st.fixed_dictionaries({}, optional=FIELDS).flatmap(lambda spec: st.permutations(list(spec.items()))).map(dict)
DOCUMENTS = st.fixed_dictionaries({"x-shared": SPECS, "metadata": METADATA, "spec": SPECS})
STOP = {"metadata": {"annotations": {NOTE: "Always"}}, "spec": {"runStrategy": "Halted"}}
START = {"metadata": {"annotations": {NOTE: None}}, "spec": {"runStrategy": "Always"}}
CHANGE = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: (FIELDS[name] | st.none()).map(lambda value: {"spec": {name: value}})
)
PATCHES = st.sampled_from([STOP, START, {"spec": {"replicas": 5}}, {"spec": {"restartedAt": "t"}}]) | CHANGE


class Author:
    """Writes a value as people do; ``lines`` are paired with what stands in them, and whether it is more than its beginning."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.lines: list[tuple[Place, bool, str]] = []
        self._anchors: list[tuple[str, Any]] = []
        self._number = 0

    def mapping(self, value: dict[str, Any], pad: str, place: Place) -> None:
        shared = [(name, had) for name, had in self._anchors if isinstance(had, dict) and had and had.items() <= value.items()]
        if shared and self._chance():
            name, had = self._random.choice(shared)
            value = {key: item for key, item in value.items() if key not in had}
            self._say(place, False, f"{pad}<<: *{name}")
        for key, item in value.items():
            if self._chance():
                self.lines.append((place, False, f"{pad}# above {self._count()}"))
            self._field(key, item, pad, (*place, key))

    def _field(self, key: str, item: Any, pad: str, place: Place) -> None:
        same = [name for name, had in self._anchors if equal(had, item)]
        if same and self._chance():
            self._say(place, True, f"{pad}{key}: *{same[0]}")
            return
        anchor = self._anchor()
        self._value(item, f"{pad}{key}:{anchor and f' &{anchor}'}", pad, place)
        if anchor:
            self._anchors.append((anchor, item))

    def _value(self, item: Any, head: str, pad: str, place: Place) -> None:
        inner = pad + "  "
        if isinstance(item, str) and re.search(r"[^\n]\n|^#", item) and self._chance():
            body = item.rstrip("\n").split("\n")
            style = {0: "|-", 1: "|"}.get(len(item) - len(item.rstrip("\n")), "|+")
            self._say(place, True, f"{head} {style}", beside="")
            self.lines += [(place, True, inner + line if line else "") for line in body]
            self.lines += [(place, True, "")] * max(0, len(item) - len(item.rstrip("\n")) - 1)
        elif isinstance(item, dict) and item and self._chance():
            self._say(place, False, head)
            self.mapping(item, inner, place)
        elif isinstance(item, list) and item and self._chance():
            self._say(place, False, head)
            for one in item:
                self._item(one, inner, place)
        else:
            self._say(place, True, f"{head} {render_flow(item)}")

    def _item(self, item: Any, pad: str, place: Place) -> None:
        if not isinstance(item, dict):
            self._say((*place, str(item)), True, f"{pad}- {render_flow(item)}")
            return
        inside, begin = (*place, item["name"]), len(self.lines)
        if self._chance():
            anchor = self._anchor()
            self._say(inside, False, f"{pad}- &{anchor}" if anchor else f"{pad}- # above {self._count()}", "")
            self.mapping(item, pad + "  ", inside)
            self._anchors += [(anchor, item)] if anchor else []
            return
        self._field("name", item["name"], pad + "  ", (*inside, "name"))
        self.lines[begin] = (*self.lines[begin][:2], pad + "- " + self.lines[begin][2].lstrip())
        self.mapping({key: part for key, part in item.items() if key != "name"}, pad + "  ", inside)

    def _anchor(self) -> str:
        return f"a{self._count()}" if self._chance() else ""

    def _say(self, place: Place, whole: bool, text: str, beside: str | None = None) -> None:
        comment = f"  # beside {self._count()}" if beside is None and self._chance() else beside or ""
        self.lines.append((place, whole, text + comment))

    def _chance(self) -> bool:
        return self._random.random() < 0.4

    def _count(self) -> int:
        self._number += 1
        return self._number


def changes(before: Any, after: Any, place: Place = ()) -> set[Place]:
    """The places whose values differ, as deep as collections stay collections."""
    if isinstance(before, list) and isinstance(after, list) and before and after:
        parts = [{item["name"] if isinstance(item, dict) else str(item): item for item in items} for items in (before, after)]
        kept = [[name for name in part if name in parts[0] and name in parts[1]] for part in parts]
        return changes(*parts, place) if kept[0] == kept[1] and kept[0] else {place}
    if isinstance(before, dict) and isinstance(after, dict) and before and after:
        names = before.keys() | after.keys()
        return {at for name in names for at in changes(before.get(name), after.get(name), (*place, name))}
    return set() if equal(before, after) else {place}


def within(inner: Place, outer: Place) -> bool:
    return inner[: len(outer)] == outer


@settings(max_examples=60)
@given(st.integers(0, 2**32), DOCUMENTS, PATCHES, st.sampled_from(["", "# tail\n"]))
def test_law(seed: int, before: dict[str, Any], patch: dict[str, Any], tail: str) -> None:
    author = Author(seed)
    author.mapping(before, "", ())
    text = "\n".join(["# head", *(line for _, _, line in author.lines)]) + "\n" + tail
    found = documents.read_documents(text).documents[0]
    assert equal(found.value, before), text
    after = merge_patch(before, patch)
    try:
        edited = in_place.patched_text(text, found, after, "web.yaml")
    except NotEditable as error:
        event("refused")
        assert re.search(r"\(web\.yaml:\d+: .+\).*Nothing was changed", str(error))
        return
    told = f"\n--- from\n{text}\n--- to\n{edited}"
    (again,) = documents.read_documents(edited).documents
    assert equal(again.value, after), told
    changed = changes(before, after)
    had, left = Counter[str](), Counter(edited.split("\n"))
    comments = re.findall("# .*", edited)
    for place, whole, line in [((), False, "# head"), *author.lines, ((), False, tail.rstrip("\n"))]:
        had[line] += not any(within(place, at) or (whole and within(at, place)) for at in changed)
        goes = any(within(place, at) and (place != at or not whole or not _there(after, at)) for at in changed)
        comment = re.search(r"# (?:above|beside) \d+", line)
        assert comment is None or goes or comment[0] in comments, f"lost {comment[0]!r}{told}"
    lost = [line for line in had - left if line.strip()]
    assert not lost, f"lost {lost}{told}"


def _there(value: Any, place: Place) -> bool:
    for step in place:
        inside = {i["name"] if isinstance(i, dict) else str(i): i for i in value} if isinstance(value, list) else value
        if not isinstance(inside, dict) or step not in inside:
            return False
        value = inside[step]
    return True
