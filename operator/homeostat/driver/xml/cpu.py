"""The CPU the guest sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import CpuConfig, DomainConfig, DomainType

from .elements import Element, element, text_of

PARENT = "domain"


def build(config: DomainConfig) -> Iterator[Element]:
    cpu = config.cpu
    if cpu is None:
        return
    if cpu.mode == "host-passthrough" and config.type is DomainType.QEMU:
        raise ValueError("host-passthrough needs KVM; with emulation (TCG) take maximum or a CPU model")
    made = element("cpu", mode=cpu.mode)
    if cpu.mode == "custom":
        made.set("match", "exact")
        made.append(element("model", cpu.model, fallback="forbid"))
    elif cpu.mode != "host-model":
        made.set("check", "none")
        made.set("migratable", "on")
    if cpu.topology is not None:
        sockets, cores, threads = map(str, cpu.topology)
        made.append(element("topology", sockets=sockets, dies="1", cores=cores, threads=threads))
    for feature in cpu.features:
        policy = "disable" if feature.startswith("-") else "require"
        made.append(element("feature", policy=policy, name=feature.lstrip("+-")))
    yield made


def parse(root: Element) -> dict[str, Any]:
    found = root.find("cpu")
    if found is None or not found.get("mode", found.get("match")):
        return {"cpu": None}  # at most a topology, which we do not own
    mode = found.get("mode", "custom")
    return {
        "cpu": CpuConfig(
            mode=mode,
            model=text_of(found, "model") if mode == "custom" else None,
            features=tuple(
                ("-" if feature.get("policy") in ("disable", "forbid") else "+") + feature.get("name", "")
                for feature in found.iterfind("feature")
                if feature.get("policy") != "optional"
            ),
            topology=_topology(found),
        )
    }


def _topology(cpu: Element) -> tuple[int, int, int] | None:
    found = cpu.find("topology")
    if found is None:
        return None
    sockets, cores, threads = (int(found.get(name, "1")) for name in ("sockets", "cores", "threads"))
    return sockets, cores, threads


def running_cpu(defined: CpuConfig | None, running: CpuConfig | None) -> CpuConfig | None:
    """Returns the running CPU in the definition's words, where it is what the definition asks for.

    While a guest runs, libvirt shows host-model as the model that it became, and every feature of that model.
    """
    if defined is None or running is None or defined.mode not in ("host-model", "custom") or running.mode != "custom":
        return running
    if defined.mode == "custom" and (defined.model != running.model or not set(defined.features) <= set(running.features)):
        return running
    return defined
