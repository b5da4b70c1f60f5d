"""The options that name the cluster, for `homeostat operator` and `homeostat migrate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .paths import NamedText

F = TypeVar("F", bound=Callable[..., Any])


def cluster_options(command: F) -> F:
    """Adds --kubeconfig and --context."""
    add_context = click.option("--context", type=NamedText(), metavar="NAME", help="Of the kubeconfig. Default: its current one.")
    add_kubeconfig = click.option(
        "--kubeconfig",
        type=NamedText(),
        metavar="FILE",
        envvar="KUBECONFIG",
        help="Default: the pod's service account, else ~/.kube/config.",
    )
    return add_kubeconfig(add_context(command))
