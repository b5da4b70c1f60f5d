"""One API server, which we send plain JSON to. Only this module imports the ``kubernetes`` package, and only when it is
needed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yaml import YAMLError

from homeostat.driver.survey.scratch import process_folder
from homeostat.models.base import Key
from homeostat.store.errors import AlreadyExists, Conflict, DocumentProblem, Invalid, NotFound

from .access import Access
from .dropped import not_defined, undeclared
from .errors import ClusterUnavailable, Forbidden, KindMissing, NamespaceMissing
from .paths import NAMESPACES, ApiPath

log = logging.getLogger(__name__)

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML, too
JSON = "application/json"

TIMEOUT = 10.0
"""Seconds for one request. An API server that needs longer counts as away."""
RENEWED = 5.0
"""Seconds between two readings of credentials that are refused: that may run a program."""
CHUNK = 500
"""Objects per page of a list, as many as kubectl asks for."""
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What another client (kopf's) needs to connect to the same server."""

    server: str
    ca_path: str | None
    insecure: bool
    token: str | None
    certificate_path: str | None
    key_path: str | None


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """How many objects of a kind there are, and the cluster's resourceVersion of that moment."""

    number: int
    version: str


class Cluster:
    """A client of one API server, for one event loop. Every method raises ClusterUnavailable where the server does not answer,
    and Forbidden where it refuses."""

    def __init__(self, api: Any, access: Access) -> None:
        self._api = api
        self._access = access
        self._certificate = _certificate_of(api.configuration)
        self._former: Any = None  # what sent requests with another certificate: some may be under way
        self._renewing = asyncio.Lock()
        self._renewed = float("-inf")

    @classmethod
    async def connect(cls, access: Access) -> Cluster:
        """Reads the configuration. It sends nothing to the server yet.

        Raises:
            ClusterUnavailable: there is no usable configuration.
        """
        from kubernetes.aio import client

        configuration = client.Configuration()
        await _configure(configuration, access)
        try:
            return cls(client.ApiClient(configuration), access)
        except OSError as error:  # SSLError, too
            raise _unusable(f"the certificates that {_source(access)} names cannot be used: {error}") from error

    async def close(self) -> None:
        await self._api.close()
        if self._former is not None:
            await self._former.close()

    @property
    def server(self) -> str:
        return str(self._api.configuration.host)

    async def credentials(self) -> Credentials:
        """Returns the credentials as they are now. The token of a pod is renewed every hour."""
        configuration = self._api.configuration
        if configuration.refresh_api_key_hook is not None:
            refreshed = configuration.refresh_api_key_hook(configuration)
            if asyncio.iscoroutine(refreshed):
                await refreshed
        header = str(configuration.api_key.get("BearerToken") or "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":  # the scheme of a kubeconfig; that of a pod is "bearer"
            token = header
        return Credentials(
            configuration.host,
            configuration.ssl_ca_cert,
            not configuration.verify_ssl,
            token or None,
            configuration.cert_file,
            configuration.key_file,
        )

    # Requests -----------------------------------------------------------------------------------------------------------

    async def get(self, path: ApiPath, key: Key) -> Object:
        """Returns one object.

        Raises:
            NotFound: it does not exist.
        """
        return await self._request("GET", path.of(key), key)

    async def list(self, path: ApiPath, namespace: str | None = None, **query: str) -> AsyncIterator[Object]:
        """Yields the objects, and reads them page by page.

        Raises:
            KindMissing: the server does not know the kind.
        """
        wanted = {"limit": str(CHUNK), **query}
        while True:
            page = await self._page(path, namespace, wanted)
            for item in page["items"] or ():
                yield item
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            wanted["continue"] = token

    async def count(self, path: ApiPath) -> ObjectCount:
        """Returns how many objects there are. It reads one:
        https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/list-meta/ (remainingItemCount)

        Raises:
            KindMissing: the server does not know the kind.
        """
        page = await self._page(path, None, {"limit": "1"})
        meta = page.get("metadata") or {}
        number = len(page["items"] or ()) + int(meta.get("remainingItemCount") or 0)
        return ObjectCount(number, str(meta.get("resourceVersion") or ""))

    async def _page(self, path: ApiPath, namespace: str | None, query: Mapping[str, str]) -> Object:
        """Returns a page of a list. What is none must not be taken for a list of nothing."""
        place = path.collection(namespace)
        page = await self._request("GET", place, None, query=query)
        if "items" not in page:
            raise ClusterUnavailable(f"GET {place}: what {_host(self.server)} answered is no list")
        return page

    async def create(self, path: ApiPath, key: Key, body: Object, manager: str, *, dry: bool = False) -> Object:
        """Creates an object, and returns it. ``dry``: nothing is stored.

        Raises:
            AlreadyExists, Invalid.
        """
        query = {"fieldManager": manager} | ({"dryRun": "All"} if dry else {})
        return await self._request("POST", path.collection(key.namespace), key, body=body, query=query)

    async def patch(
        self,
        path: ApiPath,
        key: Key,
        body: Object,
        manager: str,
        *,
        status: bool = False,
        type: str = MERGE_PATCH,
        dry: bool = False,
    ) -> Object:
        """Patches an object, and returns it. ``metadata.uid`` and ``metadata.resourceVersion`` in a patch are preconditions.
        ``dry``: nothing is stored.

        Raises:
            NotFound, Conflict, Invalid.
        """
        place = path.of(key) + ("/status" if status else "")
        query = (
            {"fieldManager": manager} | ({"force": "true"} if type == APPLY_PATCH else {}) | ({"dryRun": "All"} if dry else {})
        )
        return await self._request("PATCH", place, key, body=body, query=query, type=type)

    async def replace(self, path: ApiPath, key: Key, body: Object, manager: str) -> Object:
        """Replaces an object, and returns it.

        Raises:
            NotFound, Conflict.
        """
        return await self._request("PUT", path.of(key), key, body=body, query={"fieldManager": manager})

    async def delete(self, path: ApiPath, key: Key, uid: str | None = None, version: str | None = None) -> Object:
        """Deletes an object, and returns the server's answer.

        Raises:
            NotFound: it does not exist.
            Conflict: another object has its name now, or it was changed after that resourceVersion.
        """
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if conditions := {name: value for name, value in (("uid", uid), ("resourceVersion", version)) if value}:
            options["preconditions"] = conditions
        return await self._request("DELETE", path.of(key), key, body=options)

    async def discover(self, path: ApiPath) -> None:
        """Checks that the server's discovery lists the kind.

        Raises:
            KindMissing: it does not, or not yet.
        """
        found = await self._request("GET", path.root, None)
        if path.plural not in {resource.get("name") for resource in found.get("resources") or ()}:
            raise KindMissing(f"GET {path.root}: there are no {path.plural} yet")

    async def identity(self) -> str:
        """Returns what identifies this cluster, whatever its address: the uid of its namespace kube-system, like OpenTelemetry's
        k8s.cluster.uid: https://opentelemetry.io/docs/specs/semconv/registry/attributes/k8s/"""
        try:
            found = await self.get(NAMESPACES, Key("Namespace", "default", "kube-system"))
        except NotFound:
            raise ClusterUnavailable(f"the API server {_host(self.server)} has no namespace kube-system yet") from None
        return str(found["metadata"]["uid"])

    async def version(self) -> str:
        """Returns the server's version, such as v1.20.2."""
        return str((await self._request("GET", "/version", None)).get("gitVersion", ""))

    async def _request(
        self,
        method: str,
        place: str,
        key: Key | None,
        *,
        body: Object | None = None,
        query: Mapping[str, str] | None = None,
        type: str = JSON,
    ) -> Object:
        asking = partial(self._ask, method, place, body, list((query or {}).items()), {"Accept": JSON, "Content-Type": type})
        used = self._proof
        status, content = await asking()
        if status == 401 and await self._has_others(used):
            status, content = await asking()
        found, what = _object_in(content), f"{method} {urlsplit(place).path}"
        if status >= 400:
            raise _refusal(status, found or {"message": content[:200].decode(errors="replace")}, key, what)
        if found is None:  # but such as the page of a proxy on which somebody is to sign in
            raise ClusterUnavailable(f"{what}: what {_host(self.server)} answered is no JSON object")
        return found

    async def _ask(
        self, method: str, place: str, body: Object | None, query: Sequence[tuple[str, str]], headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Sends one request. Returns the status of the answer, and what it holds."""
        try:  # the token is read again now and then, and may be gone
            asked = await self._api.param_serialize(
                method, place, query_params=query, header_params=dict(headers), body=body, auth_settings=["BearerToken"]
            )
        except Exception as error:  # the package's own ConfigException, or whatever a credential plugin raises
            raise ClusterUnavailable(f"the credentials for {_host(self.server)} cannot be read: {error}") from error
        try:
            answer = await self._api.call_api(*asked, _request_timeout=TIMEOUT)
            return int(answer.status), await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ClusterUnavailable(
                f"the API server {_host(self.server)} does not answer: {error or error.__class__.__name__}"
            ) from error

    @property
    def _proof(self) -> tuple[str, bytes]:
        """Returns what we say who we are by: a token, or a certificate and its key."""
        return str(self._api.configuration.api_key.get("BearerToken") or ""), self._certificate

    async def _has_others(self, refused: tuple[str, bytes]) -> bool:
        """Tells whether there are other credentials than those that were refused: a token that a kubeconfig has from a file or
        from a program is good for an hour or less, and certificates end, too. They are read again once they are refused, as
        kubectl does."""
        async with self._renewing:
            if self._proof == refused and time.monotonic() - self._renewed >= RENEWED:
                self._renewed = time.monotonic()
                try:
                    await _configure(self._api.configuration, self._access)
                    await self._take_certificate()
                except (ClusterUnavailable, OSError) as error:  # a key that is not the certificate's, too: one was written first
                    log.warning("the credentials cannot be read again: %s", error)
            return self._proof != refused

    async def _take_certificate(self) -> None:
        """Sends what follows over new connections, where there is another certificate: a connection keeps the one it began with.

        Raises:
            OSError: it cannot be read, or its key is another one's.
        """
        found = _certificate_of(self._api.configuration)
        if found == self._certificate:
            return
        now = self._api.rest_client
        self._api.rest_client, before = type(now)(self._api.configuration), self._former
        self._former, self._certificate = now, found
        if before is not None:
            await before.close()


def _certificate_of(configuration: Any) -> bytes:
    """Returns our certificate and its key, as their files say now; empty: there is none.

    Raises:
        OSError: they cannot be read.
    """
    return b"".join(Path(file).read_bytes() for file in (configuration.cert_file, configuration.key_file) if file)


async def _configure(configuration: Any, access: Access) -> None:
    """Reads where the server is, and our credentials there.

    Raises:
        ClusterUnavailable: there is no usable configuration.
    """
    from kubernetes.aio import config

    try:
        if access.in_cluster:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            named = str(access.kubeconfig) if access.kubeconfig else None
            room = str(process_folder("credentials"))  # certificates and keys in the kubeconfig become files there
            await config.load_kube_config(  # type: ignore[no-untyped-call]
                named, access.context, configuration, persist_config=False, temp_file_path=room
            )
    except Exception as error:  # the library meets a file that is no kubeconfig with errors of any type
        known = isinstance(error, (config.ConfigException, OSError, ValueError, YAMLError))
        why = " ".join(str(error).split()) if known else f"{_source(access)} has other content than a kubeconfig"
        raise _unusable(why) from error
    if token := configuration.api_key.get("BearerToken"):
        configuration.api_key["BearerToken"] = token.strip()  # a file of it ends with a newline, as editors write them


def _unusable(why: str) -> ClusterUnavailable:
    return ClusterUnavailable(
        f"no usable kubeconfig: {why}. Name one with --kubeconfig or KUBECONFIG, or run in a pod with a service account"
    )


def _source(access: Access) -> str:
    """Returns where its configuration is from, for words."""
    return str(access.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")


def _host(server: str) -> str:
    return urlsplit(server).netloc or server


def _object_in(content: bytes) -> Object | None:
    """Returns the JSON object that an answer has; one of nothing has an empty one. None: it has another thing."""
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(code: int, status: Object, key: Key | None, what: str) -> Exception:
    """Turns an answer of kind Status into one of our errors:
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/"""
    reason, message = status.get("reason", ""), str(status.get("message") or f"HTTP {code}").strip()
    if code == 404:
        if key is not None and (status.get("details") or {}).get("kind") == "namespaces" and key.kind != "Namespace":
            return NamespaceMissing(key)
        missing = key is None or not (status.get("details") or {}).get("name")
        return KindMissing(f"{what}: {message}") if missing else NotFound(key)  # type: ignore[arg-type]
    if code == 409 and key is not None:
        return AlreadyExists(key) if reason == "AlreadyExists" else Conflict(key, "an older one", message)
    if code in (400, 422):
        return Invalid(_problems(status, message), str(key) if key else what)
    if code in (401, 403):
        return Forbidden(f"{what}: {message}")
    if key is not None and (fields := undeclared(message)):
        return not_defined(key.kind, fields)
    return ClusterUnavailable(f"{what}: the API server answered {code}: {message}")


def _problems(status: Object, message: str) -> list[DocumentProblem]:
    causes = (status.get("details") or {}).get("causes") or ()
    return [DocumentProblem(_field(c), str(c.get("message", ""))) for c in causes] or [DocumentProblem("", message)]


def _field(cause: Object) -> str:
    """Returns the field of a cause. None: it is about the whole object, for which Go writes a nil."""
    field = str(cause.get("field", ""))
    return "" if field == "<nil>" else field
