"""That a certificate ends, and that it has ended, is said once each; one that was renewed says nothing more."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeostat_api.connections.tls import Certificate


def made(folder: Path, days: int) -> tuple[Path, Path]:
    certificate, key = folder / "server.crt", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-subj", "/CN=a"]
    command += ["-days", str(days), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def test_once_before_and_once_after(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = made(tmp_path, days=30)
    served, now = Certificate(certificate, key), datetime.now(UTC)

    def said(days: float) -> list[str]:
        caplog.clear()
        for _ in range(3):
            served.warn(now + timedelta(days=days))
        return caplog.messages

    assert said(22.9) == []
    (soon,) = said(23.1)
    assert f"the certificate {certificate} ends on {now + timedelta(days=30):%Y-%m-%d}" in soon
    assert said(29) == []
    (ended,) = said(31)
    assert f"the certificate {certificate} ended on " in ended and "clients refuse it" in ended

    made(tmp_path, days=90)
    served.renew()
    assert said(31) == [] and len(said(85)) == 1
