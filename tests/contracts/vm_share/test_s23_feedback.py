"""S23, S24: feedback is passed on as HTML in which nothing is markup."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.vm_share.lab import Lab, Student, refused


@pytest.mark.parametrize("field", ["message", "text"])
def test_s23_it_is_passed_on_escaped(lab: Lab, student: Student, field: str) -> None:
    assert student.post("/feedback", **{field: f"<b>{field}</b> & 'so'"}).json() == {"ok": True}
    sent = lab.outside.feedback[-1]
    assert (sent["chat_id"], sent["parse_mode"]) == ("42", "HTML")
    assert sent["text"] == f"<b>{student.login}</b>: &lt;b&gt;{field}&lt;/b&gt; &amp; &#x27;so&#x27;"


@pytest.mark.parametrize("body", [{"message": ""}, {"message": "  "}, {"text": None}, {"other": "x"}, {"text": "\u0000\u200b"}])
def test_s24_there_is_something_to_say(lab: Lab, student: Student, body: dict[str, Any]) -> None:
    before = len(lab.outside.feedback)
    refused(student.post("/feedback", **body), 400)
    assert len(lab.outside.feedback) == before


def test_s23_somebody_says_it(lab: Lab) -> None:
    with lab.http() as http:
        refused(http.post("/feedback", json={"message": "x"}), 401)
