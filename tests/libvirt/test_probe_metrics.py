"""Health checks are counted for Prometheus: what was tried, and how many machines are healthy."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.exposition import generate_latest

from tests.libvirt.site import Site, living, unready


def series(site: Site) -> dict[str, float]:
    """As they are scraped."""
    lines = generate_latest(site.operator.metrics.registry).decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


async def test_tries_and_machines_are_counted(tmp_path: Path) -> None:
    """Nobody answers a guest agent's call on the test driver."""
    async with living(tmp_path) as site:
        site.deploy("web", 2, unready())
        site.start()
        failed = 'homeostat_probes_total{probe="readiness",result="failure"}'
        unhealthy = 'homeostat_machines{condition="Healthy",status="False"}'
        await site.until(lambda: (s := series(site)).get(failed) == 2 and s.get(unhealthy) == 2, "both failed once")
        assert 'homeostat_probes_total{probe="readiness",result="success"}' not in series(site)
