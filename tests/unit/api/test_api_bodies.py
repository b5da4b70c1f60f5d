"""What is taken for JSON, and what JSON is answered with."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient
from pydantic import BaseModel, Field, ValidationError

from homeostat_api.http import errors, media
from homeostat_api.http.errors import FIELD_MAX, PROBLEMS_MAX, Problem, invalid_model
from homeostat_api.http.media import BODY_LIMIT
from homeostat_contracts.volant.errors import ANSWERS


class Named(BaseModel):
    name: str


class Desk:
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = (await media.read_model(req, Named)).model_dump()


def answered(body: bytes, content_type: str = falcon.MEDIA_JSON, **headers: str) -> Result:
    app: Any = falcon.asgi.App()
    errors.install(app, ANSWERS)
    media.install(app)
    app.add_route("/desk", Desk())
    return TestClient(app).simulate_post("/desk", body=body, headers={"Content-Type": content_type, **headers})


@pytest.mark.parametrize("content_type", [falcon.MEDIA_JSON, f"{falcon.MEDIA_JSON}; charset=utf-8", media.MERGE_PATCH])
def test_a_body_is_answered_as_compact_utf8(content_type: str) -> None:
    answer = answered('{ "name": "größe" }'.encode(), content_type)
    assert (answer.status_code, answer.content) == (200, '{"name":"größe"}'.encode())
    assert answer.headers["content-type"] == falcon.MEDIA_JSON


def test_half_a_character_does_not_break_an_answer() -> None:
    assert media.dumps({"a": "\ud800", "b": [1, None]}) == b'{"a":"?","b":[1,null]}'


@pytest.mark.parametrize(
    ("body", "status", "code", "text"),
    [
        (b"", 400, "invalid_request", "The body is empty; a JSON object is needed"),
        (b"[]", 400, "invalid_request", "The body must be a JSON object"),
        (b"1", 400, "invalid_request", "The body must be a JSON object"),
        (b"{}", 400, "invalid_request", "name: is missing"),
        (b"{", 400, "malformed_json", "The body is not valid JSON: "),
        (b'{"name":NaN}', 400, "malformed_json", "The body is not valid JSON: NaN is not JSON"),
        (b'{"name":-Infinity}', 400, "malformed_json", "The body is not valid JSON: -Infinity is not JSON"),
        (
            b'{"a":' + b"7" * 5000 + b"}",
            400,
            "malformed_json",
            "The body is not valid JSON: a number has 5000 digits, and 4300 are",
        ),
        (b'{"a":1,"b":2,"b":3}', 400, "malformed_json", "The body is not valid JSON: the field 'b' is given twice"),
        (b'{"x":{"a":1,"a":1}}', 400, "malformed_json", "The body is not valid JSON: the field 'a' is given twice"),
        (b'{"name":"\xff"}', 400, "malformed_json", "The body is not valid JSON: "),
        (b"[" * 200_000, 400, "malformed_json", "The body is nested too deeply"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, 400, "malformed_json", "The body is nested too deeply"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "invalid_request", "name: is missing"),
        (b" " * (BODY_LIMIT + 1), 413, "body_too_large", "The body is larger than"),
    ],
)
def test_what_is_no_body(body: bytes, status: int, code: str, text: str) -> None:
    answer = answered(body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["error"].startswith(text)


def test_a_body_that_is_packed() -> None:
    answer = answered(b'{"name":"a"}', **{"Content-Encoding": "GZip"})
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert answer.json["error"] == "Content-Encoding: gzip is not taken: send the body as it is"
    assert answered(b'{"name":"a"}', **{"Content-Encoding": "identity"}).status_code == 200


def test_a_body_of_another_type() -> None:
    for content_type in ("application/yaml", "application/x-www-form-urlencoded", falcon.MEDIA_MSGPACK):
        answer = answered(b'{"name":"a"}', content_type)
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    ["APPLICATION/JSON", "Application/Json; Charset=UTF-8", "application/json;charset=utf-8", " application/json ;q=0", ""],
)
def test_a_media_type_is_compared_in_any_case_and_without_parameters(content_type: str) -> None:
    assert answered(b'{"name":"a"}', content_type).status_code == 200


@pytest.mark.parametrize("content_type", ["json", "application/json/x", "application/jsonx", "text/json", "/"])
def test_what_only_looks_like_it(content_type: str) -> None:
    assert answered(b'{"name":"a"}', content_type).status_code == 415


def test_a_field_that_is_given_twice_is_named_briefly() -> None:
    long = 100 * "n"
    assert f"the field '{long[:64]}' is given twice" in answered(f'{{"{long}":1,"{long}":2}}'.encode()).json["error"]


class Stream:
    """As a body comes, whatever its length was said to be."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, size: int) -> bytes:
        return self._body[:size]


@pytest.mark.parametrize("said", [True, False])
def test_the_largest_body(said: bool) -> None:
    def read(size: int) -> object:
        body = b'{"name":"' + b"a" * (size - 11) + b'"}'
        assert len(body) == size
        return asyncio.run(media.StrictJson().deserialize_async(Stream(body), None, size if said else None))

    assert read(BODY_LIMIT) == {"name": "a" * (BODY_LIMIT - 11)}
    with pytest.raises(Problem) as refused:
        read(BODY_LIMIT + 1)
    assert (refused.value.status_code, refused.value.details) == (413, {"limit": BODY_LIMIT})
    with pytest.raises(Problem):
        asyncio.run(media.StrictJson().deserialize_async(Stream(b"{}"), None, BODY_LIMIT + 1))


class Many(BaseModel):
    numbers: list[int] = Field(default_factory=list)


def problem(model: type[BaseModel], body: Any) -> Problem:
    with pytest.raises(ValidationError) as found:
        model.model_validate(body)
    return invalid_model(found.value, model)


@pytest.mark.parametrize(("wrong", "more"), [(1, ""), (2, " (and 1 more)"), (99, " (and 98 more)")])
def test_what_is_wrong_with_a_body_is_listed(wrong: int, more: str) -> None:
    found = problem(Many, {"numbers": ["x"] * wrong})
    assert (found.status_code, found.problem_code) == (400, "invalid_request")
    listed = found.details["fields"]
    assert [one["field"] for one in listed] == [f"numbers.{index}" for index in range(min(wrong, PROBLEMS_MAX))]
    assert found.title == f"numbers.0: {listed[0]['problem']}{more}"


class Strict(BaseModel, extra="forbid"):
    labels: dict[str, str] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("field", "said"), [("lables", "unknown field; did you mean labels?"), ("zzz", "unknown field; the fields here are labels")]
)
def test_a_field_that_there_is_not_is_answered_with_what_was_meant(field: str, said: str) -> None:
    found = problem(Strict, {field: {}})
    assert (found.title, found.details["fields"]) == (f"{field}: {said}", [{"field": field, "problem": said}])


def test_what_is_wrong_with_the_whole_names_no_field() -> None:
    assert problem(Many, []).title == problem(Many, []).details["fields"][0]["problem"]


def test_a_field_whose_name_comes_from_the_request_is_cut() -> None:
    class Strict(BaseModel, extra="forbid"):
        pass

    assert len(problem(Strict, {"x" * 2_000: 1}).details["fields"][0]["field"]) == FIELD_MAX


@pytest.mark.parametrize(
    ("length", "large"), [(10, False), (media.LARGE, False), (media.LARGE + 1, True), (BODY_LIMIT, True), (None, True)]
)
def test_a_large_body_is_made_something_of_in_a_thread(length: int | None, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that does not say how long it is."""
    seen: list[bool] = []

    async def aside(large: bool, work: Any, *arguments: Any) -> Any:
        seen.append(large)
        return work(*arguments)

    monkeypatch.setattr(media, "aside", aside)

    async def read() -> object:
        async def get_media() -> object:
            return {"name": "a"}

        request: Any = SimpleNamespace(context=SimpleNamespace(), content_length=length, content_type=None, get_media=get_media)
        return await media.read_model(request, Named)

    assert asyncio.run(read()) == Named(name="a")
    assert seen == [large]


@pytest.mark.parametrize(
    ("said", "body", "aside"),
    [(16 * 1024, 16 * 1024, []), (16 * 1024 + 1, 16 * 1024, [Named]), (None, 2, [Named]), (2, 16 * 1024 + 1, ["parse"])],
)
def test_what_a_thread_does_of_a_body(monkeypatch: pytest.MonkeyPatch, said: int | None, body: int, aside: list[object]) -> None:
    done: list[object] = []

    async def to_thread(work: Any, *arguments: Any) -> object:
        done.append(getattr(work, "__self__", "parse"))
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    content = b'{"name":"a"}'.ljust(body)

    async def media_of() -> object:
        return await media.StrictJson().deserialize_async(Stream(content), None, None)

    request: Any = SimpleNamespace(context=SimpleNamespace(), get_media=media_of, content_type=None, content_length=said)
    assert asyncio.run(media.read_model(request, Named)).name == "a"
    assert done == aside
