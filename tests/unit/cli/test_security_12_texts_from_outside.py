"""SECURITY 12: no text from outside reaches a terminal with anything that it obeys: each is text and nothing else."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from homeostat.cli import terminal
from homeostat.cli.commands.describe import describe_lines
from homeostat.cli.commands.plan import print_errors
from homeostat.cli.errors import CliError, explain
from homeostat.cli.show.guest_text import GuestText
from homeostat.cli.show.listing import EVENT_COLUMNS, event_row
from homeostat.cli.show.live.live_picture import render_live
from homeostat.cli.show.live.moments import Moment
from homeostat.cli.show.live.sights import sight_of
from homeostat.cli.show.live.up_view import PlainView
from homeostat.cli.show.output import to_yaml
from homeostat.cli.show.plans.doubting import print_warnings
from homeostat.cli.show.plans.render_plan import PlanEntry, render_plan
from homeostat.cli.show.tables import table_lines
from homeostat.cli.terminal import columns, dressed, paint, say
from homeostat.models.base import Key
from homeostat.models.condition import Condition
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.models.outside import one_line, printable
from homeostat.planner.actions import DeleteFile
from homeostat.planner.plan import Change, Disruption, Plan, Stalled, Waiting
from homeostat.runtime.engine.ports import Event, SpecRevision
from homeostat.runtime.log_lines import LogLines
from homeostat.store.errors import DocumentProblem, FolderProblem, Invalid
from tests.unit.cli_state import CliState
from tests.unit.machines import machine

ROOT = Path(__file__).parents[3]
SEEDS = [
    "\x1b[2J",
    "\x1b]0;t\x07",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2066",
    "\r",
    "\b",
    "\x7f",
    "\x00",
    "\u2028",
    "\udcff",
    "\x85",
    "\ufeff",
]
hostile = st.lists(st.sampled_from(SEEDS) | st.text(max_size=6), max_size=6).map("".join)
lines = hostile.map(lambda text: text + "\nforged   Running")


def obeyed(text: str, but: str = "\n") -> list[str]:
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and c not in but]


@settings(max_examples=25)
@given(hostile | st.text())
def test_security_12_nothing_obeyed_passes(text: str) -> None:
    assert obeyed(printable(text)) == []
    assert obeyed(one_line(text), but="") == []
    assert printable(printable(text)) == printable(text)
    assert obeyed(dressed(text)) == []


@given(st.text("aä日🙂 \u00a0-*'\"", max_size=20))
def test_ordinary_text_passes_as_it_is(text: str) -> None:
    assert printable(text) == one_line(text) == text


def event(message: str) -> Event:
    return Event(1, "2026-01-01T00:00:00Z", Key("VirtualMachine", "default", "web"), "Warning", "Failed", message)


@settings(max_examples=20, deadline=None)
@given(lines)
def test_security_12_tables_keep_their_rows(text: str) -> None:
    conditions = (Condition(type="Stalled", status="True", reason="Why", message=text),)
    vm = machine(cloudInit={"userData": "#!/bin/sh\n"}).model_copy(update={"status": VirtualMachineStatus(conditions=conditions)})
    assert isinstance(vm, VirtualMachine)
    for rows in (columns(EVENT_COLUMNS, [event_row(event(text))]), table_lines([vm], wide=True)):
        assert len(rows) == 2 and "\n" not in "".join(rows)
        assert obeyed("".join(map(dressed, rows))) == []
    changes = {f"spec.{text}": (text, text + text)}
    revision = SpecRevision(vm.key, 2, "2026-01-01T00:00:00Z", text, changes, text)
    shown = [*map(dressed, describe_lines(vm, [event(text)], [revision]))]
    assert obeyed("".join(shown), but="") == []
    assert not any(line.startswith("forged") for line in shown)


@settings(max_examples=8, deadline=None)
@given(lines.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_security_12_the_live_table_and_the_plain_lines(text: str) -> None:
    conditions = (Condition(type="Stalled", status="True", reason="Why", message=text),)
    vm = machine().model_copy(update={"status": VirtualMachineStatus(conditions=conditions)})
    moment = Moment([sight_of(vm)], [event(text)], [text], failing=[text], held=[text])
    console = Console(file=io.StringIO(), width=80, height=40, no_color=True)
    console.print(render_live(text, moment, 40, 80))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert obeyed(shown) == [] and not any(line.startswith("forged") for line in shown.splitlines())
    with contextlib.redirect_stdout(io.StringIO()) as said, PlainView("heading") as view:
        view.show(Moment([], (), ()))
        view.show(moment)
    assert obeyed(said.getvalue()) == [] and not any(line.startswith("forged") for line in said.getvalue().splitlines())


@settings(max_examples=25)
@given(lines)
def test_security_12_errors_and_logs(text: str) -> None:
    import logging

    for error in (FolderProblem(f"vms/{text}", 1, 2, text, text), DocumentProblem(text, text)):
        assert obeyed(str(error), but="") == []
    invalid = Invalid([DocumentProblem(text, text)], text)
    for raised in (CliError(text, text), CliError([text, text], [text]), invalid, OSError(5, text, text)):
        lines = [*map(dressed, explain(raised).lines)]
        assert obeyed("".join(lines), but="") == [] and len(lines) <= 3
        assert str(raised) and lines[0].startswith("error: ") and not any(line.startswith("forged") for line in lines)
    try:
        raise ValueError(text)
    except ValueError:
        caught = sys.exc_info()
    for why in (None, caught):
        record = logging.LogRecord("homeostat", logging.WARNING, "", 0, "%s", (text,), why)
        said, *rest = LogLines("%(message)s").format(record).split("\n")
        assert obeyed(said + "".join(rest), but="") == [] and bool(rest) is bool(why)
        assert all(line.startswith("  ") for line in rest)


@settings(max_examples=15, deadline=None)
@given(lines, lines)
def test_security_12_a_plan_has_no_row_that_is_a_texts(key: str, text: str) -> None:
    vm = machine()
    change = Change(f"spec.{key}", text, text + text, Disruption.LIVE)
    step = DeleteFile(f"/{text}", text)
    plan = Plan((step,), Waiting("NameTaken", text), *[(change,)] * 3, moved=(text,), notes=(text,), aside=(text,))
    entry = PlanEntry(vm, plan, text, changed={f"cloudInit.{key}": (text, text + "\n" + key)}, also=(Stalled("Why", text),))
    rows = render_plan([entry])
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as beside:
        for row in rows:
            say(paint(row.text, row.tone))
        print_errors("error", [text])
        print_warnings([text])
    shown = said.getvalue().removesuffix("\n").split("\n")
    assert obeyed(said.getvalue()) == [] and len(shown) == len(rows)
    assert obeyed(beside.getvalue()) == [] and beside.getvalue().count("\n") == 2
    assert not any(line.startswith("forged") for line in (*shown, *beside.getvalue().split("\n")))


def test_security_12_names_of_fields_forge_no_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    seeds = [seed for seed in SEEDS if not "\ud800" <= seed[0] <= "\udfff"]
    for i, seed in enumerate([*seeds, "", "".join(seeds)]):
        key = f"x{seed}\nvms/other.yaml:1:1: forged{seed}"
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": f"a{i}", key: key}}
        (cli.folder / f"a{i}.json").write_text(json.dumps({**document, "spec": {key: key, "nics": [{"name": key}]}}))
        (cli.folder / f"b{i}.yaml").write_text(yaml.safe_dump({**document, "kind": key, "apiVersion": key}))
    errors = cli.store.sync().errors
    said = cli.homeostat("get", "errors")
    rows = said.out.removesuffix("\n").split("\n")
    assert len(rows) == len(errors) > len(seeds) and obeyed(said.out + said.err) == []
    assert all(row.startswith(("a", "b")) for row in rows)
    for path in cli.folder.iterdir():
        said = cli.homeostat("apply", "--dry-run", "-f", str(path))
        assert obeyed(said.out + said.err) == [] and "forged" in said.err
        assert all(line.startswith(("error: ", "  ", "note: ")) for line in said.err.removesuffix("\n").split("\n"))


@settings(max_examples=30)
@given(hostile | st.text("a:#'\"-\n \x85\u2028\u202e", max_size=12))
def test_security_12_yaml_says_the_same_in_plain_letters(text: str) -> None:
    if any("\ud800" <= c <= "\udfff" for c in text):
        return  # no YAML can hold it
    written = to_yaml({"text": text, "list": [text]})
    assert obeyed(written) == []
    assert yaml.safe_load(written) == {"text": text, "list": [text]}


@settings(max_examples=30)
@given(st.lists(hostile | st.sampled_from(["\x1b[0;32m", "ok\r\n", "\t", "é"]), max_size=8).map("".join), st.integers(1, 7))
def test_security_12_a_console_is_text_wherever_it_is_cut(text: str, size: int) -> None:
    written = text.encode("utf-8", "surrogateescape") if not any("\ud800" <= c < "\udc80" for c in text) else b"x"
    shown, whole = GuestText(), GuestText()
    parts = [shown.shown(written[i : i + size]) for i in range(0, len(written), size)]
    assert obeyed(b"".join(parts).decode(), but="\n\t") == []
    assert b"".join(parts) == whole.shown(written)


def test_a_console_without_its_colours_reads_as_before() -> None:
    assert GuestText().shown(b"[\x1b[0;32m OK \x1b[0m] up\ta\r\n\x1b]0;x\x07login: ") == b"[ OK ] up\ta\n\\x1b]0;x\\x07login: "


def test_security_12_logs_is_raw_on_request_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    log = tmp_path / "console.log"
    log.write_bytes(b"a\x1b[2Jb\r\n")
    cli.report("web", console_log=str(log))
    assert cli.homeostat("logs", "web").out == "a\\x1b[2Jb\n"
    assert "\x1b[2J" in cli.homeostat("logs", "web", "--raw").out


def test_b5_a_file_name_of_two_lines_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    (cli.folder / "bad\n\x1b[31m\u202e.yaml").write_text("spec: [\n")
    cli.store.sync()
    said = cli.homeostat("get", "errors")
    assert "bad\\n\\x1b[31m\\u202e.yaml" in said.out
    assert obeyed(said.out + said.err) == []
    assert not any(line.startswith((".yaml", "\\x1b")) for line in said.out.splitlines())


def test_security_12_wrong_usage_is_text_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    for words in (("get", "\x1b[31mvms"), ("get", "vms", "-o", "\x1b[31m"), ("apply", "-f", "\x1b]0;x\x07"), ("\x1b[2J",)):
        said = cli.homeostat(*words)
        assert said.code != 0 and said.err and obeyed(said.out + said.err) == []


def test_security_12_only_our_own_colours_are_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "in_colour", lambda: True)
    said = dressed(paint("\x1b[31mRunning\x1b[0m", "good") + " \x1b[32mforged")
    assert said == "\x1b[32m\\x1b[31mRunning\\x1b[0m\x1b[0m \\x1b[32mforged"
    assert obeyed("".join(map(dressed, columns(("STATE",), [("Running\x1b[5m",)]))), but="") == []


def printers() -> Iterator[tuple[str, int]]:
    """Where the command line prints other than through its one place."""
    for path in sorted((ROOT / "operator/homeostat/cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    yield path.name, node.lineno
                case ast.Call(func=ast.Attribute(value=ast.Name(id="click"), attr="echo" | "secho")):
                    yield path.name, node.lineno
                case ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"), attr="write" | "buffer"
                ):
                    yield path.name, node.lineno


def test_security_12_all_output_goes_through_one_place() -> None:
    # logs.py writes bytes: what GuestText made of them, or, on request, the guest's own.
    assert {name for name, _ in printers()} == {"terminal.py", "logs.py"}
