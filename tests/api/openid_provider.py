"""An OpenID Connect provider over HTTP: authlib's own server, which whoever asks is signed in to already. Tests say who that is,
and what it does wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "homeostat", "a secret: of the client"
Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Client:
    """The one client that the provider knows. It must ask with PKCE."""

    back: str = ""

    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.back

    def check_client_secret(self, secret: str) -> bool:
        from urllib.parse import unquote_plus

        return unquote_plus(secret) == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was given out."""

    code: str
    asked: Mapping[str, str]
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.asked["redirect_uri"]

    def get_scope(self) -> str:
        return self.asked["scope"]

    def get_nonce(self) -> str:
        return self.asked["nonce"]

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    get_amr = get_acr


class Request(OAuth2Request):
    def __init__(self, handler: BaseHTTPRequestHandler, base: str) -> None:
        super().__init__(handler.command, base + handler.path, headers=handler.headers)
        self._args = dict(parse_qsl(urlsplit(handler.path).query))
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self._form = dict(parse_qsl(body.decode()))
        self.payload = BasicOAuth2Payload(self._form or self._args)

    @property
    def args(self) -> Mapping[str, str]:
        return self._args

    @property
    def form(self) -> Mapping[str, str]:
        return self._form


@dataclass
class OpenIdProvider:
    """``person``: who is signed in there. What is wrong with it: ``claims`` changes what an ID token says, ``token`` makes it
    another one, ``answers`` holds what a path answers instead."""

    port: int = 0
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001"})
    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    token: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)  # that it tells of itself
    client: Client = field(default_factory=Client)
    codes: dict[str, Code] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths

    @cached_property
    def key(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.more,
        }

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def answer(self, handler: BaseHTTPRequestHandler) -> Answer:
        path = urlsplit(handler.path).path
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return as_json(self.metadata())
        if path == "/keys":
            return as_json(KeySet([self.key]).as_dict(private=False))
        server, request = Server(self), Request(handler, self.issuer)
        if path == "/token":
            return server.create_token_response(request)
        grant = server.get_authorization_grant(request)
        return server.create_authorization_response(request, grant_user=self.person, grant=grant)

    def forget(self) -> None:
        """Behaves again."""
        self.claims, self.token, self.answers, self.more = lambda claims: claims, None, {}, {}
        self.person, self.asked = {"sub": "248289761001"}, []


class Server(AuthorizationServer):
    def __init__(self, provider: OpenIdProvider) -> None:
        super().__init__()
        self._provider = provider
        self.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: "an-access-token"))
        grant = type("Grant", (CodeGrant,), {"provider": provider})
        self.register_grant(grant, [IdTokens(provider), CodeChallenge(required=True)])

    def query_client(self, client_id: str) -> Client | None:
        return self._provider.client if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        pass

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return status, dict(headers), (json.dumps(body) if isinstance(body, dict) else body or "").encode()

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    provider: OpenIdProvider

    def save_authorization_code(self, code: str, request: Request) -> None:
        self.provider.codes[code] = Code(code, request.payload.data, request.payload.data["code_challenge"])

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.provider.codes.get(code)

    def delete_authorization_code(self, code: Code) -> None:
        del self.provider.codes[code.code]

    def authenticate_user(self, code: Code) -> dict[str, Any]:
        return self.provider.person


class IdTokens(OpenIDCode):
    def __init__(self, provider: OpenIdProvider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: Request) -> bool:
        return any(code.get_nonce() == nonce for code in self._provider.codes.values())

    def encode_id_token(self, token: dict[str, Any], request: Request) -> str:
        """Says what authlib would say, changed as a test wants it."""
        provider, now = self._provider, int(time.time())
        said = {"iss": provider.issuer, "aud": [CLIENT], "iat": now, "exp": now + 300, **provider.person}
        said |= self.get_authorization_code_claims(request.authorization_code)
        said = provider.claims(said)
        return provider.token(said) if provider.token is not None else provider.signed(said)


def as_json(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """Runs one on a free port of loopback."""
    provider = OpenIdProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = provider.answer(self)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
