"""A VNC password file that is rewritten is noticed, and its content appears in no status, event or index."""

from __future__ import annotations

from pathlib import Path

import libvirt
import pytest

from homeostat.planner.domain import Record
from homeostat.runtime.machine import reconcile
from tests.libvirt.site import living


def write(path: Path, password: str) -> None:
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(f"{password}\n")
    aside.replace(path)


async def test_a_rewritten_password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "SECRET_POLL_SECONDS", 0.05)
    async with living(tmp_path) as site:
        file = tmp_path / "vnc-password"
        write(file, "alpha-pw")
        vnc = {"passwordFile": str(file)}
        site.write("VirtualMachine", "seen", {"display": {"vnc": vnc}, "resources": {"memory": "64Mi"}})
        site.start()
        await site.until(lambda: site.running() == ["seen"], "it runs")

        def defined() -> str:
            domain = site.host._connection.handle.lookupByName("seen")
            return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE))

        def record() -> Record:
            domain = site.host.domain_named("seen")
            assert domain is not None and domain.record is not None
            return domain.record

        assert "alpha-pw" in defined()
        write(file, "omega-pw")
        await site.until(lambda: "omega-pw" in defined(), "the new one is defined")
        await site.until(lambda: "Redefined" in site.events("seen", "VirtualMachine"), "it is told")
        asked = record().spec_hash
        file.unlink()
        await site.until(lambda: record().spec_hash != asked, "it is noticed")
        assert "omega-pw" in defined(), "a file that went takes no password away"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"Redefined" in kept and b"alpha-pw" not in kept and b"omega-pw" not in kept
