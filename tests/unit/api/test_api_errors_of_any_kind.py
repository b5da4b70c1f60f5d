"""Whatever a responder raises is answered in the contract's shape, and what nobody foresaw is found in the log by its id."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.models.base import Key
from homeostat.models.outside import TOLD_MAX
from homeostat.store import errors as store_errors
from homeostat_api.http import errors
from homeostat_contracts.volant.errors import ANSWERS, deleting, not_found

KEY = Key("VirtualMachine", "default", "web")


class Failing:
    """It had begun with another answer."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = "text/html"
        raise self._error


def answered(error: Exception) -> Result:
    app: Any = falcon.asgi.App()
    errors.install(app, ANSWERS)
    app.add_route("/failing", Failing(error))
    result = TestClient(app).simulate_get("/failing")
    assert result.headers["content-type"] == falcon.MEDIA_JSON
    assert set(result.json) == {"error", "code", "details"}
    return result


@pytest.mark.parametrize(
    ("error", "status", "code", "text"),
    [
        (falcon.HTTPForbidden(description="not you"), 403, "error", "not you"),
        (falcon.HTTPForbidden(title="No", description="not you"), 403, "error", "not you"),
        (falcon.HTTPForbidden(title="No"), 403, "error", "No"),
        (falcon.HTTPForbidden(), 403, "error", "403 Forbidden"),
        (falcon.HTTPBadRequest(description="odd"), 400, "bad_request", "odd"),
        (store_errors.Denied("may not patch hosts"), 403, "forbidden", "may not patch hosts"),
        (store_errors.StoreError("the disk is full"), 503, "store_unavailable", "the disk is full"),
        (deleting("VirtualMachine", "web"), 409, "vm_deleting", "VM is being deleted"),
    ],
)
def test_an_error_is_answered(error: Exception, status: int, code: str, text: str) -> None:
    result = answered(error)
    assert (result.status_code, result.json["code"], result.json["error"]) == (status, code, text)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (store_errors.NotFound(KEY), 404, "vm_not_found"),
        (store_errors.AlreadyExists(KEY), 409, "vm_exists"),
        (store_errors.Conflict(KEY, "1", "2"), 409, "conflict"),
    ],
)
def test_what_the_store_refuses_names_the_resource(error: Exception, status: int, code: str) -> None:
    result = answered(error)
    assert (result.status_code, result.json["code"], result.json["details"]) == (status, code, {"name": "web"})


@pytest.mark.parametrize(
    ("error", "text", "details"),
    [
        (falcon.HTTPMethodNotAllowed(["GET", "PUT"]), "GET is not supported here", {"allow": "GET, PUT"}),
        (falcon.HTTPError(405), "GET is not supported here", {"allow": ""}),
        (falcon.HTTPNotFound(description="odd"), "There is nothing at this path", {"path": "/failing"}),
        (falcon.HTTPForbidden(description="not you"), "not you", {}),
    ],
)
def test_what_the_router_refuses_says_what_there_is(error: Exception, text: str, details: dict[str, str]) -> None:
    result = answered(error)
    assert result.json["error"].startswith(text) and result.json["details"] == details


def test_what_was_asked_for_is_cut_where_it_is_repeated() -> None:
    app: Any = falcon.asgi.App()
    errors.install(app, ANSWERS)
    long = "/" + 300 * "a"
    assert TestClient(app).simulate_get(long).json["details"] == {"path": long[:256]}
    assert not_found("Plugin", 300 * "a").details == {"name": 256 * "a"}


def test_what_a_document_may_not_say_is_listed_by_field() -> None:
    result = answered(store_errors.Invalid([store_errors.DocumentProblem("spec.cpu", "is unknown")]))
    assert (result.status_code, result.json["code"]) == (400, "invalid_request")
    assert result.json["details"] == {"fields": [{"field": "spec.cpu", "problem": "is unknown"}]}
    refused = answered(store_errors.NotEditable("web.yaml is a link"))
    assert (refused.status_code, refused.json["code"], refused.json["details"]) == (409, "not_editable", {})


def test_a_store_that_fails_is_worth_another_try() -> None:
    assert answered(store_errors.StoreError("the disk is full")).headers["retry-after"] == "5"


def test_an_incident_is_found_in_the_log_by_its_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "homeostat.api"):
        result = answered(RuntimeError("a secret of ours"))
    assert (result.status_code, result.json["code"]) == (500, "internal_error")
    assert "secret" not in result.text
    assert re.fullmatch("[0-9a-f]{12}", result.json["details"]["id"]), "short enough to be told by telephone"
    (record,) = caplog.records
    assert f"incident {result.json['details']['id']}: GET /failing failed" in record.message
    assert record.exc_info is not None and "a secret of ours" in str(record.exc_info[1])


SECRET = "Sw0rdf1sh"
LONG = [
    "x" * 100_000,
    "é" * 50_000,
    "\x1b" * 3_000,
    f"https://anna:{SECRET}@host/a?t={SECRET} " * 3_000,
    f"https://host/a?t={SECRET * 5_000}",
    "\n" * 20_000,
]


@pytest.mark.parametrize("text", LONG)
def test_no_text_of_an_error_is_without_an_end_and_none_holds_a_secret(text: str) -> None:
    problems = [store_errors.DocumentProblem(text, text), store_errors.DocumentProblem("spec", text)]
    for error in (
        store_errors.StoreError(text),
        store_errors.NotEditable(text),
        store_errors.Invalid(problems),
        errors.invalid(text, deep=[{"said": text}], given=text),
        falcon.HTTPForbidden(description=text),
    ):
        result = answered(error)
        for said in texts(result.json):
            assert len(said) <= TOLD_MAX and SECRET not in said


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)
