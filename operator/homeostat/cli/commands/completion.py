"""``homeostat completion``: the script that a shell needs in order to complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from ..main import cli
from ..terminal import emit


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
      bash:  source <(homeostat completion bash)
      zsh:   source <(homeostat completion zsh)
      fish:  homeostat completion fish | source
    """
    kinds: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    emit(kinds[shell](cli, {}, "homeostat", "_HOMEOSTAT_COMPLETE").source())
