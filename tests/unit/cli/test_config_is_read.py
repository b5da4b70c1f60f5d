"""homeostat.toml is read as written: what wins, which options it has, and what is said of a mistake."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from pydantic import ValidationError

from homeostat.cli.commands.config import schema
from homeostat.cli.configuration.defaults import api_defaults, defaults
from homeostat.cli.configuration.reading import load
from homeostat.cli.configuration.sections import Configuration
from homeostat.cli.errors import CliError
from homeostat.cli.main import cli, run
from homeostat.models.explain import first_problem
from homeostat_api.server import main as api

EXAMPLE = Path(__file__).parents[3] / "examples/configuration/homeostat.toml"
ALL = """
state = "/s"
dir = "/d"
connect = "test:///default"
namespace = "n"
server = "https://api.example.com"
[api]
bind = "127.0.0.1:1"
token-file = "/t"
tls-certificate = "/tc"
tls-key = "/tk"
trusted-proxy = ["10.0.0.5"]
allow-origin = ["https://panel.example"]
image-folder = ["/i"]
plugin-kernel = "/k"
max-replicas = 1
max-upload = "1Gi"
max-exports = 1
max-connections = 16
[up]
settle = "1s"
commit = false
host = {a = "test:///default"}
host-label = {zone = "a"}
[operator]
host = ["node"]
host-selector = {zone = "a", tier = "b"}
host-label = {zone = "a"}
host-file = ["/h"]
lease-namespace = "l"
health-bind = "127.0.0.1:2"
api-address = "http://127.0.0.1:3"
[kubernetes]
kubeconfig = "/kc"
context = "c"
[trash]
keep = "1h"
[consoles]
per-machine = 1
per-account = 2
idle = "1h"
total = "2h"
ice-server = ["turn:turn.example"]
turn-username = "homeostat"
turn-credential-file = "/tc"
[accounts]
required = true
database = "sqlite:////a"
[accounts.oidc]
issuer = "https://login.example"
client-id = "homeostat"
client-secret-file = "/cs"
scopes = ["profile", "groups"]
redirect-uri = "https://homeostat.example/api/v1/session/oidc/callback"
username-claim = "nickname"
create = true
email-domains = ["example.com"]
role-claim = "groups"
roles = {admin_s = "administrator"}
[contracts.limen]
bind = "127.0.0.1:18443"
registration = "open"
allowed-origins = ["https://panel.example"]
images = {kali = "/i/kali.qcow2"}
disk-size = "4Gi"
development = true
[contracts.neptuned]
bind = "127.0.0.1:7000"
memory = 512
registrations-open = true
[contracts.qemu-manager]
bind = "127.0.0.1:5000"
[contracts.vm-share]
bind = "127.0.0.1:8000"
profiles = {tiny = "tinycore"}
memory = 256
iso-max = "1Gi"
snapshot-max = "2Gi"
session-hours = 8
console-timeout = 600
recaptcha-url = "https://captcha.example/verify"
recaptcha-secret-file = "/f/recaptcha"
recaptcha-site-key = "key"
feedback-url = "https://hook.example/send"
feedback-fields = {chat_id = "42"}
[allow]
qemu-arguments = true
host-devices = true
share-folder = ["/sf"]
"""
COMMON = {"state", "namespace", "config", "given_state", "given_namespace", "given_folder", "given_uri"}
OF_ONE_CALL = {
    "up": {"folder", "no_api", "until_ready", "timeout"},
    "plan": {"folder", "output", "verbose", "exit_code"},
    "api": {"kubernetes", "workers", "end_with_parent", "config"},
    "operator": set[str](),
}
"""Parameters that say what one call shall do, or how it is shown."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "homeostat.toml"
    path.write_text(ALL)
    path.chmod(0o600)
    return path


def line(key: str) -> int:
    """The first line of ``ALL`` that says something of a key."""
    return next(number for number, text in enumerate(ALL.splitlines(), 1) if text.startswith(f"{key} ="))


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def parameters(of: click.Command) -> set[str]:
    return {str(one.name) for one in of.params if isinstance(one, click.Option) and one.expose_value}


def test_the_sample_holds_every_key(file: Path) -> None:
    found = load(file)
    for model in (
        found,
        *(
            getattr(found, name)
            for name in ("api", "up", "operator", "kubernetes", "trash", "consoles", "allow", "accounts", "contracts")
        ),
        found.accounts.oidc,
        *(getattr(found.contracts, name) for name in type(found.contracts).model_fields),
    ):
        assert [name for name in type(model).model_fields if getattr(model, name) is None] == []


@pytest.mark.parametrize("name", ["up", "plan", "down", "migrate", "operator"])
def test_what_is_configured_is_an_option_of_the_command(file: Path, name: str) -> None:
    assert set(defaults(load(file))[name]) <= parameters(command(name))


@pytest.mark.parametrize("name", ["up", "operator"])
def test_every_option_of_a_service_can_be_configured(file: Path, name: str) -> None:
    assert parameters(command(name)) - OF_ONE_CALL[name] == set(defaults(load(file))[name])


def test_every_option_of_the_api_can_be_configured(file: Path) -> None:
    assert parameters(api) - OF_ONE_CALL["api"] == set(api_defaults(load(file)))


def taken(name: str, defaults: Mapping[str, Any], *words: str) -> dict[str, Any]:
    with command(name).make_context(name, list(words), default_map=dict(defaults)) as context:
        return context.params


def test_what_it_says_is_what_a_command_takes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOMEOSTAT_SETTLE", raising=False)
    made = defaults(load(file))
    up = taken("up", made["up"])
    assert up["bind"] == "127.0.0.1:1" and up["max_upload"] == 2**30 and up["image_folders"] == (Path("/i"),)
    assert up["hosts"] == ("a=test:///default",) and up["host_labels"] == ("zone=a",) and up["commit"] is False
    assert up["trash_keep"] == 3600.0 and up["settle"] == 1.0 and up["qemu_arguments"] is True
    operator = taken("operator", made["operator"])
    assert operator["host_selector"] == "zone=a,tier=b" and operator["hosts"] == ("node",) and operator["context"] == "c"


def test_an_option_wins_over_a_variable_and_that_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_API__BIND", "127.0.0.1:3")
    monkeypatch.setenv("HOMEOSTAT_API__IMAGE_FOLDER", '["/x", "/y"]')
    monkeypatch.setenv("HOMEOSTAT_SETTLE", "7s")
    made = defaults(load(file))["up"]
    assert taken("up", made)["bind"] == "127.0.0.1:3"
    assert taken("up", made)["image_folders"] == (Path("/x"), Path("/y"))
    assert taken("up", made)["max_replicas"] == 1
    assert taken("up", made)["settle"] == 7.0
    assert taken("up", made, "--bind", "127.0.0.1:4", "--settle", "9s", "--commit")["bind"] == "127.0.0.1:4"
    assert taken("up", made, "--settle", "9s")["settle"] == 9.0
    assert taken("up", made, "--commit")["commit"] is True


def test_contracts_of_the_command_line_take_the_place_of_those_of_the_file(file: Path) -> None:
    made = defaults(load(file))["up"]
    configured = taken("up", made)
    assert {one.partition("=")[0] for one in configured["contracts"]} >= {"limen", "neptuned"}
    given = taken("up", made, "--contract", "limen=127.0.0.1:9")
    assert given["contracts"] == ("limen=127.0.0.1:9",)
    assert given["contract_settings"] == configured["contract_settings"], "what the tables say besides holds all the same"


def test_a_variable_of_a_whole_section_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_API", '{"bind": "127.0.0.1:1"}')
    assert load(None) == Configuration()


def test_without_file_and_variables_nothing_is_configured() -> None:
    assert load(None) == Configuration()
    assert not any(defaults(load(None)).values())


OIDC = "[accounts.oidc]\nissuer = 'https://a'\nclient-id = 'x'"
MISTAKES = [
    ("sate = '/s'", 1, "sate: is no key of the file; did you mean state?"),
    ("\n[api]\nbnid = 'x'", 3, "api.bnid: is no key of [api]; did you mean bind?"),
    ("\n[api]\nmax_upload = '1Gi'", 3, "api.max_upload: is written max-upload here"),
    ("[aip]\nbind = 'x'", 1, "aip: is no key of the file; did you mean api?"),
    ("[trash]\nkeep = '2 hours'", 2, 'trash.keep: "2 hours" is not a duration'),
    ("[trash]\nkeep = '-1s'", 2, "trash.keep: cannot be negative"),
    ("[trash]\nkeep = 3", 2, "trash.keep: must be text"),
    ("server = 'ftp://x'", 1, "server: ftp://x is no address of an API: write it as https://api.example.com:8443"),
    ("server = 'http://far.example'", 1, "server: http://far.example: passwords and tokens would travel in clear"),
    ("state = 'here'", 1, "state: here is no absolute path without . and .."),
    ("state = '/a/../b'", 1, "state: /a/../b is no absolute path without . and .."),
    ("[api]\n# bind = 'no'\nmax-connections = 3", 3, "api.max-connections: must be at least 16"),
    ("api.max-replicas = -1", 1, "api.max-replicas: must be at least 0"),
    ("[api]\nmax-upload = 'much'", 2, "api.max-upload: "),
    ("\n\napi = 3", 3, "api: must hold fields"),
    (
        "[accounts.oidc]\nissuer = 'https://a'\nclient-id = 'x'\nclient-idd = 'x'",
        4,
        "accounts.oidc.client-idd: is no key of [accounts.oidc]; did you mean client-id?",
    ),
    ("[accounts.oidc]\nissuer = 'https://a'\nclient_id = 'x'", 3, "accounts.oidc.client_id: is written client-id here"),
    ("[accounts.oidc]\nissuer = 'https://a'", 1, "accounts.oidc.client-id: is missing"),
    ("[accounts.oidc]\nclient-id = 'x'\nissuer = 'http://login.example'", 3, "accounts.oidc.issuer: is not https"),
    (
        "[accounts.oidc]\nclient-id = 'x'\nissuer = 'https://u:p@login.example'",
        3,
        "accounts.oidc.issuer: names a user or a password",
    ),
    ("[accounts.oidc]\nclient-id = 'x'\nissuer = 'https://a?b'", 3, "accounts.oidc.issuer: is no issuer"),
    ("[accounts]\noidc = 3", 2, "accounts.oidc: must hold fields"),
    (f"{OIDC}\nredirect-uri = 'https://a/'", 4, "accounts.oidc.redirect-uri: must end with /api/v1/session/oidc/callback"),
    (f"{OIDC}\nemail-domains = ['a.example']", 1, "accounts.oidc: email-domains goes with create = true"),
    (f"{OIDC}\nrole-claim = 'groups'", 1, "accounts.oidc: role-claim and roles go together"),
    (
        f"{OIDC}\nrole-claim = 'groups'\nroles = {{a_b = 'king'}}",
        5,
        "accounts.oidc.roles.a_b: is no role: it is one of user, moderator",
    ),
    ("namespace = 'A B'", 1, "namespace: must consist of lower-case letters"),
    ("[operator]\nlease-namespace = 'a_b'", 2, "operator.lease-namespace: must consist of lower-case letters"),
    ("[up]\nhost = {a = 1}", 2, "up.host.a: must be text"),
    ("\nstate = 5", 2, "state: must be text"),
    ("[api]\nimage-folder = [true]", 2, "api.image-folder.0: must be text"),
    ("[consoles]\nper-machine = true", 2, "consoles.per-machine: must be a whole number"),
    ("[api]\nmax-replicas = false", 2, "api.max-replicas: must be a whole number"),
    ("[api]\nmax-exports = '3'", 2, "api.max-exports: must be a whole number"),
    ("[accounts]\nrequired = 'yes'", 2, "accounts.required: must be true or false"),
    ("[accounts]\nrequired = 1", 2, "accounts.required: must be true or false"),
    ("connect = 1979-05-27", 1, "connect: must be text"),
    ("server = ''", 1, "server: is too short"),
    ("\nconnect = ''", 2, "connect: is too short"),
    ("[kubernetes]\ncontext = ''", 2, "kubernetes.context: is too short"),
    ("state = ''", 1, "state: is empty"),
    ("[api]\nimage-folder = ['']", 2, "api.image-folder.0: is empty"),
    ("[api]\nbind = ''", 2, "api.bind: is too short"),
    ("[operator]\nhealth-bind = ''", 2, "operator.health-bind: is too short"),
    ("[operator]\napi-address = ''", 2, "operator.api-address: is too short"),
    ("[operator]\nhost-selector = {}", 2, "operator.host-selector: has 0 entries"),
    ("[contracts.limen]\nbind = ''", 2, "contracts.limen.bind: is too short"),
    (f"{OIDC}\ncreate = true\nemail-domains = []", 5, "accounts.oidc.email-domains: "),
    (f"{OIDC}\ncreate = true\nemail-domains = ['']", 5, "accounts.oidc.email-domains.0: is too short"),
    ("[trash]\nkeep = inf", 2, "trash.keep: must be text"),
]


@pytest.mark.parametrize(("text", "line", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "homeostat.toml"
    path.write_text(text)
    with pytest.raises(CliError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}:{line}: {words}")


def test_all_mistakes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "homeostat.toml"
    path.write_text("sate = '/s'\n[api]\nbnid = 1\n[trash]\nkeep = 'x'")
    with pytest.raises(CliError) as refused:
        load(path)
    assert [line.split(":")[1 if number == 0 else 2] for number, line in enumerate(str(refused.value).splitlines())] != []
    assert all(key in str(refused.value) for key in ("sate", "api.bnid", "trash.keep"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = \n", ":1:5: Invalid value"),
        ("[api\nbind = 1", ":1:5: Expected ']' at the end of a table declaration"),
        ("a = '", "at its end"),
    ],
)
def test_what_is_no_toml_is_named_with_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "homeostat.toml"
    path.write_text(text)
    with pytest.raises(CliError) as refused:
        load(path)
    assert words in str(refused.value)


def test_a_file_that_others_can_write_to_is_refused(file: Path) -> None:
    for mode in (0o620, 0o602):
        file.chmod(mode)
        with pytest.raises(CliError, match=f"others can write to it .mode {mode:04o}.") as refused:
            load(file)
        assert refused.value.mend == f"chmod go-w {file}"
    file.chmod(0o644)
    assert load(file).state == Path("/s")


def test_what_is_no_utf_8_is_refused(file: Path) -> None:
    file.write_bytes(b"state = '\xff'")
    with pytest.raises(CliError, match="is no UTF-8"):
        load(file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("HOMEOSTAT_API__IMAGE_FOLDER", 'HOMEOSTAT_API__IMAGE_FOLDER: must be a list, as JSON: ["…"]'),
        ("HOMEOSTAT_UP__HOST", 'must hold names and their values, as JSON: {"name": "…"}'),
        ("HOMEOSTAT_APY__BIND", "variable HOMEOSTAT_APY__BIND: there is no section apy"),
        ("HOMEOSTAT_API__BNID", "did you mean bind?"),
    ],
)
def test_a_mistake_in_a_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(CliError, match="variable HOMEOSTAT_") as refused:
        load(None)
    assert words in str(refused.value)


def mistakes(text: str, file: Path) -> list[str]:
    """What is said of a file, and of the variables that there are, without the file's path."""
    file.write_text(text)
    with pytest.raises(CliError) as refused:
        load(file)
    return [line.removeprefix("error: ").removeprefix(f"{file}:") for line in str(refused.value).splitlines()]


def test_a_mistake_of_the_file_is_not_blamed_on_a_variable_that_is_right(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_STATE", "/right")
    monkeypatch.setenv("HOMEOSTAT_API__MAX_EXPORTS", "4")
    monkeypatch.setenv("HOMEOSTAT_UP__HOST", '{"b": "test:///default"}')
    assert mistakes("state = 5", file) == ["1: state: must be text"]
    assert mistakes("state = 'here'", file) == ["1: state: here is no absolute path without . and .."]
    assert mistakes("[api]\nmax-exports = '3'", file) == ["2: api.max-exports: must be a whole number"]
    assert mistakes("[up]\nhost = {a = 1}", file) == ["2: up.host.a: must be text"]


def test_a_mistake_of_a_variable_is_not_blamed_on_a_file_that_is_right(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_API__MAX_EXPORTS", "x")
    monkeypatch.setenv("HOMEOSTAT_CONTRACTS__NEPTUNED__MEMORY", "1")
    assert mistakes("[api]\nmax-exports = 3\n[contracts.neptuned]\nmemory = 64", file) == [
        "variable HOMEOSTAT_API__MAX_EXPORTS: must be a whole number",
        "variable HOMEOSTAT_CONTRACTS__NEPTUNED__MEMORY: must be at least 16",
    ]
    monkeypatch.delenv("HOMEOSTAT_CONTRACTS__NEPTUNED__MEMORY")
    both = mistakes("[api]\nmax-exports = '3'", file)
    assert both == ["2: api.max-exports: must be a whole number", "variable HOMEOSTAT_API__MAX_EXPORTS: must be a whole number"]


def test_a_variable_completes_a_table_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "[accounts.oidc]\nissuer = 'https://a'\nemail-domains = ['a.example']"
    monkeypatch.setenv("HOMEOSTAT_ACCOUNTS__OIDC__CLIENT_ID", "x")
    (said,) = mistakes(table, file)
    assert said.startswith("1: accounts.oidc: email-domains goes with create = true")
    monkeypatch.setenv("HOMEOSTAT_ACCOUNTS__OIDC__CREATE", "true")
    file.write_text(table)
    oidc = load(file).accounts.oidc
    assert oidc is not None and oidc.create is True, "variables are text, and are converted"


def test_a_path_that_is_none_is_said_in_our_words() -> None:
    with pytest.raises(ValidationError) as refused:
        Configuration(state=5)  # type: ignore[arg-type]
    assert first_problem(refused.value) == "state: must be a path, as text"


def test_a_command_reads_it_wherever_it_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f'state = "{file.parent}/nobody"')
    for words in (["--config", str(file), "get", "vms"], ["get", "vms", "--config", str(file)]):
        assert run(words) == 1
        assert f"the state folder {file.parent}/nobody yet" in capsys.readouterr().err
    assert run(["--config", str(file), "--state", str(file.parent / "other"), "get", "vms"]) == 1
    assert f"the state folder {file.parent}/other yet" in capsys.readouterr().err
    assert run(["--config", str(file.parent / "none"), "get", "vms"]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_a_mistake_keeps_nobody_from_help(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("sate = 1")
    assert run(["--config", str(file), "get", "vms"]) == 1
    for words in (["version"], ["get", "--help"], ["config", "schema"]):
        assert run(["--config", str(file), *words]) == 0
    assert "sate" in capsys.readouterr().err


def test_it_is_checked_as_a_start_would(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", str(file)]) == 1
    said = capsys.readouterr().err
    assert (
        f"{file}:{line('bind')}: api.bind: --token-file /t: cannot be read" in said
        and f"{file}:4: connect: goes with no [up] host" in said
    )
    assert f"{file}:{line('host-label')}: up.host-label: labels one host" in said
    file.write_text("[api]\nbind = '0.0.0.0:80'\n[up]\nhost-label = {'no label' = 'x'}")
    assert run(["config", "check", str(file)]) == 1
    said = capsys.readouterr().err
    assert f"{file}:2: api.bind: --bind 0.0.0.0 can be reached from other hosts" in said and f"{file}:4: up.host-label" in said
    file.write_text("[api]\nallow-origin = ['https://panel.example/']")
    assert run(["config", "check", str(file)]) == 1
    assert f"{file}:2: api.allow-origin: --allow-origin https://panel.example/: write it as" in capsys.readouterr().err
    file.write_text("[api]\nbind = '127.0.0.1:80'")
    assert run(["config", "check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: fine\n"


@pytest.mark.parametrize("url", ["mysql://root:secret@h/y", "nonsense", "sqlite:///relative.db"])
def test_a_database_that_accounts_cannot_be_in_is_refused(file: Path, capsys: pytest.CaptureFixture[str], url: str) -> None:
    file.write_text(f"[accounts]\ndatabase = '{url}'")
    assert run(["config", "check", str(file)]) == 1
    said = capsys.readouterr().err
    assert f"{file}:2: accounts.database: the accounts database " in said and "secret" not in said
    for fine in ("sqlite:////var/lib/accounts.db", "postgresql+psycopg://homeostat@db.example.org/accounts"):
        file.write_text(f"[accounts]\ndatabase = '{fine}'")
        assert run(["config", "check", str(file)]) == 0


def test_two_contracts_on_one_port_are_refused_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listeners = {"limen": "127.0.0.1:9001", "neptuned": "127.0.0.1:9001", "qemu-manager": "127.0.0.1:9002"}
    file.write_text("".join(f"[contracts.{name}]\nbind = '{bind}'\n" for name, bind in listeners.items()))
    assert run(["config", "check", str(file)]) == 1
    said = [found for found in capsys.readouterr().err.splitlines() if "has port" in found]
    assert len(said) == 1 and "contracts." in said[0] and "has port 9001: give each a port of its own" in said[0], said


def test_it_is_shown_with_where_each_thing_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOMEOSTAT_API__MAX_REPLICAS", "9")
    monkeypatch.delenv("HOMEOSTAT_STATE", raising=False)
    assert run(["--config", str(file), "config", "show"]) == 0
    shown = capsys.readouterr().out
    lines = {line.split("#")[0].strip(): line.split("#")[1].strip() for line in shown.splitlines() if "  #" in line}
    assert (
        lines['state = "/s"'] == "line 2"
        and lines['host-selector = {"zone" = "a", "tier" = "b"}'] == f"line {line('host-selector')}"
    )
    assert lines["max-replicas = 9"] == "HOMEOSTAT_API__MAX_REPLICAS"
    told = tomllib.loads(ALL)
    told["api"]["max-replicas"] = 9
    assert tomllib.loads(shown) == told, "what is shown says the same"
    assert run(["--config", str(file), "config", "show", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_the_schema_takes_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.name == "schema" and run(["config", "schema"]) == 0
    told = json.loads(capsys.readouterr().out)
    for text in (ALL, EXAMPLE.read_text(), ""):
        jsonschema.validate(tomllib.loads(text), told)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"api": {"bnid": 1}}, told)


def test_the_example_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", str(EXAMPLE)]) == 0, capsys.readouterr().err
