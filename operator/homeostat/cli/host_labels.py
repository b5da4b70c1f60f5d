"""The labels of the host that standalone mode serves: its host name, and the labels of ``--host-label``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from homeostat.assembly.labels import own_labels

from .errors import CliError

F = TypeVar("F", bound=Callable[..., Any])

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_WORD = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?P<key>([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_WORD})=(?P<value>({_WORD})?)")


def host_label_option(command: F) -> F:
    """Adds --host-label, as ``host_labels``."""
    return click.option(
        "--host-label",
        "host_labels",
        metavar="KEY=VALUE",
        multiple=True,
        help="A label of this host, for hostSelector; repeatable.",
    )(command)


def labels_of_host(uri: str, given: Sequence[str]) -> Mapping[str, str]:
    """Returns all labels of the host at ``uri``.

    Raises:
        CliError: one is not a label.
    """
    labels = own_labels(uri)
    for text in given:
        match = _LABEL.fullmatch(text)
        if match is None:
            raise CliError(f"--host-label {text} is not KEY=VALUE", "such as --host-label zone=cellar")
        labels[match["key"]] = match["value"]
    return labels
