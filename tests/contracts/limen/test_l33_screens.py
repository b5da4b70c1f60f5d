"""L33 to L36, L38, L39, L41: screens by WebSocket. libvirt's test driver has none: so a viewer learns how far he came, and why no
further."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import websocket

from tests.api.modes import of_a_folder
from tests.contracts.limen.conftest import PANEL
from tests.contracts.limen.people import Limen, Somebody, texts

NOT_FOUND = "00000000-0000-4000-8000-000000000000"


def errors(said: list[dict[str, Any]]) -> dict[str, Any]:
    assert said and said[-1]["type"] == "error", said
    return said[-1]


@pytest.mark.parametrize("path", ["/vnc/{}", "/vnc?id={}", "/vnc?uuid={}", "/ws/vnc?id={}", "/ws/vnc?uuid={}"])
def test_l33_the_machine_is_named_in_the_path_or_the_query(limen: Limen, bob: Somebody, path: str) -> None:
    vm = screen_of(bob)
    for named in (vm["uuid"], str(vm["id"])):
        address = path.format(named)
        said = texts(limen.screen(f"{address}{'&' if '?' in address else '?'}token={bob.access}"))
        messages = [one.get("message") for one in said]
        assert messages[0] == "Connected, checking VM status..." and "Getting VNC port..." in messages


def screen_of(somebody: Somebody) -> dict[str, Any]:
    """A machine that runs; one for all tests here."""
    found = [vm for vm in somebody.browser.get("/api/vms").json() if vm["name"] == "screened"]
    return dict(found[0]) if found else somebody.make("screened")


def test_l34_a_token_a_header_and_a_cookie_each_open_it(limen: Limen, bob: Somebody, amy: Somebody) -> None:
    path = f"/vnc/{screen_of(bob)['uuid']}"
    mine, hers = f"Authorization: Bearer {bob.access}", f"Authorization: Bearer {amy.access}"
    cookie = f"refresh_token={limen.somebody('bob').refresh}"
    assert len(texts(limen.screen(path, header=[mine]))) > 2
    assert len(texts(limen.screen(path, cookie=cookie))) > 2
    assert len(texts(limen.screen(f"{path}?token={bob.access}", header=[hers]))) > 2  # the query counts first
    assert errors(texts(limen.screen(path, header=[hers], cookie=cookie)))["code"] == "VM_NOT_FOUND"  # then the header


@pytest.mark.parametrize("shown", [{}, {"cookie": "refresh_token=hsr_no"}, {"header": ["Authorization: Bearer no"]}])
@pytest.mark.parametrize("path", ["/vnc", "/ws/vnc", f"/vnc/{NOT_FOUND}", f"/vnc/{NOT_FOUND}?token=no"])
def test_l34_nobody_is_refused_before_the_upgrade(limen: Limen, path: str, shown: dict[str, Any]) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        limen.screen(path, **shown)
    assert refused.value.status_code == 401
    assert b'{"code":401,"message":' in refused.value.resp_body
    assert refused.value.resp_headers["x-request-id"]


def test_l34_a_page_elsewhere_opens_nothing_by_a_cookie(limen: Limen, bob: Somebody) -> None:
    path, cookie = f"/vnc/{screen_of(bob)['uuid']}", f"refresh_token={limen.somebody('bob').refresh}"
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        limen.screen(path, cookie=cookie, origin="https://evil.example")
    assert refused.value.status_code == 403
    assert len(texts(limen.screen(path, cookie=cookie, origin=PANEL))) > 2


def test_l35_no_uuid(limen: Limen, bob: Somebody) -> None:
    for path in ("/vnc", "/ws/vnc"):
        missing = {"type": "error", "error": "VM UUID is required", "code": "MISSING_VM_UUID"}
        assert texts(limen.screen(f"{path}?token={bob.access}")) == [missing]
        answer = limen.visitor().get(path)
        assert (answer.status_code, answer.json()["message"]) == (400, "VM UUID is required")


@pytest.mark.parametrize("named", [NOT_FOUND, "999999", "no-uuid"])
def test_l36_an_unknown_uuid(limen: Limen, bob: Somebody, named: str) -> None:
    said = errors(texts(limen.screen(f"/vnc/{named}?token={bob.access}")))
    assert said == {"type": "error", "error": "VM not found", "code": "VM_NOT_FOUND", "vm_uuid": named}


def test_l36_no_websocket(limen: Limen) -> None:
    answer: httpx.Response = limen.visitor().get(f"/vnc/{NOT_FOUND}")
    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")


def test_l38_one_that_is_off_is_started_first(limen: Limen, bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    bob.act(vm["id"], "stop")
    said = [one.get("message") for one in texts(limen.screen(f"/vnc/{vm['uuid']}?token={bob.access}"))]
    assert said[:3] == ["Connected, checking VM status...", "Starting VM...", "Getting VNC port..."]
    shown = bob.listed(vm["id"])
    assert shown is not None and shown["status"] == "Running"


@of_a_folder
def test_l38_one_that_does_not_start(limen: Limen, bob: Somebody) -> None:
    limen.served.real.host("define", "others-domain")
    try:
        made = bob.make("others-domain")
        assert made["status"] == "Stopped" and "others-domain" in made["message"]
        said = texts(limen.screen(f"/vnc/{made['uuid']}?token={bob.access}"))
    finally:
        limen.served.real.host("undefine", "others-domain")
    assert said[-2]["message"] == "Starting VM..."
    assert said[-1] == {"type": "error", "error": "VM is not running", "code": "VM_NOT_RUNNING", "status": "Stopped"}


def test_l39_a_screen_that_cannot_be_reached(limen: Limen, bob: Somebody) -> None:
    vm = screen_of(bob)
    socket = limen.screen(f"/vnc/{vm['uuid']}?token={bob.access}")
    said = texts(socket)
    assert f"port {5899 + vm['id']}..." in said[-2]["message"]
    assert errors(said)["code"] == "VNC_CONNECTION_FAILED" and errors(said)["error"]


def test_l41_an_upgrade_has_an_id(limen: Limen, bob: Somebody) -> None:
    socket = limen.screen(f"/vnc?token={bob.access}")
    headers = socket.getheaders()
    assert headers is not None and headers["x-request-id"]
    assert socket.getsubprotocol() is None
