"""A client certificate of a kubeconfig is read again once it is refused: it ended, and another one is in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kubernetes.operating import SOON, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rig")])
USER = x509.Name(
    [
        x509.NameAttribute(NameOID.COMMON_NAME, "renewed"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
    ]
)
SHORT = 10.0  # seconds that the first one is good for


class Authority:
    """Issues certificates of a user who may do everything, each into the same files."""

    def __init__(self, directory: Path) -> None:
        self.own, self.certificate, self.key = (directory / name for name in ("ca.crt", "user.crt", "user.key"))
        self._secret = ec.generate_private_key(ec.SECP256R1())
        own = self._built(ISSUER, self._secret, 3600.0).add_extension(x509.BasicConstraints(True, None), critical=True)
        self._write(self.own, own)

    def issue(self, seconds: float) -> None:
        secret = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        self.key.write_bytes(
            secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
        )
        self._write(self.certificate, self._built(USER, secret, seconds))

    def _built(self, name: x509.Name, secret: ec.EllipticCurvePrivateKey, seconds: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        named = x509.CertificateBuilder().subject_name(name).issuer_name(ISSUER).serial_number(x509.random_serial_number())
        lasting = named.not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + timedelta(seconds=seconds))
        return lasting.public_key(secret.public_key())

    def _write(self, file: Path, certificate: x509.CertificateBuilder) -> None:
        file.write_bytes(certificate.sign(self._secret, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusting(authority: Authority) -> Iterator[ControlPlane]:
    with ControlPlane(apiserver_flags=[f"--client-ca-file={authority.own}"]) as plane:
        install_crds(plane)
        yield plane


def test_an_operator_goes_on(trusting: ControlPlane, authority: Authority, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    named = json.loads(trusting.kubeconfig.read_text())
    named["users"][0]["user"] = {"client-certificate": str(authority.certificate), "client-key": str(authority.key)}
    kubeconfig.write_text(json.dumps(named))
    asking = trusting.kubectl_with(kubeconfig)
    authority.issue(SHORT)
    with operating(trusting, tmp_path / "state", kubeconfig=kubeconfig) as operator:
        operator.wait_said("following https")
        wait_until(lambda: asking.run("get", "hosts").returncode, SOON, "that certificate is refused")
        authority.issue(3600.0)
        trusting.kubectl.create(machine())
        wait_ready(trusting.kubectl, "web", timeout=60.0)
