"""Of two machines that ask for what only one can have the second waits, names the first, and comes up once that lets go; plan
says all of it beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.show.plans.preview import preview
from homeostat.cli.show.plans.render_deployment import DeploymentEntry
from homeostat.cli.show.plans.render_plan import PlanEntry
from homeostat.models.condition import find_condition
from tests.libvirt.hosts import isolated_uri
from tests.libvirt.site import Site, Spec, key_of, living, plain

MAC = "52:54:00:aa:bb:cc"


def lan(mac: str = MAC) -> Spec:
    return plain(nics=[{"name": "lan", "network": "default", "mac": mac}])


def forward(port: int, address: str = "127.0.0.1") -> Spec:
    return plain(nics=[{"name": "lan", "user": {"forwards": [{"hostPort": port, "guestPort": 80, "hostAddress": address}]}}])


def vnc(port: int) -> Spec:
    return plain(display={"vnc": {"port": port}})


PAIRS = {
    "mac": (lan(), lan(), "MacTaken"),
    "wildcard": (forward(21301, "0.0.0.0"), forward(21301), "PortTaken"),
    "vnc": (vnc(5977), vnc(5977), "PortTaken"),
}


def ready(site: Site, name: str) -> Any:
    found = site.machines().get(name)
    return find_condition(found.status.conditions, "Ready") if found and found.status else None


@pytest.mark.parametrize("pair", PAIRS)
async def test_br05_br18_the_second_waits_for_the_first(tmp_path: Path, pair: str) -> None:
    first, second, reason = PAIRS[pair]
    async with living(tmp_path) as site:
        site.write("VirtualMachine", "alpha", first)
        site.write("VirtualMachine", "beta", second)
        planned = await preview(site.folder, tmp_path / "other", isolated_uri(tmp_path), {})
        said = {e.resource.key.name: e.plan.outcome for e in planned.entries if isinstance(e, PlanEntry)}
        assert said["alpha"].reason not in (reason, "NameInUse")
        assert said["beta"].reason == reason and "is taken by machine alpha" in said["beta"].message

        site.start()
        await site.until(lambda: (found := ready(site, "beta")) and found.reason == reason, "beta waits")
        await site.until(lambda: site.running() == ["alpha"], "alpha runs alone")
        assert ready(site, "beta").message == said["beta"].message

        await site.stop()
        site.start()  # a new operator: who runs keeps it
        await site.at_rest()
        assert site.running() == ["alpha"]
        site.remove("alpha")
        await site.until(lambda: site.running() == ["beta"], "beta has it once alpha has gone")
        await site.stop()


async def test_br05_a_new_operator_lets_the_one_that_runs_keep_it(tmp_path: Path) -> None:
    """Though the one that waits is looked at first, and the other has it from its plugin."""
    async with living(tmp_path) as site:
        (tmp_path / "kernel").write_bytes(b"\0" * 4096)
        site.write("Plugin", "shop", {"version": "1.0.0", "kernel": {"path": str(tmp_path / "kernel")}, "nics": lan()["nics"]})
        site.write("VirtualMachine", "zeta", plain(pluginRef={"name": "shop"}))
        site.start()
        await site.until(lambda: site.running() == ["zeta"], "zeta runs")
        site.write("VirtualMachine", "alpha", lan())
        await site.until(lambda: (found := ready(site, "alpha")) and found.reason == "MacTaken", "alpha waits")
        await site.stop()
        site.start()
        await site.at_rest()
        assert site.running() == ["zeta"]
        await site.stop()


async def test_br05_a_template_for_one_machine_is_refused_where_there_may_be_two(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 2, lan())
        planned = await preview(site.folder, tmp_path / "other", isolated_uri(tmp_path), {})
        (entry,) = (e for e in planned.entries if isinstance(e, DeploymentEntry))
        assert entry.plan.outcome.reason == "TemplateUsableOnce" and entry.plan.actions == ()

        site.start()
        await site.until(
            lambda: (found := site.condition("web", "Stalled")) and found.reason == "TemplateUsableOnce", "it says so"
        )
        assert site.machines() == {}
        site.deploy("web", 1, lan(), strategy={"type": "Recreate"})
        await site.settled("web", "web-1")
        site.deploy("web", 2, lan(), strategy={"type": "Recreate"})
        await site.until(lambda: site.condition("web", "Stalled"), "not two of them")
        await site.at_rest()
        assert site.running() == ["web-1"], "what runs goes on"
        assert site.store.index.row(key_of("web-2", "VirtualMachine")) is None
        await site.stop()


async def test_security_17_two_that_would_have_one_name(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        for namespace, name in (("a", "b--c"), ("a--b", "c")):
            text = f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{resources: {{memory: 64Mi}}}}\n"
            (site.folder / f"{name}.yaml").write_text(f"apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\n{text}")
        planned = await preview(site.folder, tmp_path / "other", isolated_uri(tmp_path), {})
        reasons = sorted(e.plan.outcome.reason for e in planned.entries if isinstance(e, PlanEntry))
        assert reasons.count("NameInUse") == 1
        site.start()
        await site.until(lambda: site.running() == ["a--b--c"], "one of them runs")
        await site.at_rest()
        stalled = [c for n in site.machines() for c in [ready(site, n)] if c.reason == "NameInUse"]
        assert len(stalled) == 1
        await site.stop()
