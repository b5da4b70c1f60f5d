"""S16, S17, and what pages ask for besides: HTML for everybody, the screen's page for whoever has signed in."""

from __future__ import annotations

import pytest

from tests.contracts.vm_share.lab import Lab, Student, refused


@pytest.mark.parametrize("path", ["/signup", "/profile"])
def test_s16_s17_pages_for_everybody(lab: Lab, path: str) -> None:
    with lab.http() as http:
        answer = http.get(path)
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert "https://" not in answer.text
        script = f"/pages{path}.js"
        assert script in answer.text and http.get(script).headers["Content-Type"].startswith("text/javascript")
        assert http.get("/pages/pages.css").status_code == 200


def test_the_page_of_a_screen_is_for_whoever_has_signed_in(lab: Lab, student: Student) -> None:
    with lab.http() as http:
        refused(http.get("/novnc/vnc.html"), 401)
    answer = student.ask("GET", "/novnc/vnc.html?autoconnect=1&path=ws/1")
    assert answer.status_code in (200, 503) and answer.headers["Content-Type"].startswith("text/html")


def test_metrics_are_for_whoever_moderates(lab: Lab, student: Student) -> None:
    refused(student.ask("GET", "/metrics_json"), 403)
    student.done("/run-script", os_type="tiny")
    with lab.http() as http:
        said = http.get("/metrics_json", headers=lab.root().headers).json()
    assert said["status"] == "success"
    (family,) = [one for one in said["data"] if one["name"] == "vmshare_active_sessions"]
    (sample,) = family["samples"]
    assert set(family) == {"name", "type", "samples"} and set(sample) == {"name", "labels", "value", "timestamp"}
    assert sample["value"] >= 1
