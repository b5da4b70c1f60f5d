"""The file with a provider's client secret: what it may hold, and what is said where it holds something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat_api.config import ConfigError, provider_of

TABLE = {"issuer": "https://id.example", "client_id": "homeostat"}


def told(tmp_path: Path, secret: str) -> str:
    file = tmp_path / "secret"
    file.write_text(secret)
    file.chmod(0o600)
    return json.dumps({**TABLE, "client_secret_file": str(file)})


@pytest.mark.parametrize("secret", ["s", "correct horse", "x" * 1024])
def test_a_secret_is_taken(tmp_path: Path, secret: str) -> None:
    found = provider_of(told(tmp_path, secret + "\n"))
    assert found is not None and (found.issuer, found.client_secret) == ("https://id.example", secret)


@pytest.mark.parametrize("secret", ["", "two\nlines", "x" * 1025, "a\x01b"], ids=["none", "two lines", "long", "control"])
def test_what_is_no_secret_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigError, match=r"client-secret-file .*: must hold the client's secret, in one line"):
        provider_of(told(tmp_path, secret))


def test_a_provider_may_have_none() -> None:
    found = provider_of(json.dumps(TABLE))
    assert found is not None and found.client_secret is None and provider_of(None) is None
    with pytest.raises(ConfigError, match=r"\[accounts.oidc\]"):
        provider_of(json.dumps({**TABLE, "issuer": 7}))


@pytest.mark.parametrize(("claim", "used"), [(None, "preferred_username"), ("email", "email")])
def test_the_claim_that_names_an_account(claim: str | None, used: str) -> None:
    found = provider_of(json.dumps({**TABLE, **({"username_claim": claim} if claim else {})}))
    assert found is not None and found.username_claim == used
