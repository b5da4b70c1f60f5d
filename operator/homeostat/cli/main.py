"""``homeostat``: the command line. A command is loaded when it is called, so that each starts fast."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence

import click

from homeostat import __version__
from homeostat.runtime.log_lines import guard_last_resort

from .errors import CliError, debugging, explain
from .settings import CliSettings, common_options, configure
from .terminal import say

# Command -> (its module in commands/, one line for --help), in the order of --help.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up", "Run the operator and the API over a folder of YAML."),
    "operator": ("operator", "Run the operator over a Kubernetes cluster."),
    "down": ("down", "Stop and remove every machine of a folder from libvirt."),
    "plan": ("plan", "Show what would change, and how disruptive it is."),
    "apply": ("apply", "Write resources into the folder; --prune confirms deletions."),
    "delete": ("delete", "Remove resources from the folder."),
    "get": ("get", "List resources, events, errors or orphans."),
    "describe": ("describe", "Show one resource in full."),
    "start": ("power", "Start machines."),
    "stop": ("power", "Shut machines down."),
    "restart": ("power", "Restart machines."),
    "scale": ("rollout", "Set how many machines a deployment has."),
    "rollout": ("rollout", "Follow, undo, pause or restart a deployment's rollout."),
    "suspend": ("power", "Leave machines alone: observe, change nothing."),
    "resume": ("power", "Look after suspended machines again."),
    "cordon": ("cordon", "Place no new machines on hosts."),
    "uncordon": ("cordon", "Place new machines on hosts again."),
    "image": ("image", "Upload images."),
    "snapshot": ("snapshot", "Take, list, restore and delete snapshots of machines."),
    "events": ("events", "List what happened."),
    "logs": ("logs", "Print a machine's serial console log."),
    "console": ("console", "Attach to a machine's serial console."),
    "screenshot": ("screenshot", "Take a picture of a machine's screen."),
    "type": ("type", "Type a text, or press keys, on a machine's keyboard."),
    "contracts": ("contracts", "List the contracts that are served besides our API."),
    "wait": ("wait", "Wait for a condition or a deletion."),
    "prune": ("prune", "The same as `apply --prune`."),
    "disk": ("disk", "List Disks, and files that belong to none; copy disks."),
    "trash": ("trash", "List, put back or erase disks of what was deleted."),
    "migrate": ("migrate", "Move machines from a folder to Kubernetes, or back."),
    "login": ("login", "Sign in to a REST API elsewhere."),
    "logout": ("login", "Sign out of it."),
    "whoami": ("login", "Say who is signed in, and what he may do."),
    "can-i": ("login", "Say whether you may do something."),
    "user": ("user", "Make, list and change accounts."),
    "token": ("token", "Make, list and revoke tokens of accounts."),
    "quota": ("quota", "Show and change how much accounts may have."),
    "grant": ("grant", "Give accounts rights to what they do not own."),
    "audit": ("audit", "List who did what."),
    "accounts": ("accounts", "Back up and restore the accounts database."),
    "doctor": ("doctor", "Check this host, and say how to mend it."),
    "config": ("config", "Check, show or describe the configuration file."),
    "schema": ("schema", "Print a kind's JSON Schema."),
    "crds": ("crds", "Print the CustomResourceDefinitions for Kubernetes."),
    "completion": ("completion", "Print a shell's completion script."),
    "version": ("version", "Print the version."),
}

# They serve whoever mends a configuration, too.
WITHOUT_CONFIGURATION = frozenset({"config", "schema", "crds", "completion", "version"})

OVER_REST = frozenset(
    {
        *("plan", "apply", "delete", "get", "describe", "start", "stop", "restart", "scale", "rollout", "suspend", "resume"),
        *("image", "snapshot", "events", "logs", "wait", "disk", "console", "screenshot", "type"),
        *("login", "logout", "whoami", "can-i", "contracts", "cordon", "uncordon"),
    }
)
"""What works with --server, too."""

ASKS_FOR_HELP = f"{__name__}.asks_for_help"  # click lets go of the words before the group is called


class LazyGroup(click.Group):
    """Imports the module of a command only when that command is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ASKS_FOR_HELP] = not {"-h", "--help"}.isdisjoint(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__package__}.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@common_options(environment=True, remote=True)
@click.version_option(__version__, message="homeostat %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keeps virtual machines as your YAML says they should be."""
    if ctx.invoked_subcommand not in WITHOUT_CONFIGURATION and not ctx.meta[ASKS_FOR_HELP]:
        settings = ctx.ensure_object(CliSettings)
        ctx.default_map = configure(settings)
        if settings.server is not None and ctx.invoked_subcommand not in OVER_REST:
            mend = "leave --server out, unset HOMEOSTAT_SERVER, or give --server none where the configuration names one"
            raise CliError(f"`homeostat {ctx.invoked_subcommand}` works on the host that it is called on", mend)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the console script, and exits with the command's code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line, and returns the exit code."""
    guard_last_resort()
    try:
        code = cli.main(args=None if arguments is None else list(arguments), prog_name="homeostat", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(*shown.getvalue().removesuffix("\n").split("\n"), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # Nobody reads our output any more (`| head`): leave nothing for the interpreter to flush.
        sys.stdout = None
        return 0
    except Exception as error:
        if debugging():
            raise
        say(*explain(error).lines, err=True)
        return error.exit_code if isinstance(error, CliError) else 1


if __name__ == "__main__":
    main()
