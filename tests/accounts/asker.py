"""Somebody who asks a server of accounts in this process."""

from __future__ import annotations

from typing import Any

from falcon.testing import Result, TestClient

PASSWORD, ANOTHER = "correct horse", "battery staple"


class Asker:
    """Asks as an account, after it has signed in."""

    def __init__(self, client: TestClient, name: str) -> None:
        self._client, self._name, self._headers = client, name, {}
        self._headers = self.signed_in()

    def signed_in(self) -> dict[str, str]:
        """Returns what another session of his is shown by."""
        return {"Authorization": f"Bearer {self.sign_in().json['access_token']}"}

    def sign_in(self, password: str = PASSWORD) -> Result:
        return self.ask("POST", "session", name=self._name, password=password)

    def ask(self, method: str, path: str, **body: Any) -> Result:
        json = {"json": body} if body else {}
        return self._client.simulate_request(method, f"/api/v1/{path}", headers=self._headers, host="127.0.0.1:8080", **json)

    def done(self, method: str, path: str, **body: Any) -> Any:
        answer = self.ask(method, path, **body)
        assert answer.status_code < 300, answer.text
        return answer.json if answer.text else None
