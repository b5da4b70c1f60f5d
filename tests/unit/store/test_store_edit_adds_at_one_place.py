"""What an edit adds to a list, and what it adds behind that list, may begin at one place of the file."""

from __future__ import annotations

from homeostat.store.files.editing.splice import splice
from homeostat.store.files.text import documents
from homeostat.store.files.text.values import equal

TEXT = "spec:\n  disks:\n    - name: a\n      size: 1Gi  # small\n"


def test_the_inner_part_comes_first() -> None:
    old = {"spec": {"disks": [{"name": "a", "size": "1Gi"}]}}
    new = {"spec": {"disks": [{"name": "a", "size": "1Gi", "bus": "sata"}, {"name": "b"}], "suspend": True}, "kind": "x"}
    text, _ = splice(TEXT, old, new)
    assert text == TEXT + "      bus: sata\n    - name: b\n  suspend: true\nkind: x\n"
    assert equal(documents.read_documents(text).documents[0].value, new)
