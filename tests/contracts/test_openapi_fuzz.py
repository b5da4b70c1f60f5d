"""schemathesis over each contract's own document, as everybody there is: no 5xx, no dropped connection, nothing undocumented,
and every error in the contract's shape."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.core.failures import FailureGroup

from homeostat.accounts.rights import Role
from homeostat_api.config import CONTRACTS
from tests.api import inside
from tests.api.fuzzed import make, obedient
from tests.api.harness import serving
from tests.api.people import bearer, settle
from tests.api.test_openapi_fuzz_by_role import CHECKS, LIMIT, ROLES, TOKEN, made_up, people
from tests.contracts.rows import ERRORS
from tests.rig.waiting import free_port

SECONDS = 20.0  # then what is left is another run's: the order is another one each time


def wrong_with(case: schemathesis.Case, port: int, headers: dict[str, str], shape: set[str]) -> str:
    """What is wrong with an answer; nothing: ''."""
    try:
        answer = case.call(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
        case.validate_response(answer, checks=CHECKS, headers=headers)
    except (FailureGroup, requests.RequestException) as error:
        return f"{error}\n" + "\n".join(getattr(error, "__notes__", ()))
    if answer.status_code >= 400:
        body: Any = answer.json()
        return "" if set(body) <= shape else f"an error of another shape: {body}"
    return ""


@pytest.mark.skipif(inside.INSIDE, reason="it is about a server")
@pytest.mark.parametrize("contract", CONTRACTS)
def test_nobodys_request_breaks_the_contract(contract: str, tmp_path: Path) -> None:
    number, port = time.time_ns() % 2**32, free_port()
    print(f"seed {number}")  # which pytest shows of what failed
    settle(tmp_path / "state", **{name: role for name, role in ROLES.items() if name != "root"}, fuzzed=Role.USER)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    options = ("--token-file", str(tmp_path / "token"), "--contract", f"{contract}=127.0.0.1:{port}")
    with serving(tmp_path, *options, headers=dict(bearer(TOKEN))) as api, people(api) as known, obedient(api):
        make(api)
        described = requests.get(f"http://127.0.0.1:{port}/openapi.json", headers=dict(bearer(TOKEN)), timeout=30).json()
        operations = [found.ok() for found in schemathesis.openapi.from_dict(described).get_all_operations()]
        random.Random(number).shuffle(operations)
        found: list[str] = []
        end, asked = time.monotonic() + SECONDS, 0
        for operation in operations:
            if time.monotonic() > end or len(found) > LIMIT:
                break
            asked += 1
            for case in made_up(operation, number, {}):
                for who in known.names:
                    if wrong := wrong_with(case, port, known.shows(who, operation.label), ERRORS[contract]):
                        found.append(f"{operation.label} as {who}: {wrong}")
    print(f"{asked} of {len(operations)} operations")
    assert not found, "\n".join(found)
    assert "incident" not in (tmp_path / "api.log").read_text()
