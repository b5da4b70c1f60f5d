"""Gathers what a plan for one machine rests on. It only reads, and uses the inventory wherever it can."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime

from homeostat.models.listening import Listener
from homeostat.models.machine import UpdatePolicy, VirtualMachine
from homeostat.planner.domain import DomainConfig
from homeostat.planner.machine.host.claims import ports_wanted
from homeostat.planner.machine.identity import domain_name, domain_uuid
from homeostat.planner.machine.storage.disk_source import foreign_sources, named_files, unnamed_disks
from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.observed import Observed, ObservedDomain, ObservedPort, ObservedStorage, RememberedActs, Secret

from ..hypervisor import Domains, HostDriver
from .images import ImageUse


async def observe(
    machine: VirtualMachine, host: HostDriver, memory: RememberedActs, others: Mapping[str, str], images: ImageUse
) -> Observed:
    """Observes a machine. ``others``: who has what the machine asks for. Records in ``images`` the images that it names."""
    facts = host.facts
    if not facts.reachable:
        return Observed(facts, None, memory=memory)
    uuid, name = domain_uuid(machine.identity), domain_name(machine)
    domain, namesake = own_domain(machine, host), host.domain_named(name)
    if domain is None:
        namesake = host.domain(uuid) or namesake
    if domain is not None:
        domain = by_real_paths(domain, facts.storage_root)
    needs = storage_needs(machine, facts.storage_root)
    images.note(machine.key, needs.images)
    storage = (
        await host.storage(needs.images, needs.disks, (*needs.seeds, *needs.boots), needs.directory)
        if facts.storage_root
        else ObservedStorage()
    )
    if storage.disks or storage.moved or domain is not None:
        storage = await _with_others_files(machine, host, domain, storage)
    return Observed(
        host=facts,
        domain=domain,
        clash=namesake if namesake is not None and (namesake.uuid != uuid or domain is None) else None,
        storage=storage,
        memory=memory,
        secrets=_secrets(machine, host),
        others=others,
        strangers=_strangers(host, needs.directory) if machine.deleting and domain is None else {},
        ports=await _blocked_ports(ports_wanted(machine, domain, others), host),
        lost_folders=await _lost_folders(machine, host),
        wall=datetime.now(UTC) if machine.spec.update_policy is UpdatePolicy.WINDOW else None,
    )


def _strangers(host: Domains, directory: str) -> Mapping[str, str]:
    """Returns the files of a machine's folder that a domain has, and the domain's name. The machine itself has no domain: whose
    folder it was, such as an object that was forced away, may have left one."""
    found: dict[str, str] = {}
    for domain in host.domains() if directory else ():
        domain = by_real_paths(domain, host.facts.storage_root)
        for config in domain.configs:
            found |= {path: domain.name for path in _files_of(config) if path.startswith(f"{directory}/")}
    return found


def _files_of(config: DomainConfig) -> Iterator[str]:
    for disk in config.disks:
        yield from filter(None, (disk.source, *(file.path for file in disk.chain or ())))
    yield from filter(None, (config.console_log,))


async def _blocked_ports(wanted: Mapping[str, Listener], host: HostDriver) -> Mapping[str, ObservedPort]:
    found = await host.blocked_ports(tuple(wanted.values())) if wanted else {}
    return {key: found[listener] for key, listener in wanted.items() if listener in found}


async def _lost_folders(machine: VirtualMachine, host: HostDriver) -> Set[str]:
    """Returns the folders that it may share and that have gone. Whether others are there nobody learns."""
    shared = {folder.path for folder in machine.spec.filesystems} & set(host.facts.allowed.folders)
    return await host.lost_folders(shared) if shared else frozenset()


async def _with_others_files(
    machine: VirtualMachine, host: HostDriver, domain: ObservedDomain | None, storage: ObservedStorage
) -> ObservedStorage:
    """Adds the files that others put disks on. Reads nothing where the disks are where we placed them."""
    root = host.facts.storage_root
    sources = foreign_sources(machine, domain, root, storage.moved)
    unnamed = [path for path in unnamed_disks(machine, domain, root) if path in storage.disks]
    if not root or not (sources or unnamed):
        return storage
    chains = await host.chains(sources, storage_needs(machine, root).disks, named_files(domain)) if sources else {}
    return replace(storage, chains=chains, overlays=await host.overlays(unnamed) if unnamed else {})


def by_real_paths(domain: ObservedDomain, root: str) -> ObservedDomain:
    """Returns the domain with real paths. A domain that was defined while the state folder was reached by a link has the link in
    its paths. They are the same files, and no reason to define it again. Costs system calls only for such paths."""

    def real(path: str | None) -> str | None:
        if path is None or not root or path.startswith(f"{root}/"):
            return path
        folder, name = os.path.split(path)
        found = os.path.join(os.path.realpath(folder), name)
        return found if found.startswith(f"{root}/") else path

    def settled(config: DomainConfig | None) -> DomainConfig | None:
        if config is None:
            return None
        disks = tuple(
            disk if (source := real(disk.source)) == disk.source else replace(disk, source=source) for disk in config.disks
        )
        kernel = config.kernel
        if kernel is not None:
            kernel = replace(kernel, kernel=real(kernel.kernel) or "", initramfs=real(kernel.initramfs)).with_images(root)
        log = real(config.console_log)
        same = (disks, kernel, log) == (config.disks, config.kernel, config.console_log)
        return config if same else replace(config, disks=disks, kernel=kernel, console_log=log)

    before = (domain.config, domain.live, domain.saved)
    config, live, saved = (settled(one) for one in before)
    same = all(one is other for one, other in zip(before, (config, live, saved), strict=True))
    return domain if same else replace(domain, config=config, live=live, saved=saved)


def own_domain(machine: VirtualMachine, host: Domains) -> ObservedDomain | None:
    """Returns the machine's domain from the inventory. None: there is none, or it belongs to another machine."""
    domain = host.domain(domain_uuid(machine.identity))
    return domain if domain is None or is_of(machine, domain) else None


def is_of(machine: VirtualMachine, domain: ObservedDomain) -> bool:
    """Tells whether the domain of a machine's identity may be its own. An annotation can give identity, so somebody may give a
    machine the identity of another one. A record that names another machine shows that."""
    record = domain.record
    return record is None or (record.namespace, record.name) == (machine.metadata.namespace, machine.metadata.name)


def _secrets(machine: VirtualMachine, host: HostDriver) -> Mapping[str, Secret]:
    path = machine.spec.display.vnc.password_file
    secret = host.secret(path) if path is not None else None
    return {} if path is None or secret is None else {path: secret}
