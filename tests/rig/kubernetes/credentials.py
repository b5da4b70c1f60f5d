"""Who may call the API server, and as whom: its certificate, tokens, and kubeconfig files (readable only for us)."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import tempfile
from pathlib import Path

ADMIN = "admin"  # of the group system:masters: may do everything
ALICE = "alice"  # only the rights of any known user
GROUPS = {ADMIN: "system:masters", ALICE: "people"}


class Credentials:
    """Made once per control plane, so that everything stays valid when the API server restarts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate, self.key = directory / "apiserver.crt", directory / "apiserver.key"
        self.token_file = directory / "tokens.csv"
        self._url = ""
        self._tokens = {user: secrets.token_hex(16) for user in GROUPS}

    @property
    def admin_token(self) -> str:
        return self._tokens[ADMIN]

    def make(self, url: str) -> None:
        """Makes them for a server at that address.

        One certificate signs itself: it is the server's, and clients verify the server by it. Its key also signs the tokens of
        service accounts. It is one of an elliptic curve: by RSA a tenth of the server's work was to sign for new connections.
        """
        self._url = url
        self.directory.mkdir(mode=0o700)
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(self.key))
        subject = ("-subj", "/CN=kube-apiserver", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        _openssl("req", "-x509", "-key", str(self.key), "-days", "7", *subject, "-out", str(self.certificate))
        rows = (f'{token},{user},{user},"{GROUPS[user]}"\n' for user, token in self._tokens.items())
        _write(self.token_file, "".join(rows))

    def kubeconfig(self, user: str, token: str | None = None) -> Path:
        """Writes one for one of GROUPS, or for the owner of the token."""
        path = self.directory / f"{user.replace(':', '.')}.kubeconfig"
        authority = base64.b64encode(self.certificate.read_bytes()).decode()
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "rig", "cluster": {"server": self._url, "certificate-authority-data": authority}}],
            "users": [{"name": user, "user": {"token": token or self._tokens[user]}}],
            "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": user}}],
            "current-context": "rig",
        }
        _write(path, json.dumps(content, indent=2))
        return path


def _openssl(*arguments: str) -> None:
    made = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"openssl could not make a certificate: {made.stderr.strip()}")


def _write(path: Path, content: str) -> None:
    """Replaces the whole file: another process may read it now."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # readable only for us
    with open(descriptor, "w") as file:
        file.write(content)
    os.replace(draft, path)
