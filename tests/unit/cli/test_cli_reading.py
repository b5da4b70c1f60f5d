"""get, describe, events, logs: what readers print, from a real index."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from homeostat.cli.commands.describe import describe_lines
from homeostat.models.host import Host, HostMeta, HostStatus
from homeostat.models.machine import PendingChange
from tests.unit.cli_state import FORWARD, LEASE, CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def test_get_prints_kubectls_columns(cli: CliState) -> None:
    cli.write("web")
    cli.write("db")
    cli.report("web", addresses=LEASE, restarts=2)
    said = cli.homeostat("get", "vms")
    header, first, second = said.out.splitlines()
    assert header.split() == ["NAME", "STATUS", "READY", "IP", "HOST", "AGE", "RESTARTS"]
    assert first.split()[:5] == ["db", "Pending", "Unknown", "<none>", "<none>"]
    assert second.split()[:5] == ["web", "Running", "True", "192.168.122.7", "local"]
    assert second.split()[-1] == "2"
    assert said.code == 0
    assert "\x1b" not in said.out


def test_get_of_nothing_says_so_and_is_no_error(cli: CliState) -> None:
    said = cli.homeostat("get", "vms")
    assert (said.code, said.out, said.err) == (0, "", "No resources found in default namespace.\n")
    assert cli.homeostat("get", "vms", "-A").err == "No resources found.\n"


def test_get_of_a_missing_one_is_an_error(cli: CliState) -> None:
    said = cli.homeostat("get", "vm", "nope")
    assert said.code == 1
    assert said.err.startswith('error (NotFound): virtualmachines "nope" not found in namespace "default"')


@pytest.mark.parametrize("words", [("vm", "web"), ("vm/web",), ("virtualmachine.homeostat.dev/web",)])
def test_one_resource_is_printed_itself_and_several_as_a_list(cli: CliState, words: tuple[str, ...]) -> None:
    cli.write("web", "spec:\n  resources:\n    memory: 1Gi\n")
    one = json.loads(cli.homeostat("get", *words, "-o", "json").out)
    assert one["spec"] == {"resources": {"memory": "1Gi"}}
    assert json.loads(cli.homeostat("get", "vms", "-o", "json").out)["items"] == [one]


def test_yaml_can_be_applied_again(cli: CliState, tmp_path: Path) -> None:
    cli.write("web", "spec:\n  cloudInit:\n    userData: |\n      #!/bin/sh\n      true\n", "  labels:\n    demo: 'yes'\n")
    cli.report("web")
    text = cli.homeostat("get", "vm", "web", "-o", "yaml").out
    assert yaml.safe_load(text)["metadata"]["labels"] == {"demo": "yes"}
    assert "userData: |" in text
    (tmp_path / "copy.yaml").write_text(text)
    assert "web unchanged" in cli.homeostat("apply", "-f", str(tmp_path / "copy.yaml")).out


def test_selector_names_and_headers(cli: CliState) -> None:
    cli.write("web", labels="  labels: {app: web}\n")
    cli.write("db")
    assert cli.homeostat("get", "vms", "-l", "app=web", "-o", "name").out == "virtualmachine.homeostat.dev/web\n"
    assert cli.homeostat("get", "vms", "-l", "app!=web", "--no-headers").out.split()[0] == "db"


def test_a_forward_is_an_address_with_its_port(cli: CliState) -> None:
    cli.write("web")
    cli.report("web", addresses=FORWARD)
    assert "127.0.0.1:8081" in cli.homeostat("get", "vms").out


def test_describe_shows_spec_conditions_pending_changes_revisions_and_events(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  resources:\n    memory: 512Mi\n")
    path.write_text(path.read_text().replace("512Mi", "1Gi"))
    cli.store.sync()
    change = PendingChange(field="resources.memory", old="512Mi", new="1Gi", disruption="NeedsRestart", reason="why so")
    cli.report("web", changes=(change,), addresses=FORWARD)
    cli.event("web", "Started", "running on host local")
    out = cli.homeostat("describe", "vm", "web").out
    assert "memory: 1Gi" in out
    assert "~ resources.memory   512Mi -> 1Gi   NeedsRestart (why so)" in out
    assert "~ resources.memory: 512Mi -> 1Gi" in out
    assert "127.0.0.1:8081 (user, forward to port 80)" in out
    assert "running on host local" in out
    assert [line.split()[:3] for line in out.splitlines() if line.startswith("  Ready")] == [["Ready", "True", "InSync"]]


def test_describe_tells_what_a_host_keeps_and_where_its_api_is() -> None:
    status = HostStatus(api="http://a:1", keeps=tuple(f"default/d{number}" for number in range(7)))
    lines = describe_lines(Host(metadata=HostMeta(name="a"), status=status), [], [])
    shown = [" ".join(line.split()) for line in lines]
    assert (
        "API: http://a:1" in shown
        and "Keeps Disks: default/d0, default/d1, default/d2, default/d3, default/d4 and 2 more" in shown
    )


def test_events_of_all_and_of_one(cli: CliState) -> None:
    for name in ("web", "db"):
        cli.write(name)
        cli.event(name, "Started", f"{name} runs")
    assert [line.split()[3] for line in cli.homeostat("events").out.splitlines()[1:]] == ["vm/web", "vm/db"]
    assert "db runs" not in cli.homeostat("events", "--for", "vm/web").out
    assert cli.homeostat("get", "events", "-o", "json").out.count('"reason"') == 2
    assert "No events found" in cli.homeostat("events", "-n", "other").err
    assert cli.homeostat("events", "web", "db").code == 1, "not those of the first alone"


def test_errors_name_file_line_and_column(cli: CliState) -> None:
    cli.write("web", "spec:\n  resorces: {}\n")
    out = cli.homeostat("get", "errors").out
    assert out.startswith("web.yaml:6:3: spec.resorces: unknown field; did you mean resources?")


def test_logs_prints_the_console_log_and_its_tail(cli: CliState, tmp_path: Path) -> None:
    cli.write("web")
    assert cli.homeostat("logs", "web").code == 1
    assert "vmd/web is no machine" in cli.homeostat("logs", "vmd/web").err
    log = tmp_path / "console.log"
    log.write_text("".join(f"line {i}\n" for i in range(20_000)))
    cli.report("web", console_log=str(log))
    assert cli.homeostat("logs", "web").out == log.read_text()
    assert cli.homeostat("logs", "vm/web", "--tail", "2").out == "line 19998\nline 19999\n"
    log.write_text("a\nb\nunfinished")
    assert cli.homeostat("logs", "web", "--tail", "2").out == "b\nunfinished"


def test_readers_need_a_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from homeostat.cli.main import run

    assert run(["--state", str(tmp_path / "none"), "get", "vms"]) == 1
    assert "no operator has run" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_get_marks_what_is_suspended(cli: CliState) -> None:
    cli.write("web", "spec:\n  suspend: true\n")
    cli.report("web")
    assert "Running,Suspended" in cli.homeostat("get", "vms").out


def test_without_standard_output_it_prints_nothing(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.write("web")
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it for `homeostat … >&-`
    assert cli.homeostat("get", "vms").code == 0
