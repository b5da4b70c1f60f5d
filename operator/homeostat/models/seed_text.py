"""YAML texts of a cloud-init seed, loaded as cloud-init loads them: by PyYAML. Only merges that would unfold too far are
refused."""

from __future__ import annotations

from typing import Any

import yaml

UNFOLDED_MAX = 262_144
"""Fields of the largest mapping, with its merges (<<) written out."""
_MERGE = "tag:yaml.org,2002:merge"


def load(text: str, loader_of: type[Any] = yaml.SafeLoader) -> Any:
    """Reads the values of a YAML text.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: no values can be made of it.
    """
    loader = loader_of(text)
    try:
        root = loader.get_single_node()
        if root is not None and "<<" in text and _unfolded(root, {}) > UNFOLDED_MAX:
            raise ValueError(f"has more than {UNFOLDED_MAX:,} fields once its merges (<<) are written out")
        return None if root is None else loader.construct_document(root)
    except (AttributeError, LookupError, TypeError) as error:  # of !!timestamp x, !!bool x
        raise ValueError("a value is not what its tag says") from error
    finally:
        loader.dispose()


def _unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """Counts the fields of the largest mapping, with its merges written out. ``known``: the count of each node so far."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = UNFOLDED_MAX + 1  # until the count is known: a mapping that merges itself would never end
    parts = node.value if isinstance(node, yaml.CollectionNode) else ()
    sizes = [_unfolded(part, known) for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
    merges = [value for key, value in parts if key.tag == _MERGE] if isinstance(node, yaml.MappingNode) else []
    merged = sum(_unfolded(one, known) for value in merges for one in _each(value))
    known[id(node)] = max([len(parts) + merged, *sizes])
    return known[id(node)]


def _each(node: yaml.Node) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else [node]
