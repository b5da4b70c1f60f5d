"""What lets somebody in is as long as it may be, and one character more lets nobody in, however right it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.errors import NotSignedIn
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in import access_tokens
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn

GOOD = "correct horse"


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("shown", ["access", "api", "refresh"])
def test_it_is_looked_at_up_to_its_longest(
    accounts: Accounts, sign_in: SignIn, tokens: ApiTokens, recognition: Recognition, sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch, shown: str, over: int,
) -> None:  # fmt: skip
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    signed_in = sign_in.sign_in("root", GOOD, "192.0.2.1")
    text = {"access": signed_in.access, "api": tokens.create("root", "ci", Right)[1], "refresh": signed_in.refresh}[shown]
    longest = len(text) - over
    monkeypatch.setattr(access_tokens, "LONGEST", longest)
    monkeypatch.setattr("homeostat.accounts.signing_in.recognition.SECRET_MAX", longest)
    monkeypatch.setattr("homeostat.accounts.signing_in.sessions.SECRET_MAX", longest)
    use: Callable[[str], object] = sessions.refresh if shown == "refresh" else recognition.who
    if over:
        with pytest.raises(NotSignedIn):
            use(text)
    else:
        use(text)


def test_what_is_longer_is_not_looked_up_among_what_is_known(
    accounts: Accounts, sign_in: SignIn, recognition: Recognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    text = sign_in.sign_in("root", GOOD, "192.0.2.1").access
    found = recognition.who(text)
    monkeypatch.setattr("homeostat.accounts.signing_in.recognition.LONGEST", len(text))
    assert recognition.remembered(text) is found
    monkeypatch.setattr("homeostat.accounts.signing_in.recognition.LONGEST", len(text) - 1)
    assert recognition.remembered(text) is None
