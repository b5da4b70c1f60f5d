"""Keys over HTTP: a chord or a text, for whoever may change the machine, and passed on to the server beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import ASGIConductor, Result

from homeostat.consoles.keyboard import KEYS_MAX, TEXT_MAX
from homeostat.models.machine import MachineState
from homeostat.service.consoles import keys as service_keys
from tests.unit.api.consoles_over_http import application_over
from tests.unit.api.test_requests_that_are_passed_on import another
from tests.unit.watching import Watched, host, machine, reported

KEYS = "/api/v1/vms/web/keys"


async def post(watched: Watched, body: Any, who: str = "bob", **headers: str) -> Result:
    asks = ASGIConductor(application_over(watched.service))
    return await asks.simulate_post(
        KEYS, json=body, headers={"X-Who": who, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def code(answer: Result) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


@pytest.fixture(autouse=True)
def pressed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Returns what was pressed."""
    found: list[tuple[int, ...]] = []

    def press(uri: str, uuid: str, chords: Sequence[tuple[int, ...]], hold: int) -> None:
        found.extend(chords)

    monkeypatch.setattr(service_keys, "press_keys", press)
    monkeypatch.setattr(service_keys, "seconds_of", lambda chords: 0)
    return found


@pytest.mark.parametrize(
    ("body", "chords"),
    [
        ({"keys": ["ctrl", "alt", "delete"]}, [(29, 56, 111)]),
        ({"text": "a\n"}, [(30,), (28,)]),
        ({"keys": ["a", "b", "c", "d", "e", "f", "g", "h"]}, [(30, 48, 46, 32, 18, 33, 34, 35)]),
        ({"text": "a" * TEXT_MAX}, [(30,)] * 1000),
        ({"keys": ["a"], "text": None}, [(30,)]),
    ],
    ids=["chord", "text", "the most keys", "the longest text", "null is nothing"],
)
async def test_they_are_pressed(tmp_path: Path, pressed: list[Any], body: Any, chords: list[Any]) -> None:
    answer = await post(Watched(tmp_path, machine()), body)
    assert (answer.status_code, answer.content, pressed) == (204, b"", chords), answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "give keys, or text"),
        ({"keys": ["a"], "text": "a"}, "give keys, or text"),
        ({"keys": []}, "keys"),
        ({"keys": ["a"] * (KEYS_MAX + 1)}, "keys"),
        ({"keys": [""]}, "keys"),
        ({"keys": ["a" * 33]}, "keys"),
        ({"text": ""}, "text"),
        ({"text": "a" * (TEXT_MAX + 1)}, "text"),
        ({"text": "a", "hold": 1}, "hold"),
    ],
    ids=["nothing", "both", "no keys", "too many keys", "key without a name", "name too long", "no text", "too long", "unknown"],
)
async def test_what_is_asked_for_wrongly(tmp_path: Path, pressed: list[Any], body: Any, said: str) -> None:
    answer = await post(Watched(tmp_path, machine()), body)
    assert answer.status_code == 400 and said in answer.text and not pressed
    assert answer.json["code"] in ("invalid_request", "invalid_body"), answer.text


async def test_a_key_with_the_longest_name_is_looked_for(tmp_path: Path) -> None:
    answer = await post(Watched(tmp_path, machine()), {"keys": ["a" * 32]})
    assert code(answer) == (400, "no_such_key") and answer.json["details"] == {"name": "web", "key": "a" * 32}


async def test_what_is_refused(tmp_path: Path, pressed: list[Any]) -> None:
    watched = Watched(tmp_path, machine())
    refused = await post(watched, {"text": "naïve"})
    assert code(refused) == (400, "no_such_key") and "character 3, ï" in refused.json["error"]
    assert code(await post(watched, {"text": "a"}, "eve")) == (403, "forbidden")
    assert (await post(watched, {"text": "a"}, "sam")).status_code == 404
    watched.now(reported(machine(), state=MachineState.STOPPED))
    assert code(await post(watched, {"keys": ["a"]})) == (409, "console_unavailable")
    assert not pressed


@pytest.mark.parametrize("body", [{"keys": ["ctrl", "c"]}, {"text": "a"}], ids=["chord", "text"])
async def test_another_server_presses_them(tmp_path: Path, pressed: list[Any], body: Any) -> None:
    with another(b"HTTP/1.1 204 No Content\r\n\r\n", until="}") as (address, asked):
        watched = Watched(tmp_path, reported(machine(), host="a"), host("a", api=address), clustered=True)
        answer = await post(watched, body, Authorization="Bearer t")
    head, _, said = "".join(asked).partition("\r\n\r\n")
    assert answer.status_code == 204 and json.loads(said) == body and head.startswith(f"POST {KEYS} ")
    assert "authorization: bearer t" in head.lower() and not pressed
    again = await post(watched, body, Homeostat_Passed_On="1")
    assert code(again) == (409, "console_unavailable")
    assert code(await post(watched, body)) == (503, "console_unavailable")
