"""Why a certificate is not renewed is said once, however often the server looks, and in words that name the file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from homeostat_api.connections.tls import Certificate


def made(folder: Path, name: str) -> tuple[Path, Path]:
    """Returns a certificate that signs itself, and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", f"/CN={name}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def test_each_trouble_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = made(tmp_path, "server")
    other, other_key = made(tmp_path, "other")
    served = Certificate(certificate, key)

    def said() -> list[str]:
        caplog.clear()
        for _ in range(3):
            served.renew()
        return caplog.messages

    certificate.write_text("garbage")
    [why] = said()
    assert f"--tls-certificate {certificate}: it, or the key {key}, cannot be read: " in why
    assert said() == []
    shutil.copy(other, certificate)
    [why] = said()
    assert f"the key {key} does not belong to it" in why
    shutil.copy(other_key, key)
    assert said() == [f"the certificate {certificate} was renewed"]
    certificate.write_text("garbage")
    assert len(said()) == 1, "a later one is said, too"
