"""SECURITY 11: user, password and query of a URL do not leave: not by conditions, events, plans, output, logs or answers."""

from __future__ import annotations

import json
import logging
import re
import string
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeostat.cli.render_plan import render_changes
from homeostat.cli.terminal import dressed
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineHealth, PendingChange
from homeostat.models.outside import redacted, redacted_all
from homeostat.runtime.log_lines import LogLines
from homeostat.runtime.ports import Happening
from tests.unit.cli_state import CliState

SECRET = "Sw0rdf1sh"
URL = f"https://anna:{SECRET}@images.example.org/a.qcow2?X-Signature={SECRET}&sv=1#{SECRET}"
SHOWN = "https://***@images.example.org/a.qcow2?X-Signature=***&sv=***#***"

_secret = st.text(string.ascii_letters + string.digits + "!$&*+,;=~_-%/?:", min_size=8, max_size=24).filter(
    lambda text: any(c.isalpha() for c in text[:1])
)
_query = st.text(string.ascii_letters + string.digits + "!$*+,~_-%/:", min_size=8, max_size=24)
_scheme = st.sampled_from(["http", "https", "HTTPS", "ftp", "s3", "oci"])
_around = st.sampled_from([("", ""), ("GET ", ": 404"), ("(", ")."), ("'", "'"), ('{"url": "', '"}'), ("fetching <", ">, again")])


@settings(max_examples=30)
@given(_scheme, _secret, _query, _around)
@example("https", "p/w?x#y@z", "a" * 8, ("", ""))
def test_security_11_no_password_and_no_token_stays(scheme: str, password: str, token: str, around: tuple[str, str]) -> None:
    before, after = around
    for place in (f"u:{password}@host:80/i", f"{re.sub('[/?#]', '', password)}@host/i"):
        said = redacted(f"{before}{scheme}://{place}{after}")
        assert password not in said and re.sub("[/?#]", "", password) not in said and "host" in said
    for place in (f"host/i?sig={token}", f"host/i?{token}", f"[::1]/i?v=1&t={token}", f"u:p@host/i?a={token}#{token}"):
        said = redacted(f"{before}{scheme}://{place}{after}")
        assert token.rstrip(").,:;!]}") not in said and "/i?" in said
        assert said.startswith(before) and said.endswith(after[-1:])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (URL, SHOWN),
        ("https://ghp_token@host/a", "https://***@host/a"),
        ("https://host/pool@1.2/a.img and http://[::1]:80/@b", "https://host/pool@1.2/a.img and http://[::1]:80/@b"),
        ("https://host/a?only-a-token, then", "https://host/a?***, then"),
        ("qemu+ssh://root@far/system?keyfile=/k&no_verify=1", "qemu+ssh://root@far/system?keyfile=/k&no_verify=1"),
        ("qemu+tcp://me:secret@far/system?password=x", "qemu+tcp://me:***@far/system?password=***"),
        ("no address: anna:secret@host, a // comment", "no address: anna:secret@host, a // comment"),
    ],
)
def test_what_helps_a_reader_stays(text: str, said: str) -> None:
    assert redacted(text) == said
    assert redacted(said) == said


def test_security_11_statuses_and_events_hold_none() -> None:
    condition = Condition(type="Ready", status="False", reason="ImageFailed", message=f"{URL}: 404")
    assert condition.message == f"{SHOWN}: 404"
    assert Condition.model_validate_json(condition.model_dump_json()) == condition  # a status that was read is no other one
    assert SECRET not in MachineHealth(status="unhealthy", message=URL).message
    change = PendingChange(field="disks[root].image", old=URL, new=URL, disruption="NeedsReplace")
    assert SECRET not in change.model_dump_json()
    assert Happening("Normal", "Fetching", f"{URL}: wanted").message == f"{SHOWN}: wanted"


def test_security_11_output_plan_and_log_hold_none() -> None:
    change = PendingChange(field="disks[root].image", old="none", new=URL, disruption="NeedsReplace")
    assert SECRET not in dressed("\n".join(line.text for line in render_changes([change], "")))
    assert dressed(f"  1. fetch {URL}") == f"  1. fetch {SHOWN}"
    record = logging.LogRecord("homeostat", logging.WARNING, "", 0, "%s failed", (URL,), None)
    assert LogLines("%(message)s").format(record) == f"{SHOWN} failed"


def test_security_11_answers_hold_none() -> None:
    answer = {"old": URL, "list": [{"deep": URL}], "n": 1}
    assert SECRET not in json.dumps(redacted_all(answer))


def test_security_11_describe_get_and_events_hold_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web", f"spec:\n  disks:\n  - name: root\n    image: {{url: '{URL}'}}\n")
    cli.report("web", ready=False, message=f"{URL}: the server says no")
    for words in (("describe", "vm", "web"), ("get", "vms", "-o", "wide"), ("get", "errors"), ("events",), ("get", "vms")):
        said = cli.homeostat(*words)
        assert SECRET not in said.out + said.err
    # A spec that is asked for is what was written: it can be applied again.
    assert SECRET in cli.homeostat("get", "vm", "web", "-o", "yaml").out
