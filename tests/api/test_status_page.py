from __future__ import annotations

import re

from tests.api.harness import Api


def test_the_page_needs_nothing_from_elsewhere(api: Api) -> None:
    answer = api.http.get("/")
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]+'", policy)
    assert not re.search(r"https?://", answer.text)


def test_the_page_puts_no_text_in_as_html(api: Api) -> None:
    page = api.http.get("/").text
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in page
