"""SECURITY 11: user, password and query of a URL do not leave: not by conditions, events, plans, output, logs or answers."""

from __future__ import annotations

import json
import logging
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeostat.cli.show.plans.render_changes import render_changes
from homeostat.cli.terminal import dressed
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineHealth, PendingChange
from homeostat.models.outside import TOLD_MAX, redacted, redacted_all, tellable
from homeostat.runtime.engine.ports import Happening
from homeostat.runtime.log_lines import LogLines
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


_signs = st.text(string.ascii_letters + string.digits + string.punctuation + "\x1b\u2028\xa0é", max_size=6)
_quotes = st.sampled_from(["", "'", '"', "`", "<", "(", "\\'", '{"url":"', "<a href='", "see:", "x_"])
_SHAPES = {  # where a secret may stand, and the signs that would end it there by the letter of RFC 3986
    "https://u:{}@host/a": "/?#@\\",
    "{}@host/a": "/?#@\\:",
    "https://{}@host:80/a": "/?#@\\:",
    "https:\\/\\/u:{}@host\\/a": "/?#@\\",
    "https://proxy/https://u:{}@host/a": "/?#@\\",
    "https://host/a;tok={}": "&#=",
    "https://host/a;{}/b?v=1": "&#=",
    "https://host/a?t={}": "&#",
    "https://host/a?v=1&amp;t={}": "&#",
    "https://host/a?{}": "&#=",
    "https://host/a#{}": "",
    "https://host/a?v=1#{}": "",
    "file:///x?t={}": "&#",
    "//host/a?t={}": "&#",
    "qemu+ssh://u:{}@host/system": "/?#@\\",
    "qemu+ssh://u@host/system?password={}": "&#;?",
    "qemu:///system#{}": "",
}


@settings(max_examples=120)
@given(st.sampled_from(sorted(_SHAPES)), _signs, _signs, _quotes, _quotes, st.sampled_from(["", " again", "\nnext", ": 404"]))
def test_security_11_no_sign_in_a_secret_lets_the_rest_of_it_show(
    shape: str, before: str, after: str, opening: str, closing: str, prose: str
) -> None:
    for ends in _SHAPES[shape]:
        before, after = before.replace(ends, ""), after.replace(ends, "")
    url = shape.format(f"{before}{SECRET}{after}") if shape[0] != "{" else f"ftp://{shape.format(f'{before}{SECRET}{after}')}"
    said = redacted(f"cannot get {opening}{url}{closing}{prose}")
    assert SECRET not in said
    assert said.startswith("cannot get ") and said.endswith(prose)
    assert redacted(said) == said


@settings(max_examples=60)
@given(st.text("/\\:@?#;&=.ab1*[]\"') ", max_size=40))
def test_what_was_redacted_is_redacted(text: str) -> None:
    """Else a status that was read would differ from the one that is about to be written, at rest."""
    assert redacted(redacted(text)) == redacted(text)
    long = tellable(f"https://h/a?t={text * 60}")
    assert tellable(long) == long and len(long) <= TOLD_MAX


@pytest.mark.parametrize("word", ["x", "x ", f"{URL} ", "\udcff", "https://u:p@"])
def test_what_is_kept_of_a_text_has_an_end(word: str) -> None:
    said = tellable(f"{word * 2_000} end")
    assert len(said) <= TOLD_MAX and said.endswith("characters in all)") and SECRET not in said
    assert tellable(word) == redacted(word.encode("utf-8", "backslashreplace").decode())


@pytest.mark.parametrize("put", [lambda text: text, lambda text: [text], lambda text: {"a": [{"b": text}]}])
@pytest.mark.parametrize("text", [URL, f"got {URL}", f"{URL} " * 2_000])
def test_security_11_the_fields_of_an_event_hold_none(text: str, put: Callable[[str], Any]) -> None:
    fields = Happening("Normal", "Created", "made", {"plugin": put(text), "count": 3}).fields
    said = json.dumps(fields)
    assert SECRET not in said and "***" in said and len(said) < TOLD_MAX + 100 and fields["count"] == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (URL, SHOWN),
        ('{"url":"https://h/a?t=S"}', '{"url":"https://h/a?t=***"}'),
        ("https://h/a?dG9rZW4=", "https://h/a?***"),
        ("https://h/a;sid=1/b.img", "https://h/a;sid=***"),
        ("in https://h/a; again", "in https://h/a; again"),
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
