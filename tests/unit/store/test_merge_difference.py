"""The law of merge patches: applying the difference of two documents to the first gives the second."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from homeostat.store.merge import merge_difference

# A document has no nulls: in a merge patch they mean removal.
VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["", "a"]) | st.booleans() | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@given(DOCUMENTS, DOCUMENTS)
def test_the_difference_leads_from_one_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merged(before, merge_difference(before, after)) == after


@given(DOCUMENTS)
def test_there_is_no_difference_to_oneself(document: dict[str, Any]) -> None:
    assert merge_difference(document, document) == {}
